/**
 * Makes the GitHub App by one click: the manifest for GitHub's form, and the exchange of the code that
 * comes back for the App's secrets, which are kept in the data folder and in force at once.
 */
import { createHmac } from 'node:crypto';
import { appManifest, exchangeManifestCode, manifestFormUrl } from '#connectors/github';
import { isEqualSecret } from '#connectors/contract';
import { AppError, type Clock, type Config, type Db } from '#kernel';
import type { Actor, Ledger } from '#ledger';
import type { GitHubAppService } from '#surfaces';
import type { ConnectorSet } from './open.ts';
import type { OwnSecrets } from './own-secrets.ts';
import { APP_FILE, keepApp } from './github.ts';

const STATE_SECRET = 'github-manifest-state';
/** GitHub keeps the code for an hour. */
const STATE_MS = 3_600_000;

export function createGitHubAppService(deps: {
  config: Config;
  clock: Clock;
  db: Db;
  ledger: Ledger;
  publicUrl: string;
  secrets: OwnSecrets;
  connectors: Pick<ConnectorSet, 'reopen'>;
}): GitHubAppService {
  const { config, clock, db, ledger, publicUrl, secrets, connectors } = deps;
  const { apiUrl } = config.github;

  /** Proves that whoever brings a code began here: another App could be slipped in otherwise. */
  function stateFor(personId: string, until: number): string {
    const mac = createHmac('sha256', secrets.ensure(STATE_SECRET));
    return `${until}.${mac.update(`${until}.${personId}`).digest('hex')}`;
  }

  function refuseTwice(): void {
    if (config.github.appId === undefined && secrets.read(APP_FILE) === undefined) return;
    throw new AppError('conflict', 'github.app_exists', {
      message: 'There is a GitHub App already.',
      hint: 'Remove github.appId from the settings, or secrets/github-app.json from the data folder, and restart.',
    });
  }

  return {
    begin({ name, organisation }, actor) {
      refuseTwice();
      const state = stateFor(actor.id, clock.now().getTime() + STATE_MS);
      const redirectUrl = `${publicUrl.replace(/\/$/, '')}/connections/github`;
      return {
        formUrl: `${manifestFormUrl(apiUrl, organisation)}?state=${encodeURIComponent(state)}`,
        manifest: JSON.stringify(appManifest({ name, publicUrl, redirectUrl })),
        state,
      };
    },

    async finish({ code, state }, actor) {
      refuseTwice();
      const until = Number(state.split('.')[0]);
      const isOurs = isEqualSecret(stateFor(actor.id, until), state);
      if (!isOurs || !(until > clock.now().getTime())) {
        throw new AppError('forbidden', 'github.foreign_state', {
          message: 'This did not begin here, not with you, or more than an hour ago.',
          hint: 'Begin again on the Connections page.',
        });
      }
      const app = await exchangeManifestCode(code, { apiUrl, clock });
      keepApp({ secrets }, app);
      connectors.reopen('github');
      await db.transaction((tx) => ledger.append(tx, appMade(app, actor)));
      return { slug: app.slug, url: app.html_url, installUrl: `${app.html_url}/installations/new` };
    },
  };
}

function appMade({ id, slug }: { id: number; slug: string }, actor: Actor) {
  return {
    type: 'connection.set-up',
    subject: 'github',
    actor,
    refs: {},
    data: { appId: id, slug },
  };
}
