/** What the mirror of work items has to know before a signal counts. SQL and nothing else. */
import type { Queryable, Tx } from '#kernel';

/** The talk of an item; a later one takes its place. True when it is new. */
export async function noteThread(tx: Tx, workItemId: string, thread: string): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.work_item_mirrors as m (work_item_id, thread) values ($1, $2)
     on conflict (work_item_id) do update set thread = excluded.thread, comment_sha256 = null
     where m.thread is distinct from excluded.thread returning work_item_id`,
    [workItemId, thread],
  );
  return rows.length > 0;
}

export async function isOwnRevision(
  queryable: Queryable,
  workItemId: string,
  revision: string,
): Promise<boolean> {
  const rows = await queryable.query(
    'select 1 from loom.work_item_mirrors where work_item_id = $1 and $2 = any(revisions)',
    [workItemId, revision],
  );
  return rows.length > 0;
}

/** Its own system moved the item: what it was told before stands no longer. */
export async function forgetTold(tx: Tx, workItemId: string): Promise<void> {
  await tx.query('update loom.work_item_mirrors set state = null where work_item_id = $1', [
    workItemId,
  ]);
}
