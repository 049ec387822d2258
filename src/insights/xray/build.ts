/**
 * Builds the X-ray of a repository from its git history alone: no agent, no account, no host. The
 * judgement is in the pure files beside this one; here the history is read, once per kind.
 */
import type { CommitWithFiles, GitRepository } from '#git';
import { scoreHistoricChange, shipsAloneUnderBound } from '#policy';
import { findAgent, isRobot } from './agents.ts';
import { tallyChurn } from './churn.ts';
import {
  changesOverTime,
  fileHistories,
  hotFiles,
  linesOf,
  listed,
  ownership,
  riskBuckets,
  round,
  sizes,
  waits,
} from './figures.ts';
import { findOverlaps } from './overlaps.ts';
import type { XrayReport } from './schema.ts';

/** More than this in one window is read no further; the report says so. */
const MAX_COMMITS = 50_000;
const EXPLANATION =
  'Points of the learned model where the history is long enough, else counted from size, spread, sensitive paths and tests. Rules of your policy may ask for more.';

export interface XrayProgress {
  phase: 'commits' | 'changes' | 'churn' | 'branches' | 'risk' | 'done';
  done: number;
}

export async function buildXray(
  git: GitRepository,
  options: {
    repository: string;
    since: Date;
    now: Date;
    onProgress?: ((progress: XrayProgress) => void) | undefined;
  },
): Promise<XrayReport> {
  const { repository, onProgress = () => {} } = options;
  const defaultBranch = await git.defaultBranch();
  const headSha = defaultBranch === undefined ? undefined : await git.resolve(defaultBranch);
  if (defaultBranch === undefined || headSha === undefined) return emptyReport(options);

  const problems: string[] = [];
  const { since, now, note } = await chooseWindow(git, headSha, options);
  if (note !== undefined) problems.push(note);
  const read = async (
    firstParent: boolean,
    phase: XrayProgress['phase'],
  ): Promise<CommitWithFiles[]> => {
    const commits: CommitWithFiles[] = [];
    const log = git.logWithFiles({ to: headSha, since, firstParent, limit: MAX_COMMITS });
    for await (const commit of log) {
      commits.push(commit);
      if (commits.length % 200 === 0) onProgress({ phase, done: commits.length });
    }
    if (commits.length === MAX_COMMITS)
      problems.push(`only the newest ${MAX_COMMITS} commits were read`);
    onProgress({ phase, done: commits.length });
    return commits;
  };

  const all = await read(false, 'commits');
  const changes = await read(true, 'changes');
  const commits = all.filter(({ parents }) => parents.length < 2);
  const agents = new Map(
    all.flatMap((commit) => {
      const agent = findAgent(commit);
      return agent === undefined ? [] : [[commit.sha, agent] as const];
    }),
  );
  const committedAt = new Map(all.map((commit) => [commit.sha, commit.committedAt]));
  const names = new Map(
    commits.toReversed().map(({ author }) => [author.email.toLowerCase(), author.name]),
  );
  const byAgent = commits.filter(({ sha }) => agents.has(sha));

  const landedAgents = agentsOfChanges(changes, all, agents);
  const histories = fileHistories(commits);
  const churn = await tallyChurn(git.logWithHunks({ to: headSha, since, firstParent: true }), now);
  onProgress({ phase: 'churn', done: churn.bornLines });
  const branches = await findOverlaps(git, { defaultBranch, headSha, since });
  onProgress({ phase: 'branches', done: branches.overlaps.length });

  onProgress({ phase: 'risk', done: 0 });
  const underBound = await shipsAloneUnderBound(git, {
    repository,
    headSha,
    shas: changes.map(({ sha }) => sha),
  });
  const scores = new Map(
    changes.map((change) => [
      change.sha,
      underBound.scores.get(change.sha) ?? scoreHistoricChange(change),
    ]),
  );
  const buckets = riskBuckets(changes, ({ sha }) => scores.get(sha) ?? 100);
  const totals = commits.map(linesOf);
  const report: XrayReport = {
    repository,
    since,
    until: now,
    generatedAt: options.now,
    headSha,
    totals: {
      commits: commits.length,
      changes: changes.length,
      authors: new Set(
        commits
          .filter((commit) => !isRobot(commit))
          .map(({ author }) => author.email.toLowerCase()),
      ).size,
      files: histories.length,
      addedLines: totals.reduce((sum, { addedLines }) => sum + addedLines, 0),
      deletedLines: totals.reduce((sum, { deletedLines }) => sum + deletedLines, 0),
    },
    changesOverTime: changesOverTime(changes, (sha) => landedAgents.has(sha), {
      since,
      until: now,
    }),
    hotFiles: hotFiles(histories),
    ownership: ownership(histories, (email) => names.get(email) ?? email),
    overlaps: branches.overlaps,
    waits: waits(changes, (sha) => committedAt.get(sha)),
    churn: {
      bornLines: churn.bornLines,
      churnedLines: churn.churnedLines,
      share: churn.bornLines === 0 ? null : round(churn.churnedLines / churn.bornLines),
      commits: listed(churn.bySha),
    },
    aiAuthored: {
      share: commits.length === 0 ? 0 : round(byAgent.length / commits.length),
      changes: byAgent.length,
      byAgent: countAgents(byAgent, agents),
      commits: listed(byAgent),
    },
    sizes: sizes(changes),
    risk: {
      buckets,
      underBound: describeBound(underBound, changes),
      explanation: EXPLANATION,
    },
    commits: {},
    problems: [...problems, ...branches.problems],
  };
  if (changes.length === 0)
    report.problems.push('nothing landed on the default branch in this window');
  report.commits = describe(report, [...all, ...changes], scores);
  onProgress({ phase: 'done', done: changes.length });
  return report;
}

/** A repository at rest is shown as it was when work ended: its last commit ends the window. */
async function chooseWindow(
  git: GitRepository,
  headSha: string,
  { since, now }: { since: Date; now: Date },
): Promise<{ since: Date; now: Date; note?: string }> {
  const last = (await git.commit(headSha))?.committedAt;
  if (last === undefined || last >= since) return { since, now };
  const length = now.getTime() - since.getTime();
  return {
    since: new Date(last.getTime() - length),
    now: last,
    note: `nothing was committed lately; the window ends with the last commit, on ${last.toISOString().slice(0, 10)}`,
  };
}

/** A change counts as an agent's when it, or a commit of the branch it merged, names one. */
function agentsOfChanges(
  changes: readonly CommitWithFiles[],
  all: readonly CommitWithFiles[],
  agents: ReadonlyMap<string, string>,
): Set<string> {
  const bySha = new Map(all.map((commit) => [commit.sha, commit]));
  const mainLine = new Set(changes.map(({ sha }) => sha));
  const found = new Set<string>();
  const seen = new Set<string>();
  // Oldest first: a commit belongs to the first change that brought it in.
  for (const change of changes.toReversed()) {
    const stack = [change.sha, ...change.parents.slice(1)];
    while (stack.length > 0) {
      const sha = stack.pop()!;
      const commit = bySha.get(sha);
      if (commit === undefined || seen.has(sha) || (sha !== change.sha && mainLine.has(sha)))
        continue;
      seen.add(sha);
      if (agents.has(sha)) found.add(change.sha);
      if (sha !== change.sha) stack.push(...commit.parents);
    }
  }
  return found;
}

function countAgents(
  commits: readonly CommitWithFiles[],
  agents: ReadonlyMap<string, string>,
): XrayReport['aiAuthored']['byAgent'] {
  const counts = new Map<string, number>();
  for (const { sha } of commits) {
    const agent = agents.get(sha)!;
    counts.set(agent, (counts.get(agent) ?? 0) + 1);
  }
  return [...counts]
    .map(([agent, changes]) => ({ agent, changes }))
    .sort((a, b) => b.changes - a.changes);
}

function describeBound(
  found: Awaited<ReturnType<typeof shipsAloneUnderBound>>,
  changes: readonly CommitWithFiles[],
): XrayReport['risk']['underBound'] {
  const { bound, isDeclared, judged, defects, slipped } = found;
  const alone = new Set(found.alone);
  return {
    bound,
    isDeclared,
    judged,
    changes: alone.size,
    share: judged === 0 ? null : round(alone.size / judged),
    defects,
    slipped,
    commits: listed(changes.filter(({ sha }) => alone.has(sha))),
  };
}

/** Only commits that some figure lists are described, so that a report stays small. */
function describe(
  report: XrayReport,
  commits: readonly CommitWithFiles[],
  scores: ReadonlyMap<string, number>,
): XrayReport['commits'] {
  const wanted = new Set([
    ...report.hotFiles.flatMap((row) => row.commits),
    ...report.ownership.files.flatMap((row) => row.commits),
    ...report.waits.commits,
    ...report.churn.commits,
    ...report.aiAuthored.commits,
    ...report.sizes.flatMap((row) => row.commits),
    ...report.risk.buckets.flatMap((row) => row.commits),
    ...report.risk.underBound.commits,
  ]);
  const described: XrayReport['commits'] = {};
  for (const commit of commits) {
    if (!wanted.has(commit.sha)) continue;
    described[commit.sha] = {
      subject: commit.subject.slice(0, 200),
      author: commit.author.name,
      at: commit.committedAt,
      ...linesOf(commit),
      files: commit.files.length,
      risk: scores.get(commit.sha) ?? null,
    };
  }
  return described;
}

function emptyReport(options: { repository: string; since: Date; now: Date }): XrayReport {
  return {
    repository: options.repository,
    since: options.since,
    until: options.now,
    generatedAt: options.now,
    headSha: null,
    totals: { commits: 0, changes: 0, authors: 0, files: 0, addedLines: 0, deletedLines: 0 },
    changesOverTime: [],
    hotFiles: [],
    ownership: { concentration: 0, singleOwnerShare: 0, files: [] },
    overlaps: [],
    waits: { isKnown: false, medianHours: null, p90Hours: null, sample: 0, commits: [] },
    churn: { bornLines: 0, churnedLines: 0, share: null, commits: [] },
    aiAuthored: { share: 0, changes: 0, byAgent: [], commits: [] },
    sizes: [],
    risk: {
      buckets: [],
      underBound: {
        bound: 0.05,
        isDeclared: false,
        judged: 0,
        changes: 0,
        share: null,
        defects: 0,
        slipped: 0,
        commits: [],
      },
      explanation: EXPLANATION,
    },
    commits: {},
    problems: ['the repository has no commit yet'],
  };
}
