/** SQL of the breakers of sessions. */
import type { Id, Queryable, Tx } from '#kernel';
import type { Budget } from './budget.ts';
import type { BreakerTotals, BreakerTrip } from './schema.ts';

export interface BreakerRow {
  id: Id<'ses'>;
  state: string;
  stage: 'closed' | 'turn-ended' | 'session-ended';
  budget: Partial<Budget> | null;
  nudges: number;
  trips: number;
  agent: string;
  repository: string | null;
  branch: string | null;
  intent: string;
  correlation_id: string;
  work_item_id: string | null;
  operator_id: string | null;
  /** Of telemetry; the session may have used more than its hooks let us count. */
  told_tokens: number;
  told_cost: number;
  now_ms: number;
}

const SESSION = `s.agent, s.repository, s.branch, s.intent, s.correlation_id, s.work_item_id,
  s.operator_id, (extract(epoch from now()) * 1000)::float8 as now_ms`;

/** Always in one order, so that two groups of sessions do not wait for each other. */
export function lockBreakers(tx: Tx, ids: readonly string[]): Promise<BreakerRow[]> {
  return tx.query<BreakerRow>(
    `select b.session_id as id, b.state, b.stage, b.budget, b.nudges, b.trips,
       b.told_tokens::float8 as told_tokens, b.told_cost_usd_micros::float8 as told_cost, ${SESSION}
     from loom.session_breakers b join loom.sessions s on s.id = b.session_id
     where b.session_id = any($1::text[]) order by b.session_id for update of b`,
    [ids],
    'session_breakers_lock',
  );
}

/** Rows for sessions that have none yet. */
export async function insertBreakers(tx: Tx, ids: readonly string[], state: string): Promise<void> {
  await tx.query(
    `insert into loom.session_breakers (session_id, state)
     select s.id, $2 from loom.sessions s where s.id = any($1::text[]) order by s.id
     on conflict do nothing`,
    [ids, state],
  );
}

export interface SavedBreaker {
  id: string;
  state: string;
  stage: BreakerRow['stage'];
  guarded: number[];
  nudges: number;
  trips: number;
  tokens: number;
  costUsdMicros: number;
  calls: number;
}

export async function saveBreakers(tx: Tx, rows: readonly SavedBreaker[]): Promise<void> {
  await tx.query(
    `update loom.session_breakers b set state = n.state, stage = n.stage, nudges = n.nudges,
       trips = n.trips, tokens = greatest(n.tokens, b.told_tokens),
       cost_usd_micros = greatest(n.cost, b.told_cost_usd_micros), calls = n.calls,
       guarded = string_to_array(n.guarded, ',')::bigint[], updated_at = now()
     from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::int[], $6::bigint[],
       $7::bigint[], $8::int[], $9::text[])
       as n (id, state, stage, nudges, trips, tokens, cost, calls, guarded)
     where b.session_id = n.id`,
    [
      rows.map(({ id }) => id),
      rows.map(({ state }) => state),
      rows.map(({ stage }) => stage),
      rows.map(({ nudges }) => nudges),
      rows.map(({ trips }) => trips),
      rows.map(({ tokens }) => Math.round(tokens)),
      rows.map(({ costUsdMicros }) => Math.round(costUsdMicros)),
      rows.map(({ calls }) => calls),
      rows.map(({ guarded }) => guarded.join(',')),
    ],
    'session_breakers_save',
  );
}

/** What a session is said to have used; less than what is known of it changes nothing. */
export async function tellSpend(
  tx: Tx,
  id: string,
  spend: { tokens: number; costUsdMicros: number },
): Promise<void> {
  await tx.query(
    `update loom.session_breakers set
       told_tokens = greatest(told_tokens, $2::bigint), tokens = greatest(tokens, $2::bigint),
       told_cost_usd_micros = greatest(told_cost_usd_micros, $3::bigint),
       cost_usd_micros = greatest(cost_usd_micros, $3::bigint), updated_at = now()
     where session_id = $1`,
    [id, Math.round(spend.tokens), Math.round(spend.costUsdMicros)],
    'session_breakers_tell_spend',
  );
}

export interface Asking {
  agent: string;
  externalId: string;
  personId: string;
  key: number;
}

/** The breakers that have something to say about these calls, in their order; mostly none has. */
export async function findGuards(
  queryable: Queryable,
  calls: readonly Asking[],
): Promise<(Id<'ses'> | undefined)[]> {
  const rows = await queryable.query<{ place: number; id: Id<'ses'> }>(
    `select c.place, b.session_id as id
     from unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
       with ordinality as c (agent, external_id, person_id, key, place)
     join loom.sessions s on s.agent = c.agent and s.external_id = c.external_id
       and (s.operator_id is null or s.operator_id = c.person_id)
     join loom.session_breakers b on b.session_id = s.id
     where b.stage <> 'closed' or c.key = any(b.guarded)`,
    [
      calls.map(({ agent }) => agent),
      calls.map(({ externalId }) => externalId),
      calls.map(({ personId }) => personId),
      calls.map(({ key }) => key),
    ],
    'session_breakers_find_guards',
  );
  const found = new Map(rows.map(({ place, id }) => [place, id]));
  return calls.map((_, index) => found.get(index + 1));
}

export async function setBudget(tx: Tx, id: string, budget: Partial<Budget>): Promise<void> {
  await tx.query(`update loom.session_breakers set budget = $2 where session_id = $1`, [
    id,
    JSON.stringify(budget),
  ]);
}

export async function heldPaths(tx: Tx, id: string, limit: number): Promise<string[]> {
  const rows = await tx.query<{ path: string }>(
    `select path from loom.claims where session_id = $1 and state = 'held' order by path limit $2`,
    [id, limit],
  );
  return rows.map(({ path }) => path);
}

export interface TripRow {
  id: Id<'brk'>;
  session_id: Id<'ses'>;
  agent: string;
  repository: string | null;
  rule: BreakerTrip['rule'];
  stage: BreakerTrip['stage'];
  reason: string;
  advice: string;
  evidence: number[];
  step: number;
  hand_over: string | null;
  saved_tokens: number;
  saved_cost_usd_micros: number | null;
  saved_method: string;
  tripped_at: Date;
  lifted_at: Date | null;
  lifted_by: string | null;
}

export function toTrip(row: TripRow): BreakerTrip {
  return {
    id: row.id,
    sessionId: row.session_id,
    agent: row.agent,
    repository: row.repository,
    rule: row.rule,
    stage: row.stage,
    reason: row.reason,
    advice: row.advice,
    evidence: row.evidence,
    step: row.step,
    handOver: row.hand_over,
    savedTokens: row.saved_tokens,
    savedCostUsdMicros: row.saved_cost_usd_micros,
    savedMethod: row.saved_method,
    trippedAt: row.tripped_at,
    liftedAt: row.lifted_at,
    liftedBy: row.lifted_by,
  };
}

export async function insertTrip(
  tx: Tx,
  trip: Omit<TripRow, 'tripped_at' | 'lifted_at' | 'lifted_by'>,
): Promise<void> {
  await tx.query(
    `insert into loom.breaker_trips (id, session_id, agent, repository, rule, stage, reason, advice,
       evidence, step, hand_over, saved_tokens, saved_cost_usd_micros, saved_method)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [
      trip.id,
      trip.session_id,
      trip.agent,
      trip.repository,
      trip.rule,
      trip.stage,
      trip.reason,
      trip.advice,
      trip.evidence,
      trip.step,
      trip.hand_over,
      trip.saved_tokens,
      trip.saved_cost_usd_micros,
      trip.saved_method,
    ],
  );
}

export async function liftTrips(tx: Tx, sessionId: string, by: string): Promise<void> {
  await tx.query(
    `update loom.breaker_trips set lifted_at = now(), lifted_by = $2
     where session_id = $1 and lifted_at is null`,
    [sessionId, by],
  );
}

export function listTrips(
  queryable: Queryable,
  filter: { sessionId?: string | undefined; repository?: string | undefined },
  after: readonly [string, string] | null,
  limit: number,
): Promise<TripRow[]> {
  return queryable.query<TripRow>(
    `select * from loom.breaker_trips
     where ($1::text is null or session_id = $1) and ($2::text is null or repository = $2)
       and ($3::timestamptz is null or (tripped_at, id) < ($3::timestamptz, $4))
     order by tripped_at desc, id desc limit $5`,
    [
      filter.sessionId ?? null,
      filter.repository ?? null,
      after?.[0] ?? null,
      after?.[1] ?? null,
      limit,
    ],
  );
}

export async function sumTrips(
  queryable: Queryable,
  days: number,
): Promise<Omit<BreakerTotals, 'days'>> {
  const rows = await queryable.query<Record<keyof Omit<BreakerTotals, 'days'>, number>>(
    `select count(*)::int as trips,
       count(*) filter (where stage = 'block-call')::int as "callsBlocked",
       count(*) filter (where stage = 'end-turn')::int as "turnsEnded",
       count(*) filter (where stage = 'end-session')::int as "sessionsEnded",
       count(*) filter (where lifted_at is not null)::int as lifted,
       coalesce(sum(saved_tokens), 0)::float8 as "savedTokens",
       coalesce(sum(saved_cost_usd_micros), 0)::float8 as "savedCostUsdMicros"
     from loom.breaker_trips where tripped_at > now() - $1::int * interval '1 day'`,
    [days],
  );
  return rows[0]!;
}

/** The newest note for the same work item, else for the same branch, of the last week. */
export async function findHandOver(
  queryable: Queryable,
  it: {
    sessionId: string;
    workItemId: string | null;
    repository: string;
    branch: string | null;
  },
): Promise<string | undefined> {
  const rows = await queryable.query<{ hand_over: string }>(
    `select t.hand_over from loom.breaker_trips t join loom.sessions s on s.id = t.session_id
     where t.hand_over is not null and t.session_id <> $1 and t.lifted_at is null
       and t.tripped_at > now() - interval '7 days' and s.repository = $3
       and (($2::text is not null and s.work_item_id = $2) or ($4::text is not null and s.branch = $4))
     order by t.tripped_at desc limit 1`,
    [it.sessionId, it.workItemId, it.repository, it.branch],
  );
  return rows[0]?.hand_over;
}

export async function findBreaker(
  queryable: Queryable,
  id: string,
): Promise<
  | {
      stage: BreakerRow['stage'];
      nudges: number;
      trips: number;
      tokens: number;
      cost_usd_micros: number;
      calls: number;
      budget: Partial<Budget> | null;
      agent: string;
      repository: string | null;
    }
  | undefined
> {
  const rows = await queryable.query<{
    stage: BreakerRow['stage'];
    nudges: number;
    trips: number;
    tokens: number;
    cost_usd_micros: number;
    calls: number;
    budget: Partial<Budget> | null;
    agent: string;
    repository: string | null;
  }>(
    `select b.stage, b.nudges, b.trips, b.tokens::float8 as tokens,
       b.cost_usd_micros::float8 as cost_usd_micros, b.calls, b.budget, s.agent, s.repository
     from loom.session_breakers b join loom.sessions s on s.id = b.session_id where s.id = $1`,
    [id],
  );
  return rows[0];
}
