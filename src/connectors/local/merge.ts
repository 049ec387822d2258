/**
 * Merges a branch in a bare repository, without a work tree and without a push: the merge commit is
 * made first and the base then moved, if it still stands where the merge began.
 */
import { mergeMessage, type MergeRequest, type MergeResult } from '#connectors/contract';
import type { GitRepository, Person } from '#git';
import { AppError } from '#kernel';
import { findMerge } from './describe-push.ts';

const MERGER: Person = { name: 'LoomStack', email: 'loomstack@localhost' };
/** Each round means that the base moved while we merged; somebody else got through in each. */
const MAX_ROUNDS = 5;

/** @throws AppError `local.base_busy` when the base moved again and again. */
export async function mergeBranch(
  git: GitRepository,
  request: MergeRequest,
  at: Date,
): Promise<MergeResult> {
  const { change, expectedHeadSha } = request;
  const baseRef = `refs/heads/${change.baseBranch}`;
  const message = mergeMessage(request);

  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const base = await git.resolve(baseRef);
    if (base === undefined) {
      return { outcome: 'refused', reason: `There is no branch ${change.baseBranch}.` };
    }
    const merged = await findEarlierMerge(git, base, expectedHeadSha);
    if (merged !== undefined) return { outcome: 'merged', mergeSha: merged };

    const head = await git.resolve(`refs/heads/${change.branch}`);
    if (head !== expectedHeadSha) return { outcome: 'head-moved', headSha: head ?? null };
    if ((await git.mergeBase(base, head)) === undefined) {
      const reason = `${change.branch} and ${change.baseBranch} have no common history.`;
      return { outcome: 'refused', reason };
    }

    const { expectedBaseSha } = request;
    if (expectedBaseSha !== undefined && base !== expectedBaseSha) {
      return { outcome: 'base-moved', baseSha: base };
    }
    const { treeSha, conflicts } = await git.mergeTree(base, head);
    if (conflicts.length > 0) return { outcome: 'conflict', paths: conflicts };

    const parents = [base, head];
    const mergeSha = await git.commitTree({
      treeSha,
      parents,
      message,
      author: MERGER,
      committer: MERGER,
      at,
    });
    if (await git.updateRef(baseRef, mergeSha, base)) return { outcome: 'merged', mergeSha };
  }
  throw new AppError('unavailable', 'local.base_busy', {
    message: `${change.baseBranch} moved while the merge was made, ${MAX_ROUNDS} times over.`,
    hint: 'Try again.',
  });
}

/**
 * The commit that brought the head into the base: an earlier call of ours, or somebody who got there
 * first. A head that came without a merge commit is its own answer.
 */
async function findEarlierMerge(
  git: GitRepository,
  base: string,
  head: string,
): Promise<string | undefined> {
  // A name would be resolved to whatever it means today; only a commit that we have can be merged.
  if ((await git.resolve(head)) !== head) return undefined;
  if (!(await git.isAncestor(head, base))) return undefined;
  return (await findMerge(git, base, head))?.sha ?? head;
}
