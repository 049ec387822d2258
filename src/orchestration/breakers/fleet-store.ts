/** SQL of the breakers over many sessions. Times are the database's. */
import type { Queryable, Tx } from '#kernel';
import type { FleetBreaker, Outcome } from './schema.ts';

export interface FleetRow {
  scope: FleetBreaker['scope'];
  key: string;
  state: FleetBreaker['state'];
  reason: string;
  openings: number;
  changed_at: Date;
  until: Date | null;
  is_due: boolean;
}

const COLUMNS = `scope, key, state, reason, openings, changed_at, until,
  coalesce(until <= now(), false) as is_due`;

export function toFleetBreaker(row: FleetRow): FleetBreaker {
  const { scope, key, state, reason } = row;
  return { scope, key, state, reason, changedAt: row.changed_at, until: row.until };
}

/** Those that are not closed among the named, locked, always in the same order. */
export function lockOpen(tx: Tx, scopes: string[], keys: string[]): Promise<FleetRow[]> {
  return tx.query<FleetRow>(
    `select ${COLUMNS} from loom.fleet_breakers
     where state <> 'closed' and (scope, key) in (select * from unnest($1::text[], $2::text[]))
     order by scope, key for update`,
    [scopes, keys],
    'fleet_breakers_lock_open',
  );
}

/** Whether any of them is open: most of the time none is, and a start needs no lock to know it. */
export function findOpen(
  queryable: Queryable,
  scopes: string[],
  keys: string[],
): Promise<FleetRow[]> {
  return queryable.query<FleetRow>(
    `select ${COLUMNS} from loom.fleet_breakers
     where state <> 'closed' and (scope, key) in (select * from unnest($1::text[], $2::text[]))`,
    [scopes, keys],
    'fleet_breakers_find_open',
  );
}

export function listOpen(queryable: Queryable, limit: number): Promise<FleetRow[]> {
  return queryable.query<FleetRow>(
    `select ${COLUMNS} from loom.fleet_breakers where state <> 'closed'
     order by changed_at desc limit $1`,
    [limit],
  );
}

/** The breaker, made where there was none, locked. */
export async function lock(tx: Tx, scope: FleetBreaker['scope'], key: string): Promise<FleetRow> {
  await tx.query(
    `insert into loom.fleet_breakers (scope, key, state, changed_at)
     values ($1, $2, 'closed', '-infinity') on conflict do nothing`,
    [scope, key],
  );
  const rows = await tx.query<FleetRow>(
    `select ${COLUMNS} from loom.fleet_breakers where scope = $1 and key = $2 for update`,
    [scope, key],
  );
  return rows[0]!;
}

/** `minutes` null: it stays so until a person lifts it. */
export async function setState(
  tx: Tx,
  { scope, key }: { scope: string; key: string },
  next: { state: FleetBreaker['state']; reason: string; openings: number; minutes: number | null },
): Promise<FleetRow> {
  const rows = await tx.query<FleetRow>(
    `update loom.fleet_breakers set state = $3, reason = $4, openings = $5, changed_at = now(),
       until = now() + $6::float8 * interval '1 minute'
     where scope = $1 and key = $2 returning ${COLUMNS}`,
    [scope, key, next.state, next.reason, next.openings, next.minutes],
  );
  return rows[0]!;
}

/** False when the session had this outcome already. */
export async function insertOutcome(
  tx: Tx,
  it: { sessionId: string; agent: string; repository: string | null; outcome: Outcome },
): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.session_outcomes as o (session_id, agent, repository, outcome)
     values ($1, $2, $3, $4)
     on conflict (session_id) do update set outcome = excluded.outcome, at = now()
       where o.outcome <> excluded.outcome
     returning session_id`,
    [it.sessionId, it.agent, it.repository, it.outcome],
  );
  return rows.length > 0;
}

/** Outcomes since the breaker last changed, at most so many minutes back. */
export async function countOutcomes(
  tx: Tx,
  { scope, key, changed_at: since }: FleetRow,
  minutes: number,
): Promise<{ failed: number; troubled: number; total: number }> {
  const column = scope === 'repository' ? 'repository' : 'agent';
  const rows = await tx.query<{ failed: number; troubled: number; total: number }>(
    `select count(*) filter (where outcome = 'failed')::int as failed,
       count(*) filter (where outcome = 'provider-trouble')::int as troubled,
       count(*)::int as total
     from loom.session_outcomes
     where ${column} = $1 and at > greatest($2, now() - $3::float8 * interval '1 minute')`,
    [key, since, minutes],
  );
  return rows[0]!;
}

/** Reviews people are asked for in the repository now, and how many were decided lately. */
export async function countReviews(
  queryable: Queryable,
  repository: string,
  days: number,
): Promise<{ waiting: number; decided: number }> {
  const rows = await queryable.query<{ waiting: number; decided: number }>(
    `select count(*) filter (where state in ('open', 'acknowledged'))::int as waiting,
       count(*) filter (where state = 'decided'
         and ended_at > now() - $2::int * interval '1 day')::int as decided
     from loom.assignments where repository = $1
       and (state in ('open', 'acknowledged') or ended_at > now() - $2::int * interval '1 day')`,
    [repository, days],
    'fleet_breakers_count_reviews',
  );
  return rows[0]!;
}

export interface TurnRow {
  turns: number;
  last_by: 'us' | 'mirror';
  /** It went too far before, and nobody has looked yet. */
  is_open: boolean;
}

/** Counts how often the hand that changes the subject turned, within the window. */
export async function countTurn(
  tx: Tx,
  subject: string,
  by: 'us' | 'mirror',
  windowMinutes: number,
): Promise<TurnRow> {
  const rows = await tx.query<TurnRow>(
    `insert into loom.subject_turns as t (subject, last_by) values ($1, $2)
     on conflict (subject) do update set
       turns = case
         when t.window_started_at < now() - $3::float8 * interval '1 minute' then 0
         when t.last_by <> excluded.last_by then t.turns + 1
         else t.turns end,
       window_started_at = case
         when t.window_started_at < now() - $3::float8 * interval '1 minute' then now()
         else t.window_started_at end,
       last_by = excluded.last_by
     returning turns, last_by, exists (
       select from loom.fleet_breakers b
       where b.scope = 'subject' and b.key = $1 and b.state <> 'closed') as is_open`,
    [subject, by, windowMinutes],
  );
  return rows[0]!;
}

export async function forgetTurns(tx: Tx, subject: string): Promise<void> {
  await tx.query(`delete from loom.subject_turns where subject = $1`, [subject]);
}
