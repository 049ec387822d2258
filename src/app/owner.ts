/** The first person of a new installation, their login link, and the token of this machine's command line. */
import type { Config, Logger } from '#kernel';
import type { Services } from '#surfaces';
import type { Principal } from '#governance';
import { leaveCredentials, readLeftToken } from './secrets.ts';

export interface OwnerAccess {
  /** Logs the owner in once. */
  loginUrl: string;
  token: string;
  isNew: boolean;
}

export async function prepareOwner(
  services: Services,
  config: Config,
  url: string,
  log: Logger,
): Promise<OwnerAccess> {
  const { governance } = services;
  const { person, isNew } = await governance.ensureOwner();
  const owner: Principal = { ...person, kind: 'person', scopes: 'all' };

  let token = readLeftToken(config.data);
  if (token === undefined || !(await isGood(services, token))) {
    const made = await governance.createToken(
      { personId: person.id, name: 'command line of this machine' },
      owner,
    );
    token = made.secret;
    log.info({ tokenId: made.token.id }, 'a token for the command line of this machine was made');
  }
  const { failClosed, timeoutMs } = config.hooks;
  leaveCredentials(config.data, { url, token, hooks: { failClosed, timeoutMs } });

  const code = await governance.createLoginCode(person.id);
  return {
    loginUrl: `${config.publicUrl ?? url}/login?code=${encodeURIComponent(code)}`,
    token,
    isNew,
  };
}

async function isGood(services: Services, token: string): Promise<boolean> {
  try {
    await services.governance.authenticate(token);
    return true;
  } catch {
    return false;
  }
}
