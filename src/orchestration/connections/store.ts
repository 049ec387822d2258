/** SQL of connections. */
import type { Json, Queryable, Tx } from '#kernel';

export interface ConnectionRow {
  name: string;
  paused_at: Date | null;
  paused_by: string | null;
  pause_reason: string | null;
  last_event_at: Date | null;
  last_success_at: Date | null;
  last_error_at: Date | null;
  last_error_code: string | null;
  last_error: string | null;
  deliveries: number;
  duplicates: number;
  refused: number;
  signals: number;
  objects: number;
  rate: Json | null;
}

export function listRows(queryable: Queryable): Promise<ConnectionRow[]> {
  return queryable.query<ConnectionRow>('select * from loom.connections');
}

export function listLost(
  queryable: Queryable,
): Promise<{ host: string; repository: string; since: Date; why: string }[]> {
  return queryable.query(
    `select host, name as repository, access_lost_at as since, access_lost_why as why
     from loom.repositories where access_lost_at is not null and removed_at is null
     order by name limit 200`,
  );
}

export interface ReadingRow {
  system: string;
  scope: string;
  state: 'reading' | 'read' | 'failed';
  stream: string | null;
  via: 'graphql' | 'rest' | null;
  why: string | null;
  total: number | null;
  told: number;
  objects: Record<string, number>;
  startedAt: Date;
  updatedAt: Date;
  finishedAt: Date | null;
  error: string | null;
}

/** What goes on and what failed comes first. */
export function listReadings(queryable: Queryable): Promise<ReadingRow[]> {
  return queryable.query<ReadingRow>(
    `select system, scope, state, stream, via, why, total, told, objects, started_at as "startedAt",
       updated_at as "updatedAt", finished_at as "finishedAt", error
     from loom.knowledge_readings order by state = 'read', updated_at desc, scope limit 500`,
  );
}

/** Gives whether it was not paused before. */
export async function pause(
  tx: Tx,
  name: string,
  by: string,
  reason: string | null,
): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.connections (name, paused_at, paused_by, pause_reason)
     values ($1, now(), $2, $3)
     on conflict (name) do update
       set paused_at = now(), paused_by = $2, pause_reason = $3
       where loom.connections.paused_at is null
     returning name`,
    [name, by, reason],
  );
  return rows.length > 0;
}

export async function resume(tx: Tx, name: string): Promise<boolean> {
  const rows = await tx.query(
    `update loom.connections set paused_at = null, paused_by = null, pause_reason = null
     where name = $1 and paused_at is not null returning name`,
    [name],
  );
  return rows.length > 0;
}

/** What one node saw since it last wrote it down. */
export interface TallyRow {
  name: string;
  lastEventAt: Date | null;
  lastSuccessAt: Date | null;
  lastError: { at: Date; code: string; message: string } | null;
  deliveries: number;
  duplicates: number;
  refused: number;
  signals: number;
  objects: number;
  rate: object | null;
}

/** Adds the counts of all, and keeps the newest of each time. */
export async function addTallies(
  queryable: Queryable,
  tallies: readonly TallyRow[],
): Promise<void> {
  await queryable.query(
    `insert into loom.connections as c (name, last_event_at, last_success_at, last_error_at,
       last_error_code, last_error, deliveries, duplicates, refused, signals, objects, rate)
     select name, last_event_at, last_success_at, last_error_at, last_error_code, last_error,
       deliveries, duplicates, refused, signals, objects, rate
     from jsonb_to_recordset($1::jsonb) as told (name text, last_event_at timestamptz,
       last_success_at timestamptz, last_error_at timestamptz, last_error_code text, last_error text,
       deliveries bigint, duplicates bigint, refused bigint, signals bigint, objects bigint, rate jsonb)
     order by name
     on conflict (name) do update set
       last_event_at = greatest(c.last_event_at, excluded.last_event_at),
       last_success_at = greatest(c.last_success_at, excluded.last_success_at),
       last_error_code = case when excluded.last_error_at >= coalesce(c.last_error_at, '-infinity')
         then excluded.last_error_code else c.last_error_code end,
       last_error = case when excluded.last_error_at >= coalesce(c.last_error_at, '-infinity')
         then excluded.last_error else c.last_error end,
       last_error_at = greatest(c.last_error_at, excluded.last_error_at),
       deliveries = c.deliveries + excluded.deliveries,
       duplicates = c.duplicates + excluded.duplicates,
       refused = c.refused + excluded.refused,
       signals = c.signals + excluded.signals,
       objects = c.objects + excluded.objects,
       rate = coalesce(excluded.rate, c.rate)`,
    [
      JSON.stringify(
        tallies.map(({ lastEventAt, lastSuccessAt, lastError, ...counts }) => ({
          ...counts,
          last_event_at: lastEventAt,
          last_success_at: lastSuccessAt,
          last_error_at: lastError?.at ?? null,
          last_error_code: lastError?.code ?? null,
          last_error: lastError?.message ?? null,
        })),
      ),
    ],
  );
}

/** Takes a scope that is due, for `leaseMs`; undefined when another node has it or it is not due. */
export async function takeScope(
  queryable: Queryable,
  connection: string,
  scope: string,
  leaseMs: number,
): Promise<{ cursor: string | null } | undefined> {
  await queryable.query(
    `insert into loom.connection_sweeps (connection, scope) values ($1, $2)
     on conflict (connection, scope) do nothing`,
    [connection, scope],
  );
  const rows = await queryable.query<{ cursor: string | null }>(
    `update loom.connection_sweeps set due_at = now() + $3 * interval '1 millisecond'
     where connection = $1 and scope = $2 and due_at <= now() returning cursor`,
    [connection, scope, leaseMs],
  );
  return rows[0];
}

export async function saveCursor(
  queryable: Queryable,
  connection: string,
  scope: string,
  cursor: string,
): Promise<void> {
  await queryable.query(
    `update loom.connection_sweeps set cursor = $3, swept_at = now(), error = null
     where connection = $1 and scope = $2`,
    [connection, scope, cursor],
  );
}

export async function endSweep(
  queryable: Queryable,
  connection: string,
  scope: string,
  { againInMs, error }: { againInMs: number; error: string | null },
): Promise<void> {
  await queryable.query(
    `update loom.connection_sweeps set due_at = now() + $3 * interval '1 millisecond', error = $4
     where connection = $1 and scope = $2`,
    [connection, scope, againInMs, error],
  );
}
