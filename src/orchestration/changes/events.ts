/** The events of changes. Each names everything the change hangs together with. */
import type { Id } from '#kernel';
import type { Actor, NewEvent } from '#ledger';
import type { ChangeRow } from './store.ts';

export interface About {
  actor: Actor;
  cause?: Id<'evt'> | undefined;
  occurredAt?: Date | undefined;
  refs?: NewEvent['refs'];
  id?: Id<'evt'> | undefined;
}

/** Links of a change, for its own events and for those of its runs. */
export function changeRefs(change: ChangeRow): NonNullable<NewEvent['refs']> {
  return {
    change: change.id,
    repository: change.repository,
    commit: change.head_sha,
    ...(change.session_id === null ? {} : { session: change.session_id }),
    ...(change.work_item_id === null ? {} : { workItem: change.work_item_id }),
    ...(change.run_id === null ? {} : { run: change.run_id }),
    ...(change.merge_sha === null ? {} : { mergeCommit: change.merge_sha }),
  };
}

function base(change: ChangeRow, about: About): Omit<NewEvent, 'type'> {
  return {
    id: about.id,
    subject: change.id,
    actor: about.actor,
    cause: about.cause,
    occurredAt: about.occurredAt,
    correlationId: change.correlation_id,
    refs: { ...changeRefs(change), ...about.refs },
  };
}

function description(change: ChangeRow): Record<string, unknown> {
  return {
    title: change.title,
    branch: change.branch,
    baseBranch: change.base_branch,
    headSha: change.head_sha,
    baseSha: change.base_sha,
    number: change.number,
    host: change.host,
    authorKind: change.author_kind,
    custody: change.custody,
  };
}

export function changeOpened(change: ChangeRow, about: About, isReopened = false): NewEvent {
  return {
    ...base(change, about),
    type: 'change.opened',
    data: { ...description(change), isReopened },
  };
}

export function changeUpdated(
  change: ChangeRow,
  update: { previousHeadSha: string | null; voidedApprovals: number; what: string },
  about: About,
): NewEvent {
  return {
    ...base(change, about),
    type: 'change.updated',
    data: { ...description(change), ...update },
  };
}

export function changeMerged(
  change: ChangeRow,
  how: { via: 'loomstack' | 'host'; releasedClaims: number },
  about: About,
): NewEvent {
  return {
    ...base(change, about),
    type: 'change.merged',
    data: { title: change.title, branch: change.branch, mergeSha: change.merge_sha, ...how },
  };
}

export function changeClosed(change: ChangeRow, about: About): NewEvent {
  return {
    ...base(change, about),
    type: 'change.closed',
    data: { title: change.title, branch: change.branch },
  };
}

export function changeShipped(
  change: ChangeRow,
  deployment: { environment: string; sha: string; externalKey: string },
  about: About,
): NewEvent {
  return { ...base(change, about), type: 'change.shipped', data: { ...deployment } };
}

export function reviewIgnored(
  change: ChangeRow,
  review: { reviewer: string; verdict: string; reason: string },
  about: About,
): NewEvent {
  return { ...base(change, about), type: 'change.review-ignored', data: review };
}

export function agentReviewed(
  change: ChangeRow,
  review: { agent: string; sessionId: Id<'ses'>; decision: string; reason: string },
  about: About,
): NewEvent {
  // The change stays the maker's; the reviewer is the actor.
  return { ...base(change, about), type: 'change.agent-reviewed', data: review };
}
