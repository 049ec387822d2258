/**
 * GitHub's auto-merge and merge queue, for organisations that leave merging to GitHub: it merges once its
 * own conditions hold, and never another head than the one that was judged.
 */
import { z } from 'zod';
import type { MergeRequest, MergeWhenReadyResult } from '#connectors/contract';
import type { RepositoryClient } from './client.ts';
import { chooseMethod, judgeBefore } from './merge.ts';
import { numberOf } from './words.ts';

export const ENABLE_AUTO_MERGE = `mutation ($id: ID!, $head: GitObjectID!, $method: PullRequestMergeMethod!) {
  enablePullRequestAutoMerge(
    input: { pullRequestId: $id, expectedHeadOid: $head, mergeMethod: $method }
  ) {
    pullRequest { id }
  }
}`;

const Refusal = z.object({
  name: z.literal('GraphqlResponseError'),
  errors: z.array(z.object({ message: z.string() })),
});

export async function mergeWhenReady(
  { octokit, owner, repo }: RepositoryClient,
  { change, expectedHeadSha }: MergeRequest,
): Promise<MergeWhenReadyResult> {
  const pull_number = numberOf(change);
  const { data: pull } = await octokit.rest.pulls.get({ owner, repo, pull_number });
  const known = judgeBefore(pull, expectedHeadSha);
  if (known !== undefined) return known;
  if (pull.auto_merge !== null) return { outcome: 'waiting' };
  try {
    await octokit.graphql(ENABLE_AUTO_MERGE, {
      id: pull.node_id,
      head: expectedHeadSha,
      method: chooseMethod(pull.base.repo).toUpperCase(),
    });
    return { outcome: 'waiting' };
  } catch (error) {
    // "Pull request is in clean status": nothing to wait for. "Auto merge is not allowed": a setting.
    const reason = reasonOf(error);
    if (reason === undefined) throw error;
    return { outcome: 'unsupported', reason: reason.slice(0, 300) };
  }
}

/** GraphQL refuses with status 200 and a list of errors; anything else is a failure of the line. */
function reasonOf(error: unknown): string | undefined {
  return Refusal.safeParse(error).data?.errors[0]?.message;
}
