/** Harm traced to a change that shipped alone halves what may ship alone there, for a while. */
import type { Tx } from '#kernel';
import type { Ledger } from '#ledger';
import type { AutonomyCurb } from './schema.ts';
import { insertCurb } from './curb-store.ts';
import { type LandedOutcome, noteSetback, type ShippedAlone } from './outcome-store.ts';

const AUTONOMY = { kind: 'system', id: 'autonomy' } as const;

/** Writes curbs and their event once for each cause. */
export async function halve(
  tx: Tx,
  ledger: Ledger,
  outcome: LandedOutcome,
  alone: ShippedAlone,
  harm: { cause: AutonomyCurb['cause']; ref: string; at: Date },
): Promise<boolean> {
  const services =
    alone.scope === 'repository' || alone.services.length === 0 ? ['*'] : alone.services;
  const until = new Date(harm.at.getTime() + alone.halveForMs);
  let isNew = false;
  for (const service of services) {
    const isInserted = await insertCurb(tx, {
      repository: outcome.repository,
      service,
      changeId: outcome.changeId,
      cause: harm.cause,
      causeRef: harm.ref,
      startedAt: harm.at,
      until,
    });
    isNew ||= isInserted;
  }
  if (!isNew) return false;
  const setback = harm.cause === 'incident' ? 'incident' : 'taken-back';
  await noteSetback(tx, outcome.changeId, setback, harm.at);
  await ledger.append(tx, {
    type: 'autonomy.halved',
    subject: outcome.changeId,
    actor: AUTONOMY,
    refs: {
      change: outcome.changeId,
      repository: outcome.repository,
      decision: alone.decisionId,
      mergeCommit: outcome.mergeSha,
    },
    data: { cause: harm.cause, causeRef: harm.ref, services, until, agent: alone.agent },
  });
  return true;
}
