/** The events of sessions. Single tool calls are counted, not logged; edits and refusals are both. */
import type { NewEvent } from '#ledger';
import { ORCHESTRATION, personRef, sessionActor } from '../deps.ts';
import type { SessionRow } from './store.ts';

function base(session: SessionRow): Omit<NewEvent, 'type'> {
  return {
    subject: session.id,
    actor: sessionActor({ id: session.id, operatorId: session.operator_id }),
    correlationId: session.correlation_id,
    refs: {
      session: session.id,
      ...(session.repository === null ? {} : { repository: session.repository }),
      ...(session.work_item_id === null ? {} : { workItem: session.work_item_id }),
      ...(session.pack_id === null ? {} : { pack: session.pack_id }),
      ...personRef(session.operator_id),
    },
  };
}

export function sessionStarted(session: SessionRow): NewEvent {
  return {
    ...base(session),
    type: 'session.started',
    data: {
      agent: session.agent,
      model: session.model,
      branch: session.branch,
      baseSha: session.base_sha,
      intent: session.intent,
      parentId: session.parent_id,
      role: session.role,
      budget: {
        tokens: session.budget_tokens,
        usdMicros: session.budget_usd_micros,
        minutes: session.budget_minutes,
      },
    },
  };
}

export function sessionResumed(session: SessionRow, from: SessionRow['state']): NewEvent {
  return { ...base(session), type: 'session.resumed', data: { agent: session.agent, from } };
}

export function sessionToolUsed(
  session: SessionRow,
  use: { tool: string; path: string | null; outcome: 'allowed' | 'denied' },
): NewEvent {
  return { ...base(session), type: 'session.tool-used', data: use };
}

export function sessionEnded(
  session: SessionRow,
  reason: string,
  releasedClaims: number,
): NewEvent {
  return {
    ...base(session),
    type: 'session.ended',
    data: {
      reason,
      releasedClaims,
      toolCalls: session.tool_calls,
      deniedCalls: session.denied_calls,
    },
  };
}

export function sessionLost(session: SessionRow): NewEvent {
  return {
    ...base(session),
    type: 'session.lost',
    actor: ORCHESTRATION,
    data: { agent: session.agent, lastSeenAt: session.last_seen_at },
  };
}
