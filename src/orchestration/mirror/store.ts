/** SQL of the mirror of work items. */
import type { Id, Queryable, Tx } from '#kernel';
import type { MirroredChange } from './words.ts';

export interface MirrorRow {
  thread: string | null;
  state: string | null;
  comment_sha256: string | null;
  links: string[];
  held_at: Date | null;
}

/** Takes the item for a while; undefined when another node has it. */
export async function takeMirror(
  queryable: Queryable,
  workItemId: string,
  leaseMs: number,
): Promise<MirrorRow | undefined> {
  const rows = await queryable.query<MirrorRow>(
    `insert into loom.work_item_mirrors as m (work_item_id, busy_until)
     values ($1, now() + $2::bigint * interval '1 millisecond')
     on conflict (work_item_id) do update set busy_until = excluded.busy_until
     where m.busy_until is null or m.busy_until < now()
     returning m.thread, m.state, m.comment_sha256, m.links, m.held_at`,
    [workItemId, leaseMs],
  );
  return rows[0];
}

export async function releaseMirror(queryable: Queryable, workItemId: string): Promise<void> {
  await queryable.query(
    'update loom.work_item_mirrors set busy_until = null where work_item_id = $1',
    [workItemId],
  );
}

/** Counts a move before it is made. False once there were too many within the hour. */
export async function countMove(
  queryable: Queryable,
  workItemId: string,
  maxMoves: number,
): Promise<boolean> {
  const rows = await queryable.query<{ moves: number }>(
    `update loom.work_item_mirrors set
       moves = case when moves_since > now() - interval '1 hour' then moves + 1 else 1 end,
       moves_since = case when moves_since > now() - interval '1 hour' then moves_since else now() end
     where work_item_id = $1 returning moves`,
    [workItemId],
  );
  return (rows[0]?.moves ?? 0) <= maxMoves;
}

export async function holdMirror(tx: Tx, workItemId: string): Promise<boolean> {
  const rows = await tx.query(
    `update loom.work_item_mirrors set held_at = now()
     where work_item_id = $1 and (held_at is null or held_at < now() - interval '1 hour')
     returning work_item_id`,
    [workItemId],
  );
  return rows.length > 0;
}

/** Unless the item is another by now: its system answered our move with one of its own. */
export async function noteState(
  queryable: Queryable,
  item: { id: string; state: string },
  state: string,
  revision: string | undefined,
): Promise<void> {
  await queryable.query(
    `update loom.work_item_mirrors set
       state = case when exists (select 1 from loom.work_items where id = $1 and state = $4)
         then $2 end,
       revisions = case when $3::text is null then revisions else (revisions || $3::text)[greatest(1, cardinality(revisions) - 18):] end
     where work_item_id = $1`,
    [item.id, state, revision ?? null, item.state],
  );
}

export async function noteComment(
  queryable: Queryable,
  workItemId: string,
  sha256: string,
): Promise<void> {
  await queryable.query(
    'update loom.work_item_mirrors set comment_sha256 = $2 where work_item_id = $1',
    [workItemId, sha256],
  );
}

export async function noteLink(
  queryable: Queryable,
  workItemId: string,
  url: string,
): Promise<void> {
  await queryable.query(
    `update loom.work_item_mirrors set links = links || $2::text
     where work_item_id = $1 and not $2 = any(links)`,
    [workItemId, url],
  );
}

export async function agentOf(queryable: Queryable, sessionId: Id<'ses'>): Promise<string | null> {
  const rows = await queryable.query<{ agent: string }>(
    'select agent from loom.sessions where id = $1',
    [sessionId],
  );
  return rows[0]?.agent ?? null;
}

export function listChangesOf(queryable: Queryable, workItemId: string): Promise<MirroredChange[]> {
  return queryable.query<MirroredChange>(
    `select id, title, repository, number, state, lane from loom.changes
     where work_item_id = $1 order by opened_at, id limit 50`,
    [workItemId],
  );
}
