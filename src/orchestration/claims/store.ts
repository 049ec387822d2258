/** SQL of claims. Who may hold what is decided in service.ts; here only rows move. */
import type { Id, Queryable, Tx } from '#kernel';
import type { Claim } from '../schema.ts';
import { holdersOf, rangeBelow } from './path.ts';

export interface ClaimRow {
  id: Id<'clm'>;
  session_id: Id<'ses'>;
  agent: string;
  repository: string;
  path: string;
  strength: Claim['strength'];
  fence: number;
  state: Claim['state'];
  intent: string;
  granted_at: Date;
  lease_until: Date;
  released_at: Date | null;
}

export interface HeldRow extends ClaimRow {
  operator_id: string | null;
  operator_name: string | null;
  session_intent: string;
}

export interface OwnRow extends ClaimRow {
  /** By the database's clock; negative when the lease is over. */
  lease_left_ms: number;
}

const LEASE_END = (parameter: string) => `now() + ${parameter}::bigint * interval '1 millisecond'`;

/**
 * Ids of other sessions' claims that touch any of the paths: equal names and folders above, then
 * everything below. Asked first and alone, because nearly always the answer is none. The `offset 0`
 * keeps each range a search of its own: as a plain join the planner takes two inequalities for a ninth
 * of the table, and reads it whole (20 ms at 10,000 claims instead of 0.1 ms).
 */
export async function findTouching(
  queryable: Queryable,
  repository: string,
  sessionId: Id<'ses'>,
  paths: readonly string[],
): Promise<string[]> {
  const ranges = paths.map(rangeBelow);
  const rows = await queryable.query<{ id: string }>(
    `select id from loom.claims
     where repository = $1 and state = 'held' and session_id <> $5 and path = any($2::text[])
     union
     select inside.id from unnest($3::text[], $4::text[]) as below(low, high)
       cross join lateral (
         select id from loom.claims
         where repository = $1 and state = 'held' and session_id <> $5
           and path >= below.low and path < below.high
         offset 0) as inside`,
    [
      repository,
      [...new Set(paths.flatMap(holdersOf))],
      ranges.map(({ low }) => low),
      ranges.map(({ high }) => high),
      sessionId,
    ],
    'claims_find_touching',
  );
  return rows.map(({ id }) => id);
}

export function toClaim(row: ClaimRow): Claim {
  return {
    id: row.id,
    sessionId: row.session_id,
    agent: row.agent,
    repository: row.repository,
    path: row.path,
    strength: row.strength,
    fence: row.fence,
    state: row.state,
    intent: row.intent,
    grantedAt: row.granted_at,
    leaseUntil: row.lease_until,
    releasedAt: row.released_at,
  };
}

export interface HolderSession {
  id: Id<'ses'>;
  agent: string;
  operator_id: string | null;
  state: string;
  intent: string;
  work_item_id: string | null;
  correlation_id: string;
  now: Date;
}

/** Keeps the session from ending while claims are granted to it; also tells the database's time. */
export async function lockSession(
  tx: Tx,
  sessionId: Id<'ses'>,
): Promise<HolderSession | undefined> {
  const rows = await tx.query<HolderSession>(
    `select id, agent, operator_id, state, intent, work_item_id, correlation_id, now() as now
     from loom.sessions where id = $1 for share`,
    [sessionId],
    'claims_lock_session',
  );
  return rows[0];
}

/** Puts grants in one repository one after the other, until this transaction ends. Gives the last number. */
export async function lockRepository(tx: Tx, repository: string): Promise<number> {
  const rows = await tx.query<{ fence: number }>(
    `insert into loom.claim_fences (repository, fence) values ($1, 0)
     on conflict (repository) do update set fence = claim_fences.fence returning fence`,
    [repository],
    'claims_lock_repository',
  );
  return rows[0]!.fence;
}

export async function setFence(tx: Tx, repository: string, fence: number): Promise<void> {
  await tx.query('update loom.claim_fences set fence = $2 where repository = $1', [
    repository,
    fence,
  ]);
}

/** Ends those of the claims whose lease is over. */
export function expireStale(tx: Tx, ids: readonly string[]): Promise<ClaimRow[]> {
  return tx.query<ClaimRow>(
    `update loom.claims c set state = 'expired', released_at = now()
     from loom.sessions s
     where c.id = any($1::text[]) and c.state = 'held' and c.lease_until < now()
       and s.id = c.session_id
     returning c.*, s.agent`,
    [ids],
    'claims_expire_stale',
  );
}

/**
 * Those of the claims that one of this strength cannot stand beside. Without the repository's lock,
 * claims whose lease is over are left out: whoever asks would take them over.
 */
export function findConflicts(
  queryable: Queryable,
  ids: readonly string[],
  strength: Claim['strength'],
  options: { withStale: boolean },
): Promise<(HeldRow & { now: Date })[]> {
  return queryable.query<HeldRow & { now: Date }>(
    `select c.*, s.agent, s.operator_id, s.operator_name, s.intent as session_intent, now() as now
     from loom.claims c join loom.sessions s on s.id = c.session_id
     where c.id = any($1::text[]) and c.state = 'held'
       and ($3 or c.lease_until >= now()) and (c.strength = 'exclusive' or $2 = 'exclusive')
     order by c.path, c.id`,
    [ids, strength, options.withStale],
    'claims_find_conflicts',
  );
}

/** What the session holds itself on the paths or on folders above them. */
export function findOwn(
  queryable: Queryable,
  repository: string,
  sessionId: Id<'ses'>,
  paths: readonly string[],
): Promise<OwnRow[]> {
  return queryable.query<OwnRow>(
    `select c.*, s.agent,
       (extract(epoch from c.lease_until - now()) * 1000)::float8 as lease_left_ms
     from loom.claims c join loom.sessions s on s.id = c.session_id
     where c.repository = $1 and c.state = 'held' and c.path = any($2::text[])
       and c.session_id = $3`,
    [repository, [...new Set(paths.flatMap(holdersOf))], sessionId],
    'claims_find_own',
  );
}

/** Gives the claims that were still held; a claim somebody took over meanwhile is not among them. */
export function renew(
  queryable: Queryable,
  claimIds: readonly string[],
  leaseMs: number,
): Promise<ClaimRow[]> {
  return queryable.query<ClaimRow>(
    `update loom.claims c set lease_until = ${LEASE_END('$2')} from loom.sessions s
     where c.id = any($1::text[]) and c.state = 'held' and s.id = c.session_id
     returning c.*, s.agent`,
    [claimIds, leaseMs],
    'claims_renew',
  );
}

/** A sign of life renews what a session holds; a lease that has hardly been used is left alone. */
export async function renewAll(tx: Tx, sessionId: Id<'ses'>, leaseMs: number): Promise<void> {
  await tx.query(
    `update loom.claims set lease_until = ${LEASE_END('$2')}
     where session_id = $1 and state = 'held'
       and lease_until < now() + $2::bigint * interval '0.9 millisecond'`,
    [sessionId, leaseMs],
    'claims_renew_all',
  );
}

export async function insertClaims(
  tx: Tx,
  claims: readonly { id: Id<'clm'>; path: string; fence: number }[],
  common: {
    sessionId: Id<'ses'>;
    repository: string;
    strength: Claim['strength'];
    intent: string;
    leaseMs: number;
  },
): Promise<ClaimRow[]> {
  return tx.query<ClaimRow>(
    `with granted as (
       insert into loom.claims (id, session_id, repository, path, strength, fence, state, intent, lease_until)
       select new.id, $4, $5, new.path, $6, new.fence, 'held', $7, ${LEASE_END('$8')}
       from unnest($1::text[], $2::text[], $3::bigint[]) as new(id, path, fence)
       returning *)
     select granted.*, s.agent from granted join loom.sessions s on s.id = granted.session_id
     order by granted.fence`,
    [
      claims.map(({ id }) => id),
      claims.map(({ path }) => path),
      claims.map(({ fence }) => fence),
      common.sessionId,
      common.repository,
      common.strength,
      common.intent,
      common.leaseMs,
    ],
  );
}

/** A shared claim becomes exclusive under a new number. */
export async function upgrade(
  tx: Tx,
  id: Id<'clm'>,
  fence: number,
  leaseMs: number,
): Promise<ClaimRow> {
  const rows = await tx.query<ClaimRow>(
    `update loom.claims c set strength = 'exclusive', fence = $2, lease_until = ${LEASE_END('$3')}
     from loom.sessions s where c.id = $1 and s.id = c.session_id returning c.*, s.agent`,
    [id, fence, leaseMs],
  );
  return rows[0]!;
}

export async function countHeld(tx: Tx, sessionId: Id<'ses'>, limit: number): Promise<number> {
  const rows = await tx.query<{ held: number }>(
    `select count(*) as held from (
       select 1 from loom.claims where session_id = $1 and state = 'held' limit $2) as first_ones`,
    [sessionId, limit],
  );
  return rows[0]!.held;
}

/** Ends what a session holds: the given paths, or everything; optionally only in one repository. */
export function endClaims(
  tx: Tx,
  filter: {
    sessionId: Id<'ses'>;
    repository?: string | undefined;
    paths?: readonly string[] | undefined;
  },
  state: 'released' | 'expired',
): Promise<ClaimRow[]> {
  return tx.query<ClaimRow>(
    `update loom.claims c set state = $2, released_at = now() from loom.sessions s
     where c.session_id = $1 and c.state = 'held' and s.id = c.session_id
       and ($3::text[] is null or c.path = any($3::text[]))
       and ($4::text is null or c.repository = $4)
     returning c.*, s.agent`,
    [filter.sessionId, state, filter.paths ?? null, filter.repository ?? null],
  );
}

/** Ends claims that were silent for long, whoever holds them. */
export function expireSilent(tx: Tx, graceMs: number, limit: number): Promise<HeldRow[]> {
  return tx.query<HeldRow>(
    `with silent as (
       select id from loom.claims
       where state = 'held' and lease_until < now() - $1::bigint * interval '1 millisecond'
       order by id limit $2 for update skip locked)
     update loom.claims c set state = 'expired', released_at = now()
     from silent, loom.sessions s where c.id = silent.id and s.id = c.session_id
     returning c.*, s.agent, s.operator_id, s.operator_name, s.intent as session_intent`,
    [graceMs, limit],
  );
}

export function listClaims(
  queryable: Queryable,
  filter: {
    sessionId?: string | undefined;
    repository?: string | undefined;
    state?: string | undefined;
  },
  after: readonly [string, string] | null,
  limit: number,
): Promise<ClaimRow[]> {
  return queryable.query<ClaimRow>(
    `select c.*, s.agent from loom.claims c join loom.sessions s on s.id = c.session_id
     where ($1::text is null or c.session_id = $1) and ($2::text is null or c.repository = $2)
       and ($3::text is null or c.state = $3)
       and ($4::timestamptz is null or (c.granted_at, c.id) < ($4::timestamptz, $5))
     order by c.granted_at desc, c.id desc limit $6`,
    [
      filter.sessionId ?? null,
      filter.repository ?? null,
      filter.state ?? null,
      after?.[0] ?? null,
      after?.[1] ?? null,
      limit,
    ],
  );
}
