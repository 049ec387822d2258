/** Runs that have not ended when their time is over. A paused run is not late before it goes on. */
import type { Db, Id } from '#kernel';
import { runTimedOut } from './events.ts';
import { endRun } from './settle.ts';
import { lockRun } from './store.ts';
import { startUndo, type UndoDeps } from './undo.ts';

const AT_ONCE = 100;

/** Gives how many it ended. */
export async function endLateRuns(deps: UndoDeps & { db: Db }): Promise<number> {
  const { db, ledger, newId, announcer } = deps;
  const late = await db.query<{ id: Id<'run'> }>(
    `select id from loom.runs
     where deadline_at <= statement_timestamp() and state = 'running'
     order by deadline_at limit ${AT_ONCE}`,
    [],
    'workflow-late-runs',
  );
  for (const { id } of late) {
    await db.transaction(async (tx) => {
      const run = await lockRun(tx, id);
      if (run?.state !== 'running') return;
      const message = 'The run took longer than its workflow allows.';
      const { cancelledSteps, undo } = await endRun(tx, id, {
        state: 'failed',
        message,
        stepMessage: 'Not done: the time of the run was over.',
      });
      const event = newId('evt');
      await ledger.append(tx, runTimedOut(run, { id: event, message, cancelledSteps }));
      await startUndo(tx, deps, run, undo, event);
      announcer.runEnded(tx, id);
    });
  }
  return late.length;
}
