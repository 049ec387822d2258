/** Harm traced to a change that shipped alone halves what may ship alone there, for a while. */
import type { Tx } from '#kernel';
import type { Ledger } from '#ledger';
import type { AutonomyCurb } from './schema.ts';
import * as store from './store.ts';

const AUTONOMY = { kind: 'system', id: 'autonomy' } as const;

/** Writes curbs and their event once for each cause. */
export async function halve(
  tx: Tx,
  ledger: Ledger,
  record: store.RecordRow,
  harm: { cause: AutonomyCurb['cause']; ref: string; at: Date },
): Promise<boolean> {
  const services =
    record.scope === 'repository' || record.services.length === 0 ? ['*'] : record.services;
  const until = new Date(harm.at.getTime() + record.halveForMs);
  let isNew = false;
  for (const service of services) {
    const isInserted = await store.insertCurb(tx, {
      repository: record.repository,
      service,
      changeId: record.changeId,
      cause: harm.cause,
      causeRef: harm.ref,
      startedAt: harm.at,
      until,
    });
    isNew ||= isInserted;
  }
  if (!isNew) return false;
  if (harm.cause === 'incident') await store.countIncident(tx, record.changeId);
  else await store.markReverted(tx, record.changeId, harm.at);
  await ledger.append(tx, {
    type: 'autonomy.halved',
    subject: record.changeId,
    actor: AUTONOMY,
    refs: {
      change: record.changeId,
      repository: record.repository,
      decision: record.decisionId,
      mergeCommit: record.mergeSha,
    },
    data: { cause: harm.cause, causeRef: harm.ref, services, until, agent: record.agent },
  });
  return true;
}
