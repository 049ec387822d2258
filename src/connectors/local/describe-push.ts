/**
 * Turns a moved branch into a push: which change it opens, updates or closes, under which title. In
 * the local forge each branch with commits of its own is a change; there is nothing else to open.
 */
import { createHash } from 'node:crypto';
import type { SignalChange } from '#connectors/contract';
import type { Commit, GitRepository } from '#git';
import type { Push, PushedChange } from './push.ts';
import { KEPT_PREFIX } from './push-gate.ts';
import type { RefMove } from './refs.ts';

const MAX_TITLE_CHARACTERS = 300;
const MAX_TEXT_CHARACTERS = 20_000;
/** A change with more commits than this is named after one in the middle; the title is a courtesy. */
const MAX_COMMITS_READ = 500;
/** Merges further back than this are not looked for when a branch is deleted. */
const MAX_HISTORY_READ = 5_000;

export interface PushFacts {
  id: string;
  repository: string;
  /** Told apart from an earlier repository of the same name. */
  incarnation: string;
  defaultBranch: string;
  isProtected: boolean;
  occurredAt: Date;
  pusher: Push['pusher'];
  /** Everyone who moved the branch since the last push that was told. */
  pushers: Push['pusher'][];
}

export async function describePush(
  git: GitRepository,
  { branch, before, after }: RefMove,
  facts: PushFacts,
): Promise<Push> {
  const { id, repository, isProtected, occurredAt, pusher } = facts;
  const isForced = before !== null && after !== null && !(await git.isAncestor(before, after));
  const changes = isProtected
    ? await mergedChanges(git, { branch, before, after }, facts)
    : await branchChange(git, { branch, before, after }, facts);
  return {
    id,
    repository,
    branch,
    before,
    after,
    isForced,
    occurredAt: occurredAt.toISOString(),
    pusher,
    changes,
  };
}

/** A pushed branch opens, updates or closes the one change it is. */
async function branchChange(
  git: GitRepository,
  { branch, before, after }: RefMove,
  facts: PushFacts,
): Promise<PushedChange[]> {
  if (branch.startsWith(KEPT_PREFIX)) return [];
  const base = await git.resolve(`refs/heads/${facts.defaultBranch}`);
  const hadOwnCommits = before !== null && !(await isContained(git, before, base));
  const hasOwnCommits = after !== null && !(await isContained(git, after, base));

  if (after !== null && hasOwnCommits) {
    const described = await describeChange(git, { branch, base, head: after }, facts);
    const change = { ...described, pushers: facts.pushers };
    return [{ kind: hadOwnCommits ? 'updated' : 'opened', key: facts.id, change, isMerged: false }];
  }
  if (before === null) return [];
  if (hadOwnCommits) {
    const change = await describeChange(git, { branch, base, head: before }, facts);
    return [{ kind: 'closed', key: facts.id, change, isMerged: false }];
  }
  // Nothing of its own any more: either it was merged, which the merge has told already under the
  // same key, or it never held anything.
  const merge = base === undefined ? undefined : await findMerge(git, base, before);
  return merge === undefined ? [] : [await mergedChange(git, merge, branch, facts)];
}

/** A protected branch moves by merges; each of them closes the change whose name it carries. */
async function mergedChanges(
  git: GitRepository,
  { before, after }: RefMove,
  facts: PushFacts,
): Promise<PushedChange[]> {
  if (before === null || after === null) return [];
  const changes: PushedChange[] = [];
  const history = git.log({ to: after, from: before, firstParent: true, limit: MAX_HISTORY_READ });
  for await (const commit of history) {
    // Ours are appended last; what the message says before that is somebody else's word.
    const branch = commit.trailers.findLast(({ name }) => name === BRANCH_TRAILER)?.value;
    if (branch !== undefined && commit.parents.length === 2) {
      changes.unshift(await mergedChange(git, commit, branch, facts));
    }
  }
  return changes;
}

/** Trailer of our merge commits that names the merged branch; git's plumbing gives names in lower case. */
const BRANCH_TRAILER = 'loom-branch';

async function mergedChange(
  git: GitRepository,
  merge: Commit,
  branch: string,
  facts: PushFacts,
): Promise<PushedChange> {
  const [base, head] = merge.parents as [string, string];
  const change = await describeChange(git, { branch, base, head }, facts);
  const key = fingerprint([facts.incarnation, branch, head, merge.sha]);
  return { kind: 'closed', key, change, isMerged: true, mergeSha: merge.sha };
}

/** The merge commit on the first-parent line of `base` that brought `head` in. */
export async function findMerge(
  git: GitRepository,
  base: string,
  head: string,
): Promise<Commit | undefined> {
  for await (const commit of git.log({ to: base, firstParent: true, limit: MAX_HISTORY_READ })) {
    if (commit.parents[1] === head) return commit;
  }
  return undefined;
}

async function describeChange(
  git: GitRepository,
  range: { branch: string; base: string | undefined; head: string },
  { repository, defaultBranch }: PushFacts,
): Promise<SignalChange> {
  const { branch, base, head } = range;
  const first = await firstOwnCommit(git, base, head);
  return {
    repository,
    branch,
    baseBranch: defaultBranch,
    ...(base === undefined ? {} : { baseSha: base }),
    headSha: head,
    // The first commit says what the change is for; later ones mend it, and the title stays put.
    title: (first?.subject.trim() || branch).slice(0, MAX_TITLE_CHARACTERS),
    text: (first?.body.trim() ?? '').slice(0, MAX_TEXT_CHARACTERS),
    author: first === undefined ? {} : { name: first.author.name, email: first.author.email },
    isDraft: false,
  };
}

async function firstOwnCommit(
  git: GitRepository,
  base: string | undefined,
  head: string,
): Promise<Commit | undefined> {
  let first: Commit | undefined;
  for await (const commit of git.log({ to: head, from: base, limit: MAX_COMMITS_READ })) {
    if (commit.parents.length < 2 || first === undefined) first = commit;
  }
  return first;
}

async function isContained(
  git: GitRepository,
  commit: string,
  base: string | undefined,
): Promise<boolean> {
  return base !== undefined && (await git.isAncestor(commit, base));
}

export function fingerprint(parts: readonly (string | number | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);
}
