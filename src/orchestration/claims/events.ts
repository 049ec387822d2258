/** The events of claims: who was let in, who was not, and how it ended. */
import type { Actor, NewEvent } from '#ledger';
import type { HolderSession, ClaimRow, HeldRow } from './store.ts';
import { describeTarget } from './target.ts';
import type { WaitRow } from './wait-store.ts';

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
      kind: claim.kind,
      target: describeTarget(claim),
      strength: claim.strength,
      origin: claim.origin,
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
        target: describeTarget(held),
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
    data: { path: claim.path, target: describeTarget(claim), fence: claim.fence, reason },
  };
}

export function claimExpired(claim: ClaimRow, reason: string, thread: Thread): NewEvent {
  return {
    type: 'claim.expired',
    subject: claim.id,
    actor: thread.actor,
    correlationId: thread.correlationId,
    refs: refsOf(claim, thread),
    data: {
      path: claim.path,
      target: describeTarget(claim),
      fence: claim.fence,
      leaseUntil: claim.lease_until,
      reason,
    },
  };
}

/** Somebody who waited was told that the way is free. */
export function claimFreed(wait: WaitRow, actor: Actor): NewEvent {
  return {
    type: 'claim.freed',
    subject: wait.session_id,
    actor,
    correlationId: wait.session_id,
    refs: { session: wait.session_id, repository: wait.repository },
    data: { target: describeTarget(wait), since: wait.since },
  };
}

/** A commit was made under a lease that somebody else had taken over by then. */
export function claimFenced(
  session: Pick<HolderSession, 'id' | 'correlation_id' | 'work_item_id'>,
  found: {
    repository: string;
    headSha: string | null;
    gate: string;
    writes: readonly {
      path: string;
      fence: number;
      holderSessionId: string;
      holderFence: number;
    }[];
  },
  actor: Actor,
): NewEvent {
  return {
    type: 'claim.fenced',
    subject: session.id,
    actor,
    correlationId: session.correlation_id,
    refs: {
      session: session.id,
      repository: found.repository,
      ...(session.work_item_id === null ? {} : { workItem: session.work_item_id }),
      ...(found.headSha === null ? {} : { commit: found.headSha }),
    },
    data: { gate: found.gate, writes: found.writes.map((write) => ({ ...write })) },
  };
}

/** A denied session chose how to go on, or a holder gave way. Data says the effect. */
export function claimNegotiated(
  session: Pick<HolderSession, 'id' | 'correlation_id' | 'work_item_id'>,
  chosen: {
    choice: string;
    repository: string;
    targets: readonly string[];
    withSessionId: string | null;
    workItemId?: string | null;
    effect: string;
    note: string;
  },
  actor: Actor,
): NewEvent {
  const workItem = chosen.workItemId ?? session.work_item_id;
  return {
    type: 'claim.negotiated',
    subject: session.id,
    actor,
    correlationId: session.correlation_id,
    refs: {
      session: session.id,
      repository: chosen.repository,
      ...(workItem === null ? {} : { workItem }),
    },
    data: {
      choice: chosen.choice,
      targets: chosen.targets,
      withSessionId: chosen.withSessionId,
      effect: chosen.effect,
      note: chosen.note,
    },
  };
}
