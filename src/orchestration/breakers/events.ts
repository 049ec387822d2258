/** The events of breakers. Nudges are counted, not logged. */
import type { Actor, NewEvent } from '#ledger';
import { ORCHESTRATION, personRef } from '../deps.ts';
import type { FleetBreaker } from './schema.ts';

interface BrokenSession {
  id: string;
  correlation_id: string;
  repository: string | null;
  work_item_id: string | null;
  operator_id: string | null;
}

function ofSession(session: BrokenSession): Omit<NewEvent, 'type' | 'actor'> {
  return {
    subject: session.id,
    correlationId: session.correlation_id,
    refs: {
      session: session.id,
      repository: session.repository,
      workItem: session.work_item_id,
      ...personRef(session.operator_id),
    },
  };
}

export function breakerTripped(
  session: BrokenSession,
  data: { trip: string; rule: string; stage: string; reason: string; evidence: number[] },
): NewEvent {
  return { ...ofSession(session), actor: ORCHESTRATION, type: 'breaker.tripped', data };
}

export function breakerLifted(
  session: BrokenSession,
  by: Actor,
  data: { reason: string; from: string },
): NewEvent {
  return { ...ofSession(session), actor: by, type: 'breaker.lifted', data };
}

export function breakerBudgeted(
  session: BrokenSession,
  by: Actor,
  data: Record<string, number | null>,
): NewEvent {
  return { ...ofSession(session), actor: by, type: 'breaker.budgeted', data };
}

/** A breaker over many sessions changed. */
export function fleetBreakerChanged(
  breaker: FleetBreaker,
  type: 'breaker.opened' | 'breaker.probed' | 'breaker.closed',
  by: Actor = ORCHESTRATION,
): NewEvent {
  const { scope, key, reason, until } = breaker;
  return {
    type,
    subject: `${scope}:${key}`,
    actor: by,
    refs: scope === 'repository' ? { repository: key } : {},
    data: { scope, key, reason, until },
  };
}
