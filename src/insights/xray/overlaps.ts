/** Open branches that touch the same files, and which of them really collide: decided by merging. */
import type { GitRepository } from '#git';
import type { XrayReport } from './schema.ts';

const MAX_BRANCHES = 40;
const MAX_MERGES = 40;
const MAX_PATHS = 20;

export async function findOverlaps(
  git: GitRepository,
  options: { defaultBranch: string; headSha: string; since: Date },
): Promise<{ overlaps: XrayReport['overlaps']; problems: string[] }> {
  const { defaultBranch, headSha, since } = options;
  const problems: string[] = [];
  const candidates = (await git.branches())
    .filter(({ name, committedAt }) => name !== defaultBranch && committedAt >= since)
    .sort((a, b) => b.committedAt.getTime() - a.committedAt.getTime());

  const open: { name: string; sha: string; paths: Set<string> }[] = [];
  for (const branch of candidates) {
    if (open.length >= MAX_BRANCHES) {
      problems.push(
        `only the ${MAX_BRANCHES} most recent open branches of ${candidates.length} were compared`,
      );
      break;
    }
    if (await git.isAncestor(branch.sha, headSha)) continue;
    if ((await git.mergeBase(branch.sha, headSha)) === undefined) continue;
    const files = await git.changedFiles(headSha, branch.sha);
    open.push({
      name: branch.name,
      sha: branch.sha,
      paths: new Set(files.map(({ path }) => path)),
    });
  }

  const overlaps: XrayReport['overlaps'] = [];
  for (const [index, a] of open.entries()) {
    for (const b of open.slice(index + 1)) {
      const shared = [...a.paths].filter((path) => b.paths.has(path)).sort();
      if (shared.length === 0) continue;
      if (overlaps.length >= MAX_MERGES) {
        problems.push(`only the first ${MAX_MERGES} overlapping pairs of branches were merged`);
        return { overlaps: worstFirst(overlaps), problems };
      }
      const { conflicts } = await git.mergeTree(a.sha, b.sha);
      overlaps.push({
        a: a.name,
        b: b.name,
        paths: shared.slice(0, MAX_PATHS),
        hasConflict: conflicts.length > 0,
        conflictPaths: conflicts.slice(0, MAX_PATHS),
      });
    }
  }
  return { overlaps: worstFirst(overlaps), problems };
}

function worstFirst(overlaps: XrayReport['overlaps']): XrayReport['overlaps'] {
  return overlaps.sort(
    (a, b) => b.conflictPaths.length - a.conflictPaths.length || b.paths.length - a.paths.length,
  );
}
