/** The events of claims: who was let in, who was not, and how it ended. */
import type { Actor, NewEvent } from '#ledger';
import type { HolderSession, ClaimRow, HeldRow } from './store.ts';

interface Thread {
  actor: Actor;
  correlationId: string;
  workItemId?: string | null;
}

function refsOf(claim: ClaimRow, { workItemId }: Thread): NonNullable<NewEvent['refs']> {
  return {
    claim: claim.id,
    session: claim.session_id,
    repository: claim.repository,
    ...(workItemId == null ? {} : { workItem: workItemId }),
  };
}

export function claimGranted(claim: ClaimRow, thread: Thread): NewEvent {
  return {
    type: 'claim.granted',
    subject: claim.id,
    actor: thread.actor,
    correlationId: thread.correlationId,
    refs: refsOf(claim, thread),
    data: {
      path: claim.path,
      strength: claim.strength,
      fence: claim.fence,
      intent: claim.intent,
      leaseUntil: claim.lease_until,
    },
  };
}

export function claimDenied(
  session: HolderSession,
  request: { repository: string; paths: readonly string[]; strength: string },
  conflicts: readonly HeldRow[],
  actor: Actor,
): NewEvent {
  const first = conflicts[0];
  return {
    type: 'claim.denied',
    subject: session.id,
    actor,
    correlationId: session.correlation_id,
    refs: {
      session: session.id,
      repository: request.repository,
      ...(session.work_item_id === null ? {} : { workItem: session.work_item_id }),
      ...(first === undefined ? {} : { claim: first.id }),
    },
    data: {
      paths: request.paths,
      strength: request.strength,
      conflicts: conflicts.map((held) => ({
        claimId: held.id,
        path: held.path,
        sessionId: held.session_id,
        agent: held.agent,
        operator: held.operator_name,
        since: held.granted_at,
      })),
    },
  };
}

export function claimReleased(claim: ClaimRow, reason: string, thread: Thread): NewEvent {
  return {
    type: 'claim.released',
    subject: claim.id,
    actor: thread.actor,
    correlationId: thread.correlationId,
    refs: refsOf(claim, thread),
    data: { path: claim.path, fence: claim.fence, reason },
  };
}

export function claimExpired(claim: ClaimRow, reason: string, thread: Thread): NewEvent {
  return {
    type: 'claim.expired',
    subject: claim.id,
    actor: thread.actor,
    correlationId: thread.correlationId,
    refs: refsOf(claim, thread),
    data: { path: claim.path, fence: claim.fence, leaseUntil: claim.lease_until, reason },
  };
}
