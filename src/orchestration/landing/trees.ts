/** What a branch would come to: heads merged onto it one after the other. Equal input, equal commit. */
import type { GitRepository } from '#git';

const LOOMSTACK = { name: 'LoomStack', email: 'loomstack@localhost' };

export type Joined = { sha: string; tree: string } | { conflicts: string[]; head: string };

/**
 * Merges the heads onto the base in order; a head that holds all before it is taken as it is. Each merge
 * is a commit of the mirror that no branch names, the same on every node.
 */
export async function joinHeads(
  git: GitRepository,
  baseSha: string,
  heads: readonly string[],
): Promise<Joined> {
  let sha = baseSha;
  for (const head of heads) {
    if (await git.isAncestor(sha, head)) {
      sha = head;
      continue;
    }
    if (await git.isAncestor(head, sha)) continue;
    const { treeSha, conflicts } = await git.mergeTree(sha, head);
    if (conflicts.length > 0) return { conflicts, head };
    sha = await git.commitTree({
      treeSha,
      parents: [sha, head],
      message: `Test ${head} merged into ${sha}`,
      author: LOOMSTACK,
      committer: LOOMSTACK,
      at: new Date(0),
    });
  }
  const tree = await git.treeOf(sha);
  if (tree === undefined) throw new Error(`commit ${sha} is not in the mirror`);
  return { sha, tree };
}

/**
 * A commit on top of `mainSha` that takes one of its commits back: the parent's content, merged as if
 * it were written on the commit itself.
 */
export async function revertOf(
  git: GitRepository,
  mainSha: string,
  culprit: { sha: string; title: string; reason: string; at: Date },
): Promise<{ sha: string } | { conflicts: string[] }> {
  const parent = (await git.commit(culprit.sha))?.parents[0];
  const before = parent === undefined ? undefined : await git.treeOf(parent);
  // The first commit of all has nothing before it that could be brought back.
  if (before === undefined) return { conflicts: [] };
  const common = { author: LOOMSTACK, committer: LOOMSTACK, at: culprit.at };
  const undone = await git.commitTree({
    ...common,
    treeSha: before,
    parents: [culprit.sha],
    message: 'Take it back',
  });
  const { treeSha, conflicts } = await git.mergeTree(mainSha, undone);
  if (conflicts.length > 0) return { conflicts };
  const message = `Revert "${culprit.title}"\n\nThis reverts commit ${culprit.sha}.\n${culprit.reason}\n`;
  return { sha: await git.commitTree({ ...common, treeSha, parents: [mainSha], message }) };
}
