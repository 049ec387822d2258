/** News of a change for the runs of the work item it was made for: they wait for it to land and to run. */
import type { Id, JsonObject, Tx } from '#kernel';
import type { Actor } from '#ledger';
import type { ChangeDeps } from './deps.ts';

/** Runs of the item that have no change of their own hear it; the same news twice is one signal. */
export async function tellRunsOfWorkItem(
  tx: Tx,
  { workflow }: Pick<ChangeDeps, 'workflow'>,
  news: {
    workItemId: Id<'wrk'> | null;
    name: 'landed' | 'deployed';
    body: JsonObject;
    dedupeKey: string;
    actor: Actor;
  },
): Promise<void> {
  const { workItemId, ...signal } = news;
  if (workItemId === null) return;
  const runs = await tx.query<{ id: Id<'run'> }>(
    `select id from loom.runs
     where work_item_id = $1 and change_id is null and state in ('running', 'paused') order by id`,
    [workItemId],
  );
  for (const { id: runId } of runs) await workflow.signal(tx, { runId, ...signal });
}
