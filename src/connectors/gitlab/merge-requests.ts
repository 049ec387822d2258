/** Merge requests, as webhooks and as the API tell them, in our words. */
import { z } from 'zod';
import type { Signal, SignalChange } from '#connectors/contract';
import { parseJson } from '#kernel';
import {
  changeKey,
  GITLAB,
  keyOf,
  type MergeRequestFact,
  person,
  Sha,
  Time,
  UNREADABLE,
  User,
} from './naming.ts';

const MergeRequestEvent = z.object({
  user: User,
  project: z.object({ path_with_namespace: z.string().max(300) }),
  object_attributes: z.object({
    iid: z.int(),
    author_id: z.number().nullish(),
    action: z.string().nullish(),
    /** There when the update was a push. */
    oldrev: z.string().nullish(),
    state: z.string(),
    title: z.string(),
    description: z.string().nullish(),
    draft: z.boolean().nullish(),
    work_in_progress: z.boolean().nullish(),
    source_branch: z.string(),
    target_branch: z.string(),
    source_project_id: z.number().nullish(),
    target_project_id: z.number().nullish(),
    last_commit: z.object({ id: Sha }),
    merge_commit_sha: z.string().nullish(),
    updated_at: Time,
    url: z.string().nullish(),
  }),
});
type MergeRequestEvent = z.infer<typeof MergeRequestEvent>;

export function mergeRequest(body: Uint8Array): Signal[] {
  const event = parseJson(MergeRequestEvent, body, UNREADABLE);
  const { object_attributes: request } = event;
  const fact = factOf(event);
  switch (request.action) {
    case 'open':
    case 'reopen':
    case 'update':
    case 'close':
    case 'merge':
      return [toChangeSignal(fact, request.action === 'update')];
    case 'approved':
    case 'approval':
    case 'unapproved':
    case 'unapproval':
      return [reviewOf(event, fact, request.action.startsWith('un'))];
    default:
      return [];
  }
}

function reviewOf(event: MergeRequestEvent, fact: MergeRequestFact, isTakenBack: boolean): Signal {
  const verdict = isTakenBack ? 'dismissed' : 'approved';
  const { iid, last_commit: head, updated_at: at } = event.object_attributes;
  const reviewer = person(event.user);
  return {
    type: 'review.submitted',
    source: GITLAB,
    // The last approval of several comes as `approval` and as `approved`.
    dedupeKey: keyOf('approval', fact.project, [iid, head.id, reviewer.login, verdict, at]),
    occurredAt: at,
    change: fact.change,
    reviewer,
    headSha: head.id,
    verdict,
    text: '',
  };
}

function factOf({
  user,
  project,
  object_attributes: request,
}: MergeRequestEvent): MergeRequestFact {
  const name = project.path_with_namespace;
  // Webhooks say who acts and the number of who wrote; only where both are one is the author known.
  const isAuthor = request.action === 'open' || (user?.id ?? -1) === request.author_id;
  const isPush = request.action === 'update' && typeof request.oldrev === 'string';
  const change: SignalChange = {
    ...nameChange(name, {
      iid: request.iid,
      fork: forkOf(request),
      sourceBranch: request.source_branch,
      targetBranch: request.target_branch,
      headSha: request.last_commit.id,
    }),
    title: request.title,
    text: request.description ?? '',
    ...(request.url ? { url: request.url } : {}),
    author: isAuthor ? person(user) : {},
    ...(isPush ? { pushers: [person(user)] } : {}),
    isDraft: request.draft ?? request.work_in_progress ?? false,
  };
  return {
    project: name,
    iid: request.iid,
    state: request.state,
    updatedAt: request.updated_at,
    change,
    mergeSha: request.merge_commit_sha ?? undefined,
  };
}

/** The project a merge request comes from, where that is another one. */
export function forkOf(request: {
  source_project_id?: number | null | undefined;
  target_project_id?: number | null | undefined;
}): string | undefined {
  const { source_project_id: source, target_project_id: target } = request;
  return source === target ? undefined : `fork-${source ?? 'gone'}`;
}

/** A branch of a fork is named `fork-12:branch`, which no branch of the repository itself can be. */
export function nameChange(
  project: string,
  request: {
    iid: number;
    fork: string | undefined;
    sourceBranch: string;
    targetBranch: string;
    headSha: string;
  },
): Pick<SignalChange, 'repository' | 'number' | 'branch' | 'baseBranch' | 'headSha'> {
  return {
    repository: project,
    number: request.iid,
    branch:
      request.fork === undefined ? request.sourceBranch : `${request.fork}:${request.sourceBranch}`,
    baseBranch: request.targetBranch,
    headSha: request.headSha,
  };
}

export function toChangeSignal(fact: MergeRequestFact, isUpdate: boolean): Signal {
  const { change, updatedAt, mergeSha } = fact;
  const common = { source: GITLAB, dedupeKey: changeKey(fact), occurredAt: updatedAt, change };
  if (fact.state === 'merged' || fact.state === 'closed') {
    const isMerged = fact.state === 'merged';
    return {
      type: 'change.closed',
      ...common,
      isMerged,
      ...(isMerged && mergeSha ? { mergeSha } : {}),
    };
  }
  return { type: isUpdate ? 'change.updated' : 'change.opened', ...common };
}
