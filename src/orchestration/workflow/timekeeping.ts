/** What time does to runs: timers ring, leases end. Any node may do it; once a second is enough. */
import type { Db, NewId } from '#kernel';
import type { Ledger } from '#ledger';
import type { Announcer } from './announce.ts';
import { findPoisoned, reclaimLost, wakeTimers } from './claim.ts';
import { runFailed, stepFailed, stepReclaimed, stepResumed } from './events.ts';
import { failStep, lockRuns } from './settle.ts';
import { admitSteps } from './admit.ts';
import { endLateRuns } from './late-runs.ts';
import { findRun } from './store.ts';
import { startUndo } from './undo.ts';

/** A step that outlives this many of its workers may be what kills them. */
export const MAX_LOST_LEASES = 20;

/** Gives how many steps it moved. */
export async function keepTime(deps: {
  db: Db;
  ledger: Ledger;
  newId: NewId;
  announcer: Announcer;
}): Promise<number> {
  const { db, ledger, newId, announcer } = deps;
  const moved = await db.transaction(async (tx) => {
    const resumed = await wakeTimers(tx);
    const reclaimed = await reclaimLost(tx, MAX_LOST_LEASES);
    const events = [
      ...resumed.map((step) => stepResumed(step, { by: 'timer', on: step.waitingOn })),
      ...reclaimed.map((step) =>
        stepReclaimed(step, {
          worker: step.worker,
          startedAt: step.startedAt,
          lostLeases: step.lostLeases,
        }),
      ),
    ];
    if (events.length === 0) return 0;
    await ledger.appendMany(tx, events);
    announcer.newWork(tx);
    return events.length;
  });

  const poisoned = await findPoisoned(db, MAX_LOST_LEASES);
  for (const step of poisoned) {
    const message = `Given up: ${MAX_LOST_LEASES} workers in turn died while they ran this step.`;
    await db.transaction(async (tx) => {
      await lockRuns(tx, [step.runId]);
      const failed = await failStep(tx, step.worker, { ...step, message });
      if (failed === undefined) return;
      const cause = newId('evt');
      const run = (await findRun(tx, step.runId))!;
      const undoneBy = await startUndo(tx, deps, run, failed.undo, cause);
      await ledger.appendMany(tx, [
        stepFailed(step, { id: cause, attempt: step.attempt, message, retryInMs: null }),
        runFailed(step, { cause, message, cancelledSteps: failed.cancelledSteps, undoneBy }),
      ]);
    });
  }
  const late = await endLateRuns(deps);
  return moved + poisoned.length + late + (await admitSteps(deps));
}
