/** What GitHub's words about a merge mean. Pure: the pull request and the answer in, our outcome out. */
import { AppError } from '#kernel';
import type { MergeResult } from '#connectors/contract';

/** The fields of a pull request that decide over its merge. */
export interface MergeablePull {
  state: string;
  merged: boolean;
  merge_commit_sha: string | null;
  draft?: boolean | undefined;
  /** Null while GitHub still works it out. */
  mergeable: boolean | null;
  mergeable_state: string;
  head: { sha: string };
}

/** The outcome where it is clear without asking for the merge; undefined where it has to be asked for. */
export function judgeBefore(pull: MergeablePull, expectedHeadSha: string): MergeResult | undefined {
  if (pull.head.sha !== expectedHeadSha) return { outcome: 'head-moved', headSha: pull.head.sha };
  if (pull.merged && pull.merge_commit_sha !== null) {
    return { outcome: 'merged', mergeSha: pull.merge_commit_sha };
  }
  if (pull.state !== 'open') return { outcome: 'refused', reason: 'The pull request is closed.' };
  if (pull.draft === true) return { outcome: 'refused', reason: 'The pull request is a draft.' };
  if (hasConflict(pull)) return { outcome: 'conflict', paths: [] };
  return undefined;
}

/**
 * The outcome after GitHub refused with 405, 409 or 422, from the pull request as it is now.
 * @throws AppError `github.not_mergeable_yet` where trying again may help.
 */
export function judgeRefusal(
  pull: MergeablePull,
  expectedHeadSha: string,
  message: string,
): MergeResult {
  const outcome = judgeBefore(pull, expectedHeadSha);
  if (outcome !== undefined) return outcome;
  if (/merge conflict/i.test(message)) return { outcome: 'conflict', paths: [] };
  // GitHub works out whether a pull request merges in the background, anew whenever its base moves.
  if (pull.mergeable === null || /base branch was modified|try the merge again/i.test(message)) {
    throw new AppError('unavailable', 'github.not_mergeable_yet', {
      message: 'GitHub has not worked out yet whether the pull request merges.',
      hint: 'Try again in a few seconds.',
    });
  }
  return { outcome: 'refused', reason: message.slice(0, 500) };
}

/** The ways of merging a repository allows; ours is the merge commit, which keeps the history. */
export function chooseMethod(allowed: {
  allow_merge_commit?: boolean | undefined;
  allow_squash_merge?: boolean | undefined;
  allow_rebase_merge?: boolean | undefined;
}): 'merge' | 'squash' | 'rebase' {
  if (allowed.allow_merge_commit !== false) return 'merge';
  if (allowed.allow_squash_merge !== false) return 'squash';
  return 'rebase';
}

function hasConflict({ mergeable, mergeable_state: state }: MergeablePull): boolean {
  return mergeable === false && state === 'dirty';
}
