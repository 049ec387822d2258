/**
 * GitHub as a code host: the verdict as a check run, one comment with the run card, reviewers, and
 * merges bound to the head that was judged. Every verb looks first for what an earlier call left, so
 * that calling it again changes nothing more.
 */
import { type Clock, type Logger, systemClock } from '#kernel';
import {
  type CodeHost,
  mergeMessage,
  type MergeRequest,
  type MergeResult,
} from '#connectors/contract';
import { mergeWhenReady } from './auto-merge.ts';
import { writeCheckRun } from './check-run.ts';
import {
  createGitHubClient,
  type GitHubClient,
  type GitHubClientOptions,
  type RepositoryClient,
} from './client.ts';
import { answerMarker, CARD_MARKER, writeComment } from './comments.ts';
import { statusOf } from './failures.ts';
import { chooseMethod, judgeBefore, judgeRefusal } from './merge.ts';
import { GITHUB } from './naming.ts';
import { auditProtection } from './protection.ts';
import { requestReviews } from './reviewers.ts';
import { numberOf } from './words.ts';

export interface GitHubHostOptions {
  appId: string;
  /** PEM of the App's private key. */
  privateKey: string;
  /** Another address for GitHub Enterprise Server: `https://HOST/api/v3`. */
  apiUrl?: string;
  log: Logger;
  clock?: Clock;
  /** How long one request may take. */
  timeoutMs?: number;
  /** Shared with the other parts of the connector, so that there is one budget. */
  client?: GitHubClient;
  /** Leave the merge to GitHub once its own conditions hold, where the repository allows that. */
  mergeWhenReady?: boolean;
}

const REFUSALS: ReadonlySet<number | undefined> = new Set([400, 405, 409, 422]);

/** @throws AppError `github.bad_private_key` */
export function createGitHubHost(options: GitHubHostOptions): CodeHost {
  const { appId, log } = options;
  const client = options.client ?? createGitHubClient(toClientOptions(options));

  return {
    name: GITHUB,

    async fetchSource(repository) {
      const url = await client.call(repository, async ({ octokit, owner, repo }) => {
        const { data } = await octokit.rest.repos.get({ owner, repo });
        return data.clone_url;
      });
      const credentials = `x-access-token:${await client.token(repository)}`;
      const encoded = Buffer.from(credentials).toString('base64');
      return { url, headers: { Authorization: `Basic ${encoded}` } };
    },

    async publishVerdict(report) {
      return await client.call(report.change.repository, async (repository) => {
        const { data } = await writeCheckRun(repository, report, appId);
        return { externalId: String(data.id), url: data.html_url ?? undefined };
      });
    },

    async upsertComment(change, markdown) {
      const number = numberOf(change);
      const login = await client.botLogin();
      return await client.call(change.repository, (repository) =>
        writeComment(repository, { number, marker: CARD_MARKER, markdown, botLogin: login }),
      );
    },

    async answer({ repository: name, number }, markdown, idempotencyKey) {
      const login = await client.botLogin();
      const marker = answerMarker(idempotencyKey);
      return await client.call(name, (repository) =>
        writeComment(repository, { number, marker, markdown, botLogin: login }),
      );
    },

    async openChange({ repository: name, branch, baseBranch: base, title, text: body }) {
      return await client.call(name, async ({ octokit, owner, repo }) => {
        const head = `${owner}:${branch}`;
        const open = await octokit.rest.pulls.list({ owner, repo, head, base, state: 'open' });
        const own = open.data.find((pull) => pull.head.ref === branch);
        const pull =
          own ?? (await octokit.rest.pulls.create({ owner, repo, head, base, title, body })).data;
        return { externalId: String(pull.number), url: pull.html_url };
      });
    },

    async requestReviewers(change, logins) {
      const number = numberOf(change);
      if (logins.length === 0) return;
      await client.call(change.repository, async (repository) => {
        await requestReviews(repository, number, logins, log);
      });
    },

    async merge(request) {
      return await client.call(request.change.repository, async (repository) =>
        mergePull(repository, request),
      );
    },

    ...(options.mergeWhenReady === true
      ? {
          mergeWhenReady: async (request: MergeRequest) =>
            await client.call(request.change.repository, async (repository) =>
              mergeWhenReady(repository, request),
            ),
        }
      : {}),

    async auditProtection(name) {
      return await client.call(name, async (repository) =>
        auditProtection(repository, Number(appId)),
      );
    },
  };
}

async function mergePull(
  { octokit, owner, repo }: RepositoryClient,
  request: MergeRequest,
): Promise<MergeResult> {
  const { change, expectedHeadSha } = request;
  const pull_number = numberOf(change);
  const { data: pull } = await octokit.rest.pulls.get({ owner, repo, pull_number });
  const known = judgeBefore(pull, expectedHeadSha);
  if (known !== undefined) return known;

  const { expectedBaseSha } = request;
  if (expectedBaseSha !== undefined) {
    // GitHub compares the head by itself and the base not at all: what is pushed past us within this
    // one call is seen by nobody. Protect the branch so that only LoomStack may.
    const { data: base } = await octokit.rest.git.getRef({
      owner,
      repo,
      ref: `heads/${pull.base.ref}`,
    });
    if (base.object.sha !== expectedBaseSha) {
      return { outcome: 'base-moved', baseSha: base.object.sha };
    }
  }

  const [subject = '', ...rest] = mergeMessage(request).split('\n');
  try {
    const { data } = await octokit.rest.pulls.merge({
      owner,
      repo,
      pull_number,
      sha: expectedHeadSha,
      merge_method: chooseMethod(pull.base.repo),
      commit_title: subject,
      commit_message: rest.join('\n').trim(),
    });
    return { outcome: 'merged', mergeSha: data.sha };
  } catch (error) {
    if (!REFUSALS.has(statusOf(error))) throw error;
    const { data: now } = await octokit.rest.pulls.get({ owner, repo, pull_number });
    return judgeRefusal(now, expectedHeadSha, error instanceof Error ? error.message : '');
  }
}

/** What a client is made of, with GitHub's own address where no other is set. */
export function toClientOptions(
  options: Pick<GitHubHostOptions, 'appId' | 'privateKey' | 'apiUrl' | 'timeoutMs' | 'clock'>,
): GitHubClientOptions {
  return {
    appId: options.appId,
    privateKey: options.privateKey,
    apiUrl: options.apiUrl ?? 'https://api.github.com',
    timeoutMs: options.timeoutMs ?? 30_000,
    clock: options.clock ?? systemClock,
  };
}
