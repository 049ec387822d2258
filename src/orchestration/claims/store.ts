/** SQL of claims. Who may hold what is decided in service.ts; here only rows move. */
import type { Id, Queryable, Tx } from '#kernel';
import type { Claim } from '../schema.ts';
import { holdersOf, rangeBelow } from './path.ts';
import { describeTarget, type Target } from './target.ts';

export interface ClaimRow extends Target {
  id: Id<'clm'>;
  session_id: Id<'ses'>;
  agent: string;
  repository: string;
  origin: Claim['origin'];
  predicted: Claim['predicted'];
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
  branch: string | null;
  is_stale: boolean;
  /** The database's time. */
  now: Date;
}

export interface OwnRow extends ClaimRow {
  /** By the database's clock; negative when the lease is over. */
  lease_left_ms: number;
}

const LEASE_END = (parameter: string) => `now() + ${parameter}::bigint * interval '1 millisecond'`;

/**
 * Ids of other sessions' claims about files that may touch any of the paths: equal names and folders
 * above, then everything below. Asked first and alone, because nearly always the answer is none. The
 * `offset 0` keeps each range a search of its own: as a plain join the planner takes two inequalities
 * for a ninth of the table, and reads it whole (20 ms at 10,000 claims instead of 0.1 ms).
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
       and kind in ('path', 'glob', 'symbol')
     union
     select inside.id from unnest($3::text[], $4::text[]) as below(low, high)
       cross join lateral (
         select id from loom.claims
         where repository = $1 and state = 'held' and session_id <> $5
           and kind in ('path', 'glob', 'symbol')
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

/** Ids of claims on these resources or issues, but for those of the session. */
export async function findNamed(
  queryable: Queryable,
  repository: string,
  sessionId: Id<'ses'> | null,
  targets: readonly Target[],
): Promise<string[]> {
  const rows = await queryable.query<{ id: string }>(
    `select c.id from loom.claims c
     join unnest($3::text[], $4::text[]) as wanted (kind, path) on c.kind = wanted.kind and c.path = wanted.path
     where c.repository = $1 and c.state = 'held' and c.session_id is distinct from $2`,
    [repository, sessionId, targets.map(({ kind }) => kind), targets.map(({ path }) => path)],
    'claims_find_named',
  );
  return rows.map(({ id }) => id);
}

export function toClaim(row: ClaimRow): Claim {
  return {
    id: row.id,
    sessionId: row.session_id,
    agent: row.agent,
    repository: row.repository,
    kind: row.kind,
    target: describeTarget(row),
    path: row.path,
    strength: row.strength,
    origin: row.origin,
    fence: row.fence,
    state: row.state,
    intent: row.intent,
    predicted: row.predicted,
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
  parent_id: Id<'ses'> | null;
  repository: string | null;
  branch: string | null;
  started_at: Date;
  correlation_id: string;
  now: Date;
}

/** Keeps the session from ending while claims are granted to it; also tells the database's time. */
export async function lockSession(
  tx: Tx,
  sessionId: Id<'ses'>,
  options: { forUpdate?: boolean } = {},
): Promise<HolderSession | undefined> {
  const isWhole = options.forUpdate === true;
  const rows = await tx.query<HolderSession>(
    `select id, agent, operator_id, state, intent, work_item_id, parent_id, repository, branch,
       started_at, correlation_id, now() as now
     from loom.sessions where id = $1 for ${isWhole ? 'update' : 'share'}`,
    [sessionId],
    isWhole ? 'claims_lock_session_whole' : 'claims_lock_session',
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

/** The sessions that started this one, the nearest first: what they hold is not in its way. */
export async function findAncestors(tx: Tx, parentId: string | null): Promise<string[]> {
  if (parentId === null) return [];
  const rows = await tx.query<{ id: string }>(
    `with recursive line (id, parent_id, depth) as (
       select id, parent_id, 1 from loom.sessions where id = $1
       union all
       select s.id, s.parent_id, line.depth + 1 from line join loom.sessions s on s.id = line.parent_id
       where line.depth < 20)
     select id from line order by depth`,
    [parentId],
    'claims_find_ancestors',
  );
  return rows.map(({ id }) => id);
}

/** Ends these claims, as far as they are still held. Rows are locked in one order everywhere. */
export function endById(
  tx: Tx,
  ids: readonly string[],
  state: 'released' | 'expired',
): Promise<ClaimRow[]> {
  return tx.query<ClaimRow>(
    `with ended as (
       select id from loom.claims where id = any($1::text[]) and state = 'held'
       order by id for update)
     update loom.claims c set state = $2, released_at = now() from ended, loom.sessions s
     where c.id = ended.id and s.id = c.session_id
     returning c.*, s.agent`,
    [ids, state],
    'claims_end',
  );
}

/** Claims with whoever holds them, whether their lease is over, and the database's time. */
export async function findHeld(
  queryable: Queryable,
  ids: readonly string[],
  options: { forUpdate?: boolean } = {},
): Promise<HeldRow[]> {
  if (ids.length === 0) return [];
  const lock = options.forUpdate === true ? ' for update of c' : '';
  return queryable.query<HeldRow>(
    `select c.*, s.agent, s.operator_id, s.operator_name, s.intent as session_intent, s.branch,
       c.lease_until < now() as is_stale, now() as now
     from loom.claims c join loom.sessions s on s.id = c.session_id
     where c.id = any($1::text[]) and c.state = 'held' order by c.id${lock}`,
    [ids],
    options.forUpdate === true ? 'claims_lock_held' : 'claims_find_held',
  );
}

/** What the session holds itself under one of these names. */
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
    [repository, [...new Set(paths)], sessionId],
    'claims_find_own',
  );
}

/** All that a session holds, in one repository or everywhere. */
export function findAllOwn(
  queryable: Queryable,
  repository: string | null,
  sessionId: Id<'ses'>,
): Promise<ClaimRow[]> {
  return queryable.query<ClaimRow>(
    `select c.*, s.agent from loom.claims c join loom.sessions s on s.id = c.session_id
     where c.session_id = $1 and c.state = 'held' and ($2::text is null or c.repository = $2)
     order by c.id`,
    [sessionId, repository],
    'claims_find_all_own',
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
    `update loom.claims set lease_until = ${LEASE_END('$2')} where id in (
       select id from loom.claims
       where session_id = $1 and state = 'held'
         and lease_until < now() + $2::bigint * interval '0.9 millisecond'
       order by id for update)`,
    [sessionId, leaseMs],
    'claims_renew_all',
  );
}

export interface NewClaim extends Target {
  id: Id<'clm'>;
  repository: string;
  strength: Claim['strength'];
  fence: number;
}

export async function insertClaims(
  tx: Tx,
  claims: readonly NewClaim[],
  common: {
    sessionId: Id<'ses'>;
    intent: string;
    origin: Claim['origin'];
    predicted?: Claim['predicted'] | undefined;
    leaseMs: number;
  },
): Promise<ClaimRow[]> {
  const column = <Key extends keyof NewClaim>(key: Key) => claims.map((claim) => claim[key]);
  return tx.query<ClaimRow>(
    `with granted as (
       insert into loom.claims
         (id, session_id, repository, kind, path, detail, strength, fence, state, intent, origin,
          predicted, lease_until)
       select new.id, $8, new.repository, new.kind, new.path, new.detail, new.strength, new.fence,
         'held', $9, $10, $11, ${LEASE_END('$12')}
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
         as new(id, repository, kind, path, detail, strength, fence)
       returning *)
     select granted.*, s.agent from granted join loom.sessions s on s.id = granted.session_id
     order by granted.repository, granted.fence`,
    [
      column('id'),
      column('repository'),
      column('kind'),
      column('path'),
      column('detail'),
      column('strength'),
      column('fence'),
      common.sessionId,
      common.intent,
      common.origin,
      common.predicted == null ? null : JSON.stringify(common.predicted),
      common.leaseMs,
    ],
    'claims_insert',
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

/** Ends what a session holds: the given targets, or everything; optionally only in one repository. */
export function endClaims(
  tx: Tx,
  filter: {
    sessionId: Id<'ses'>;
    repository?: string | undefined;
    targets?: readonly Target[] | undefined;
  },
  state: 'released' | 'expired',
): Promise<ClaimRow[]> {
  const { targets } = filter;
  return tx.query<ClaimRow>(
    `with ended as (
       select id from loom.claims c
       where session_id = $1 and state = 'held' and ($3::text is null or repository = $3)
         and ($4::text[] is null or exists (
           select from unnest($4::text[], $5::text[], $6::text[]) as named (kind, path, detail)
           where named.kind = c.kind and named.path = c.path and named.detail = c.detail))
       order by id for update)
     update loom.claims c set state = $2, released_at = now() from ended, loom.sessions s
     where c.id = ended.id and s.id = c.session_id
     returning c.*, s.agent`,
    [
      filter.sessionId,
      state,
      filter.repository ?? null,
      targets?.map(({ kind }) => kind) ?? null,
      targets?.map(({ path }) => path) ?? null,
      targets?.map(({ detail }) => detail) ?? null,
    ],
  );
}

/** Ends claims that were silent for long, whoever holds them. */
export function expireSilent(tx: Tx, graceMs: number, limit: number): Promise<ClaimRow[]> {
  return tx.query<ClaimRow>(
    `with silent as (
       select id from loom.claims
       where state = 'held' and lease_until < now() - $1::bigint * interval '1 millisecond'
       order by id limit $2 for update skip locked)
     update loom.claims c set state = 'expired', released_at = now()
     from silent, loom.sessions s where c.id = silent.id and s.id = c.session_id
     returning c.*, s.agent`,
    [graceMs, limit],
  );
}

export function listClaims(
  queryable: Queryable,
  filter: {
    sessionId?: string | undefined;
    repository?: string | undefined;
    state?: string | undefined;
    kind?: string | undefined;
    operatorId?: string | undefined;
  },
  after: readonly [string, string] | null,
  limit: number,
): Promise<ClaimRow[]> {
  return queryable.query<ClaimRow>(
    `select c.*, s.agent from loom.claims c join loom.sessions s on s.id = c.session_id
     where ($1::text is null or c.session_id = $1) and ($2::text is null or c.repository = $2)
       and ($3::text is null or c.state = $3)
       and ($7::text is null or c.kind = $7) and ($8::text is null or s.operator_id = $8)
       and ($4::timestamptz is null or (c.granted_at, c.id) < ($4::timestamptz, $5))
     order by c.granted_at desc, c.id desc limit $6`,
    [
      filter.sessionId ?? null,
      filter.repository ?? null,
      filter.state ?? null,
      after?.[0] ?? null,
      after?.[1] ?? null,
      limit,
      filter.kind ?? null,
      filter.operatorId ?? null,
    ],
  );
}
