/**
 * Calls GitHub as the App's installation on a repository. Tokens live for an hour; octokit keeps and
 * renews them, and one that GitHub no longer takes is renewed here at once.
 */
import { createPrivateKey } from 'node:crypto';
import { App, Octokit } from 'octokit';
import { AppError, type Clock } from '#kernel';
import { statusOf, toGitHubFailure } from './failures.ts';

/** A client with the rights of one installation, and the repository it is meant for. */
export interface RepositoryClient {
  octokit: Octokit;
  owner: string;
  repo: string;
}

export interface GitHubClient {
  /**
   * Runs `work` against one repository; it may run twice when the token had to be renewed.
   * @throws AppError in our words, `unavailable` when trying again later may help.
   */
  call<Result>(
    repository: string,
    work: (client: RepositoryClient) => Promise<Result>,
  ): Promise<Result>;
  /** A token for git itself. */
  token(repository: string): Promise<string>;
  /** Login under which the App writes. */
  botLogin(): Promise<string>;
}

export interface GitHubClientOptions {
  appId: string;
  /** PEM; line breaks may be written as \n, as environment variables have them. */
  privateKey: string;
  apiUrl: string;
  timeoutMs: number;
  clock: Clock;
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
/** `owner/name`, in which a dot-only name would change the path of the request. */
const REPOSITORY = /^(?<owner>[A-Za-z0-9-]{1,100})\/(?<repo>(?!\.{1,2}$)[A-Za-z0-9._-]{1,100})$/;

/** @throws AppError `github.bad_private_key` */
export function createGitHubClient(options: GitHubClientOptions): GitHubClient {
  const { appId, apiUrl, timeoutMs, clock } = options;
  const app = new App({
    appId,
    privateKey: readPrivateKey(options.privateKey),
    log: SILENT,
    Octokit: Octokit.defaults({
      baseUrl: apiUrl.replace(/\/$/, ''),
      userAgent: 'loomstack',
      log: SILENT,
      // The outbox retries and waits; a call that waits by itself would hold its lease for nothing.
      throttle: { enabled: false },
      retry: { enabled: false },
      request: {
        fetch: async (url: string, init: RequestInit) =>
          await fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) }),
      },
    }),
  });
  const installations = new Map<string, number>();
  let login: string | undefined;

  async function call<Result>(
    repository: string,
    work: (client: RepositoryClient) => Promise<Result>,
  ): Promise<Result> {
    const { owner = '', repo = '' } = REPOSITORY.exec(repository)?.groups ?? {};
    if (owner === '') throw badName();
    try {
      const octokit = await clientFor(repository, owner, repo);
      try {
        return await work({ octokit, owner, repo });
      } catch (error) {
        if (statusOf(error) !== 401) throw error;
        await octokit.auth({ type: 'installation', refresh: true });
        return await work({ octokit, owner, repo });
      }
    } catch (error) {
      // The App may have been removed and installed again under another number.
      const status = statusOf(error);
      if (status === 404 || status === 401) installations.delete(repository);
      throw toGitHubFailure(error, clock.now());
    }
  }

  async function clientFor(repository: string, owner: string, repo: string): Promise<Octokit> {
    let installation = installations.get(repository);
    if (installation === undefined) {
      const { data } = await app.octokit.rest.apps.getRepoInstallation({ owner, repo });
      installation = data.id;
      installations.set(repository, installation);
    }
    return await app.getInstallationOctokit(installation);
  }

  return {
    call,

    async token(repository) {
      return await call(repository, async ({ octokit }) => {
        const { token } = (await octokit.auth({ type: 'installation' })) as { token: string };
        return token;
      });
    },

    async botLogin() {
      try {
        login ??= `${(await app.octokit.rest.apps.getAuthenticated()).data?.slug ?? ''}[bot]`;
        return login;
      } catch (error) {
        throw toGitHubFailure(error, clock.now());
      }
    },
  };
}

/** Checked when the server starts, and in the one form that all parts of octokit read. */
function readPrivateKey(text: string): string {
  try {
    const key = createPrivateKey(text.replaceAll('\\n', '\n').trim());
    return key.export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch {
    // The cause is left out: it may quote the key.
    throw new AppError('invalid', 'github.bad_private_key', {
      message: 'The private key of the GitHub App cannot be read.',
      hint: 'Give the PEM file as GitHub made it, in github.privateKeyFile or github.privateKey.',
    });
  }
}

function badName(): AppError {
  return new AppError('invalid', 'github.bad_repository_name', {
    message: 'The repository name is not of the form owner/name.',
  });
}
