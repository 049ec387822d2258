/** What GitLab's words about a merge mean. Pure. */
import { AppError } from '#kernel';
import type { MergeResult } from '#connectors/contract';
import type { MergeRequest } from './shapes.ts';

/** While GitLab still works out whether a merge request merges. */
const UNDECIDED = new Set(['unchecked', 'checking', 'preparing', 'approvals_syncing']);

/** The outcome where it is clear without asking for the merge; undefined where it has to be asked for. */
export function judgeBefore(
  request: MergeRequest,
  expectedHeadSha: string,
): MergeResult | undefined {
  if (request.sha !== expectedHeadSha) return { outcome: 'head-moved', headSha: request.sha };
  if (request.state === 'merged') {
    // A fast-forward merge makes no commit of its own.
    const mergeSha = request.merge_commit_sha ?? request.squash_commit_sha ?? request.sha;
    return { outcome: 'merged', mergeSha };
  }
  if (request.state !== 'opened') {
    return { outcome: 'refused', reason: `The merge request is ${request.state}.` };
  }
  if (request.draft === true) {
    return { outcome: 'refused', reason: 'The merge request is a draft.' };
  }
  if (request.has_conflicts === true) return { outcome: 'conflict', paths: [] };
  return undefined;
}

/** @throws AppError `gitlab.not_mergeable_yet` where trying again may help. */
export function judgeRefusal(
  request: MergeRequest,
  expectedHeadSha: string,
  message: string,
): MergeResult {
  const known = judgeBefore(request, expectedHeadSha);
  if (known !== undefined) return known;
  const status = request.detailed_merge_status ?? '';
  if (UNDECIDED.has(status)) {
    throw new AppError('unavailable', 'gitlab.not_mergeable_yet', {
      message: 'GitLab has not worked out yet whether the merge request merges.',
      hint: 'Try again in a few seconds.',
    });
  }
  const why = status === '' ? message : `${message} (${status})`;
  return { outcome: 'refused', reason: why.slice(0, 500) };
}
