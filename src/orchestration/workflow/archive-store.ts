/**
 * SQL of the archive: runs that ended long ago leave the tables that every claim reads, as one row each.
 * They are shown like any other, and come back when somebody takes them up again.
 */
import type { Id, Queryable, Tx } from '#kernel';
import type { Run, Step } from '../schema.ts';
import { RUN_COLUMNS, STEP_COLUMNS } from './rows.ts';

/** `a` is the alias of loom.archived_runs; its run under the alias `r`, as RUN_COLUMNS wants it. */
const ARCHIVED = `loom.archived_runs a cross join lateral jsonb_populate_record(null::loom.runs, a.run) r`;

export interface Archived {
  count: number;
  /** When the first and the last of them ended. */
  from: Date;
  to: Date;
}

/**
 * Moves the oldest runs that ended more than `afterDays` ago. Left where they are: runs a schedule still
 * looks at, and runs whose steps still count against the rate of a limit.
 */
export async function archiveRuns(
  tx: Tx,
  { afterDays, limit }: { afterDays: number; limit: number },
): Promise<Archived | undefined> {
  const due = await tx.query<{ id: Id<'run'> }>(
    `select r.id from loom.runs r
     where r.ended_at < now() - $1 * interval '1 day' and r.state in ('done', 'failed', 'cancelled')
       and not exists (select from loom.schedules c where c.last_run_id = r.id)
       and not exists (select from loom.steps s where s.run_id = r.id
         and (s.state in ('blocked', 'ready', 'running', 'waiting')
           or s.admitted_at + s.limit_window_ms * interval '1 millisecond' > now()))
     order by r.ended_at limit $2 for update of r skip locked`,
    [afterDays, limit],
  );
  if (due.length === 0) return undefined;
  // The runs are locked: nobody signals them or takes them up until this is committed.
  const [moved] = await tx.query<Archived>(
    `with signals as (
       delete from loom.run_signals g where g.run_id = any($1) returning g.*
     ), steps as (
       delete from loom.steps s where s.run_id = any($1) returning s.*
     ), runs as (
       delete from loom.runs r where r.id = any($1) returning r.*
     ), kept as (
       insert into loom.archived_runs
         (id, state, change_id, work_item_id, created_at, ended_at, run, steps, signals)
       select r.id, r.state, r.change_id, r.work_item_id, r.created_at, r.ended_at, to_jsonb(r),
         coalesce((select jsonb_agg(to_jsonb(s) order by s.position) from steps s
           where s.run_id = r.id), '[]'),
         coalesce((select jsonb_agg(to_jsonb(g) order by g.number) from signals g
           where g.run_id = r.id), '[]')
       from runs r returning ended_at
     )
     select count(*)::int as count, min(ended_at) as "from", max(ended_at) as "to" from kept`,
    [due.map(({ id }) => id)],
  );
  return moved;
}

/** Forgets the oldest of the archive. */
export async function dropArchived(
  tx: Tx,
  { keepDays, limit }: { keepDays: number; limit: number },
): Promise<Archived | undefined> {
  const [dropped] = await tx.query<Archived>(
    `with old as (
       select id from loom.archived_runs where ended_at < now() - $1 * interval '1 day'
       order by ended_at limit $2 for update skip locked
     ), gone as (
       delete from loom.archived_runs a using old where a.id = old.id returning a.ended_at
     )
     select count(*)::int as count, min(ended_at) as "from", max(ended_at) as "to" from gone`,
    [keepDays, limit],
  );
  return dropped!.count === 0 ? undefined : dropped;
}

/** Brings a run back to where workers see it. Undefined: the archive does not hold it. */
export async function restoreRun(tx: Tx, id: Id<'run'>): Promise<Id<'run'> | undefined> {
  const rows = await tx.query<{ id: Id<'run'> }>(
    `with a as (
       delete from loom.archived_runs where id = $1 returning *
     ), r as (
       insert into loom.runs select r.* from a, jsonb_populate_record(null::loom.runs, a.run) r
       returning id
     ), s as (
       insert into loom.steps
       select s.* from a, jsonb_populate_recordset(null::loom.steps, a.steps) s
     ), g as (
       insert into loom.run_signals overriding system value
       select g.* from a, jsonb_populate_recordset(null::loom.run_signals, a.signals) g
     )
     select id from r`,
    [id],
  );
  return rows[0]?.id;
}

export async function findArchivedRun(
  queryable: Queryable,
  id: Id<'run'>,
): Promise<Run | undefined> {
  const rows = await queryable.query<Run>(
    `select ${RUN_COLUMNS}, a.archived_at as "archivedAt" from ${ARCHIVED} where a.id = $1`,
    [id],
  );
  return rows[0];
}

export function listArchivedSteps(queryable: Queryable, runId: Id<'run'>): Promise<Step[]> {
  return queryable.query<Step>(
    `select ${STEP_COLUMNS} from loom.archived_runs a
     cross join lateral jsonb_populate_recordset(null::loom.steps, a.steps) s
     where a.id = $1 order by s.position`,
    [runId],
  );
}

/** Newest first, at most `limit`; which of them are wanted is said as in `listRuns`. */
export function listArchivedRuns(
  queryable: Queryable,
  filter: {
    state: string | null;
    changeId: string | null;
    before: { createdAt: string; id: string } | null;
    limit: number;
  },
): Promise<Run[]> {
  return queryable.query<Run>(
    `select ${RUN_COLUMNS}, a.archived_at as "archivedAt" from (
       select * from loom.archived_runs a
       where ($1::text is null or a.state = $1) and ($2::text is null or a.change_id = $2)
         and ($3::timestamptz is null or (a.created_at, a.id) < ($3, $4))
       order by a.created_at desc, a.id desc limit $5
     ) a cross join lateral jsonb_populate_record(null::loom.runs, a.run) r
     order by a.created_at desc, a.id desc`,
    [
      filter.state,
      filter.changeId,
      filter.before?.createdAt ?? null,
      filter.before?.id ?? null,
      filter.limit,
    ],
  );
}

/** Whether the archive holds it: it was a run once, and has ended. */
export async function isArchived(queryable: Queryable, id: Id<'run'>): Promise<boolean> {
  const rows = await queryable.query('select from loom.archived_runs where id = $1', [id]);
  return rows.length > 0;
}
