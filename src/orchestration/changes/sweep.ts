/**
 * Compares the branches of the host with the changes we know. Webhooks are hints and may be lost; the
 * refs are the truth. What is missing is told as signals, so that it goes the way of all news.
 */
import type { Signal, SignalChange } from '#connectors/contract';
import type { Repository } from '#context';
import type { GitRepository } from '#git';
import type { ChangeDeps } from './deps.ts';
import { freshMirror } from './gather.ts';
import * as store from './store.ts';

/** On this host every branch with commits of its own is a change; elsewhere the host says which. */
const BRANCHES_ARE_CHANGES = 'local';
const MAX_BRANCHES = 2_000;

/** News the host should have told and did not. Fetches first. */
export async function findMissedSignals(
  deps: ChangeDeps,
  repository: Repository,
): Promise<Signal[]> {
  const git = await freshMirror(deps, repository.name, null);
  if (git === undefined) return [];
  const tips = new Map(
    (await git.branches()).slice(0, MAX_BRANCHES).map(({ name, sha }) => [name, sha]),
  );
  const open = await store.openChanges(deps.db, repository.name);
  const now = deps.clock.now();
  const missed: Signal[] = [];
  for (const change of open) {
    const signal = await missedOf(git, change, tips, now);
    if (signal !== undefined) missed.push(signal);
  }
  if (repository.host === BRANCHES_ARE_CHANGES) {
    missed.push(...(await unknownBranches(deps, git, repository, tips, open, now)));
  }
  return missed;
}

async function missedOf(
  git: GitRepository,
  row: store.ChangeRow,
  tips: ReadonlyMap<string, string>,
  now: Date,
): Promise<Signal | undefined> {
  const tip = tips.get(row.branch);
  const base = tips.get(row.base_branch);
  const common = { source: row.host, occurredAt: now };
  // A branch of a fork is not in the mirror; only the host can tell of it.
  const isFork = tip === undefined && row.number !== null;
  if (isFork) return undefined;
  const isContained =
    base !== undefined &&
    (await git.resolve(row.head_sha)) !== undefined &&
    (await git.isAncestor(row.head_sha, base));
  if (isContained && (tip === undefined || tip === row.head_sha)) {
    const mergeSha = await findMerge(git, base, row.head_sha);
    return {
      ...common,
      type: 'change.closed',
      dedupeKey: `sweep:${row.id}:merged:${row.head_sha}`,
      change: describe(row, row.head_sha),
      isMerged: true,
      ...(mergeSha === undefined ? {} : { mergeSha }),
    };
  }
  if (tip === undefined) {
    return {
      ...common,
      type: 'change.closed',
      dedupeKey: `sweep:${row.id}:gone:${row.head_sha}`,
      change: describe(row, row.head_sha),
      isMerged: false,
    };
  }
  if (tip === row.head_sha) return undefined;
  return {
    ...common,
    type: 'change.updated',
    // The head may come back to where it was: the time of the known head tells the rounds apart.
    dedupeKey: `sweep:${row.id}:${row.head_at.toISOString()}:${tip}`,
    change: describe(row, tip),
  };
}

async function unknownBranches(
  deps: ChangeDeps,
  git: GitRepository,
  repository: Repository,
  tips: ReadonlyMap<string, string>,
  open: readonly store.ChangeRow[],
  now: Date,
): Promise<Signal[]> {
  const base = tips.get(repository.defaultBranch);
  if (base === undefined) return [];
  const known = new Set(open.map(({ branch }) => branch));
  const signals: Signal[] = [];
  for (const [branch, sha] of tips) {
    if (branch === repository.defaultBranch || known.has(branch)) continue;
    if (await git.isAncestor(sha, base)) continue;
    const last = await store.findOnHost(deps.db, {
      host: repository.host,
      repository: repository.name,
      number: null,
      branch,
    });
    if (last?.head_sha === sha) continue;
    const commit = await git.commit(sha);
    signals.push({
      type: 'change.opened',
      source: repository.host,
      dedupeKey: `sweep:${repository.id}:${branch}:${last?.id ?? 'new'}:${sha}`,
      occurredAt: now,
      change: {
        repository: repository.name,
        branch,
        baseBranch: repository.defaultBranch,
        baseSha: base,
        headSha: sha,
        title: commit?.subject || branch,
        text: commit?.body ?? '',
        author: commit === undefined ? {} : { ...commit.author },
        isDraft: false,
      },
    });
  }
  return signals;
}

async function findMerge(
  git: GitRepository,
  base: string,
  head: string,
): Promise<string | undefined> {
  for await (const commit of git.log({ to: base, firstParent: true, limit: 1_000 })) {
    if (commit.parents.slice(1).includes(head)) return commit.sha;
  }
  return undefined;
}

function describe(row: store.ChangeRow, headSha: string): SignalChange {
  return {
    repository: row.repository,
    ...(row.number === null ? {} : { number: row.number }),
    branch: row.branch,
    baseBranch: row.base_branch,
    headSha,
    title: row.title,
    text: row.body,
    ...(row.url === null ? {} : { url: row.url }),
    author: { name: row.author_name },
    isDraft: row.is_draft,
  };
}
