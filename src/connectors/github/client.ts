/**
 * Calls GitHub as the App's installation on a repository. Tokens live for an hour; octokit keeps and
 * renews them, and one that GitHub no longer takes is renewed here at once.
 */
import { createPrivateKey } from 'node:crypto';
import { App, Octokit } from 'octokit';
import {
  createGuardedFetch,
  createRateBudget,
  type RateBudget,
  type RateSnapshot,
} from '#connectors/contract';
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
  /** Calls as the App itself, which sees its installations and its deliveries. */
  callApp<Result>(work: (octokit: Octokit) => Promise<Result>): Promise<Result>;
  /** A token for git itself. */
  token(repository: string): Promise<string>;
  /** Login under which the App writes. */
  botLogin(): Promise<string>;
  /** What is left of GitHub's patience with us. */
  rate(): RateSnapshot;
}

export interface GitHubClientOptions {
  appId: string;
  /** PEM; line breaks may be written as \n, as environment variables have them. */
  privateKey: string;
  apiUrl: string;
  timeoutMs: number;
  clock: Clock;
}

/** GitHub gives an installation between 5,000 and 12,500 an hour. */
const CALLS_PER_HOUR = 12_500;
const MAX_BYTES = 30_000_000;
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
/** `owner/name`, in which a dot-only name would change the path of the request. */
const REPOSITORY = /^(?<owner>[A-Za-z0-9-]{1,100})\/(?<repo>(?!\.{1,2}$)[A-Za-z0-9._-]{1,100})$/;

/** @throws AppError `github.bad_private_key` */
export function createGitHubClient(options: GitHubClientOptions): GitHubClient {
  const { appId, apiUrl, timeoutMs, clock } = options;
  const baseUrl = apiUrl.replace(/\/$/, '');
  const budgets = createBudgets(clock);
  const guarded = createGuardedFetch({ trustedUrls: [baseUrl], timeoutMs, maxBytes: MAX_BYTES });
  const app = new App({
    appId,
    privateKey: readPrivateKey(options.privateKey),
    log: SILENT,
    Octokit: Octokit.defaults({
      baseUrl,
      userAgent: 'loomstack',
      log: SILENT,
      // The outbox retries and waits; a call that waits by itself would hold its lease for nothing.
      throttle: { enabled: false },
      retry: { enabled: false },
      request: {
        fetch: async (url: string, init: OctokitRequest) => {
          const budget = budgets.of(url);
          refuseWhileClosed(budget);
          budget.noteCall();
          const response = await guarded(url, {
            ...(init.method === undefined ? {} : { method: init.method }),
            ...(init.headers === undefined ? {} : { headers: init.headers }),
            ...(init.body === undefined || init.body === null ? {} : { body: init.body }),
          });
          budget.noteAnswer(response.status, response.headers);
          refuseWebPage(response);
          return response;
        },
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

    async callApp(work) {
      try {
        return await work(app.octokit);
      } catch (error) {
        throw toGitHubFailure(error, clock.now());
      }
    },

    rate: budgets.snapshot,

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

/** The part of `RequestInit` that octokit fills in. */
interface OctokitRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array | null;
}

/** GitHub counts by installation, so one account that is at its limit keeps no other from being served. */
function createBudgets(clock: Clock) {
  const budgets = new Map<string, RateBudget>();
  const open = () => createRateBudget({ callsPerHour: CALLS_PER_HOUR, clock });
  return {
    of(url: string): RateBudget {
      const owner = /\/repos\/([^/?]+)\//.exec(url)?.[1]?.toLowerCase() ?? '';
      const budget = budgets.get(owner) ?? open();
      budgets.set(owner, budget);
      return budget;
    },
    /** The one that is nearest to its end, with the calls of all. */
    snapshot(): RateSnapshot {
      const all = [...budgets.values()].map((budget) => budget.snapshot());
      const tightest = all
        .filter(({ remaining }) => remaining !== undefined)
        .reduce<RateSnapshot | undefined>(
          (least, one) => (least === undefined || one.remaining! < least.remaining! ? one : least),
          undefined,
        );
      const closed = all.flatMap(({ closedUntil }) => closedUntil?.getTime() ?? []);
      return {
        ...(tightest ?? open().snapshot()),
        callsLastHour: all.reduce((sum, { callsLastHour }) => sum + callsLastHour, 0),
        closedUntil: closed.length === 0 ? undefined : new Date(Math.max(...closed)),
      };
    },
  };
}

/** GitHub counts calls made while it asked us to wait against us. */
function refuseWhileClosed(budget: RateBudget): void {
  const waitMs = budget.waitMs();
  if (waitMs === 0) return;
  const seconds = Math.ceil(waitMs / 1_000);
  throw new AppError('unavailable', 'github.rate_limited', {
    message: 'GitHub asks us to slow down.',
    hint: `Try again in ${seconds} seconds; other calls wait too.`,
    details: { retryAfterSeconds: seconds },
  });
}

/** A proxy's login page with status 200 would otherwise pass for an answer without any of its fields. */
function refuseWebPage({ ok, headers }: Response): void {
  if (!ok || !/^text\/html/i.test(headers.get('content-type') ?? '')) return;
  throw new AppError('unavailable', 'github.unreadable_answer', {
    message: 'A web page came where GitHub should have answered.',
    hint: 'A proxy or a maintenance page may stand in between; check github.apiUrl.',
  });
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
