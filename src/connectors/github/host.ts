/**
 * GitHub as a code host: the verdict as a check run, one comment with the run card, reviewers, and
 * merges bound to the head that was judged. Every verb looks first for what an earlier call left, so
 * that calling it again changes nothing more.
 */
import { AppError, type Clock, type Logger, systemClock } from '#kernel';
import {
  type CodeHost,
  type HostChange,
  mergeMessage,
  type MergeRequest,
  type MergeResult,
  type VerdictReport,
} from '#connectors/contract';
import { createGitHubClient, type RepositoryClient } from './client.ts';
import { statusOf } from './failures.ts';
import { chooseMethod, judgeBefore, judgeRefusal } from './merge.ts';
import { CHECK_NAME, GITHUB } from './signals.ts';

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
}

/** Hidden in our comment, so that it is found again. */
const MARKER = '<!-- loomstack:run-card -->';
/** GitHub takes 65,535 characters in a comment and in the summary of a check run. */
const MAX_TEXT_CHARACTERS = 65_000;
/** A change with more comments than this gets another one of ours rather than an endless search. */
const MAX_COMMENT_PAGES = 50;
const REFUSALS: ReadonlySet<number | undefined> = new Set([400, 405, 409, 422]);
const CONCLUSIONS = {
  success: 'success',
  'action-required': 'action_required',
  failure: 'failure',
} as const;

/** @throws AppError `github.bad_private_key` */
export function createGitHubHost(options: GitHubHostOptions): CodeHost {
  const { appId, privateKey, log } = options;
  const client = createGitHubClient({
    appId,
    privateKey,
    apiUrl: options.apiUrl ?? 'https://api.github.com',
    timeoutMs: options.timeoutMs ?? 30_000,
    clock: options.clock ?? systemClock,
  });

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
      return await client.call(change.repository, async ({ octokit, owner, repo }) => {
        const body = `${MARKER}\n${cut(markdown)}`;
        const ours = await findComment({ octokit, owner, repo }, number, login);
        const { data } =
          ours === undefined
            ? await octokit.rest.issues.createComment({ owner, repo, issue_number: number, body })
            : await octokit.rest.issues.updateComment({ owner, repo, comment_id: ours, body });
        return { externalId: String(data.id), url: data.html_url };
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
  };
}

async function writeCheckRun(
  { octokit, owner, repo }: RepositoryClient,
  { change, conclusion, title, summary, detailsUrl }: VerdictReport,
  appId: string,
) {
  const { headSha } = change;
  const externalId = `${change.changeId ?? `${change.repository}#${numberOf(change)}`}@${headSha}`;
  const content = {
    owner,
    repo,
    external_id: externalId,
    status: 'completed' as const,
    conclusion: CONCLUSIONS[conclusion],
    details_url: detailsUrl,
    output: { title: title.slice(0, 255), summary: cut(summary) },
  };
  const name = await nameOfCheck({ octokit, owner, repo }, change.baseBranch);
  const { data } = await octokit.rest.checks.listForRef({
    owner,
    repo,
    ref: headSha,
    check_name: name,
    app_id: Number(appId),
    per_page: 100,
  });
  // One commit may be the head of two pull requests, each with a verdict of its own.
  const ours = data.check_runs.find((run) => run.external_id === externalId);
  return ours === undefined
    ? await octokit.rest.checks.create({ ...content, name, head_sha: headSha })
    : await octokit.rest.checks.update({ ...content, check_run_id: ours.id });
}

/**
 * GitHub keeps checks by commit and name, and the newest of a name counts. Anybody who may push could
 * open a second pull request of the same commit into a branch of their own, with rules of their own,
 * and so turn green what the ruleset of the default branch asks for. Verdicts on other bases
 * therefore bear another name.
 */
async function nameOfCheck(
  { octokit, owner, repo }: Pick<RepositoryClient, 'octokit' | 'owner' | 'repo'>,
  baseBranch: string,
): Promise<string> {
  const { data } = await octokit.rest.repos.get({ owner, repo });
  return data.default_branch === baseBranch ? CHECK_NAME : `${CHECK_NAME} (${baseBranch})`;
}

/** Our comment is the one with the marker that we wrote; anyone may copy a marker. */
async function findComment(
  { octokit, owner, repo }: RepositoryClient,
  issue_number: number,
  botLogin: string,
): Promise<number | undefined> {
  let pages = 0;
  const query = { owner, repo, issue_number, per_page: 100 };
  for await (const { data } of octokit.paginate.iterator(octokit.rest.issues.listComments, query)) {
    const found = data.find(
      ({ body, user }) => user?.login === botLogin && body?.startsWith(MARKER) === true,
    );
    if (found !== undefined) return found.id;
    pages += 1;
    if (pages >= MAX_COMMENT_PAGES) return undefined;
  }
  return undefined;
}

async function requestReviews(
  { octokit, owner, repo }: RepositoryClient,
  pull_number: number,
  logins: readonly string[],
  log: Logger,
): Promise<void> {
  const { data: pull } = await octokit.rest.pulls.get({ owner, repo, pull_number });
  const asked = new Set([
    // GitHub refuses the whole request when the author is among the reviewers.
    pull.user?.login.toLowerCase(),
    ...(pull.requested_reviewers ?? []).map(({ login }) => login.toLowerCase()),
    ...(pull.requested_teams ?? []).map(({ slug }) => `${owner}/${slug}`.toLowerCase()),
  ]);
  const wanted = [...new Set(logins.map((login) => login.replace(/^@/, '')))].filter(
    (login) => login !== '' && !asked.has(login.toLowerCase()),
  );
  if (wanted.length === 0) return;

  const ask = async (names: readonly string[]): Promise<void> => {
    await octokit.rest.pulls.requestReviewers({
      owner,
      repo,
      pull_number,
      reviewers: names.filter((name) => !name.includes('/')),
      team_reviewers: names
        .filter((name) => name.includes('/'))
        .map((name) => name.slice(name.indexOf('/') + 1)),
    });
  };
  try {
    await ask(wanted);
  } catch (error) {
    if (statusOf(error) !== 422) throw error;
    // One who cannot be asked, such as somebody who left, takes all others down; so one by one.
    for (const name of wanted) {
      try {
        await ask([name]);
      } catch (refusal) {
        if (statusOf(refusal) !== 422) throw refusal;
        log.info({ repository: `${owner}/${repo}`, reviewer: name }, 'a reviewer cannot be asked');
      }
    }
  }
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

function numberOf({ number }: HostChange): number {
  if (number !== undefined) return number;
  throw new AppError('invalid', 'github.no_number', {
    message: 'The change has no pull request number.',
    hint: 'Only pull requests can be judged and merged on GitHub.',
  });
}

function cut(text: string): string {
  if (text.length <= MAX_TEXT_CHARACTERS) return text;
  return `${text.slice(0, MAX_TEXT_CHARACTERS)}\n\n… cut here; the details are in LoomStack.`;
}
