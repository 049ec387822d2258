/**
 * Holds: a change somebody asked to keep from landing, whatever its verdict, until somebody takes the hold
 * away. Looked at when the merge is about to be asked for.
 */
import type { Id, Queryable } from '#kernel';
import type { Actor, NewEvent } from '#ledger';
import type { OrchestrationDeps } from '../deps.ts';
import type { Change } from '../schema.ts';
import type { WorkflowService } from '../service.ts';

export interface Hold {
  heldBy: string;
  reason: string;
  heldAt: Date;
}

const MAX_REASON = 500;

export async function findHold(
  queryable: Queryable,
  changeId: Id<'chg'>,
): Promise<Hold | undefined> {
  const rows = await queryable.query<Hold>(
    `select held_by as "heldBy", reason, held_at as "heldAt"
     from loom.change_holds where change_id = $1`,
    [changeId],
  );
  return rows[0];
}

/** False when it was held before. */
export async function holdChange(
  { db, ledger }: Pick<OrchestrationDeps, 'db' | 'ledger'>,
  change: Change,
  { by, reason, actor }: { by: string; reason: string; actor: Actor },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const rows = await tx.query(
      `insert into loom.change_holds (change_id, held_by, reason) values ($1, $2, $3)
       on conflict (change_id) do nothing returning change_id`,
      [change.id, by, reason.slice(0, MAX_REASON)],
    );
    if (rows.length === 0) return false;
    await ledger.append(tx, {
      ...about(change, actor),
      type: 'change.held',
      data: { reason: reason.slice(0, MAX_REASON) },
    });
    return true;
  });
}

/** Takes the hold away and has the run look again. False when there was none. */
export async function releaseChange(
  {
    db,
    ledger,
    workflow,
  }: Pick<OrchestrationDeps, 'db' | 'ledger'> & { workflow: WorkflowService },
  change: Change,
  actor: Actor,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const rows = await tx.query<{ at: Date }>(
      `delete from loom.change_holds where change_id = $1 returning held_at as at`,
      [change.id],
    );
    if (rows[0] === undefined) return false;
    await ledger.append(tx, { ...about(change, actor), type: 'change.released', data: {} });
    if (change.runId !== null) {
      await workflow.signal(tx, {
        runId: change.runId,
        name: 'review',
        body: { decision: 'reconsider', reason: 'the hold was taken away' },
        dedupeKey: `released:${change.id}:${rows[0].at.toISOString()}`,
        actor,
      });
    }
    return true;
  });
}

function about(change: Change, actor: Actor): Omit<NewEvent, 'type'> {
  return {
    subject: change.id,
    actor,
    refs: { change: change.id, repository: change.repository, commit: change.headSha },
    correlationId: change.correlationId,
  };
}
