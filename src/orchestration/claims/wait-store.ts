/** SQL of waiting: who wants to be told when something is free. */
import type { Id, Queryable, Tx } from '#kernel';
import type { Target } from './target.ts';

export interface WaitRow extends Target {
  number: number;
  session_id: Id<'ses'>;
  repository: string;
  since: Date;
}

/** Waiting twice for the same is waiting once, since the first time. */
export async function insertWaits(
  tx: Tx,
  sessionId: string,
  wanted: readonly (Target & { repository: string })[],
): Promise<void> {
  await tx.query(
    `insert into loom.claim_waits (session_id, repository, kind, path, detail)
     select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[])
     on conflict (session_id, repository, kind, path, detail) where ended_at is null do nothing`,
    [
      sessionId,
      wanted.map(({ repository }) => repository),
      wanted.map(({ kind }) => kind),
      wanted.map(({ path }) => path),
      wanted.map(({ detail }) => detail),
    ],
  );
}

/** Open waits in these repositories, the longest first. Locked, so that each is answered once. */
export function lockWaits(tx: Tx, repositories: readonly string[]): Promise<WaitRow[]> {
  return tx.query<WaitRow>(
    `select w.number, w.session_id, w.repository, w.kind, w.path, w.detail, w.since
     from loom.claim_waits w where w.repository = any($1::text[]) and w.ended_at is null
     order by w.number for update skip locked`,
    [repositories],
    'claim_waits_lock',
  );
}

/** The longest open waits of all. */
export function lockAllWaits(tx: Tx, limit: number): Promise<WaitRow[]> {
  return tx.query<WaitRow>(
    `select w.number, w.session_id, w.repository, w.kind, w.path, w.detail, w.since
     from loom.claim_waits w where w.ended_at is null
     order by w.number limit $1 for update skip locked`,
    [limit],
    'claim_waits_lock_all',
  );
}

export async function endWaits(tx: Tx, numbers: readonly number[]): Promise<void> {
  if (numbers.length === 0) return;
  await tx.query('update loom.claim_waits set ended_at = now() where number = any($1::bigint[])', [
    numbers,
  ]);
}

/** A session that is over, or got what it wanted, waits no more. */
export async function endWaitsOf(tx: Tx, sessionId: string): Promise<void> {
  await tx.query(
    'update loom.claim_waits set ended_at = now() where session_id = $1 and ended_at is null',
    [sessionId],
    'claim_waits_end_of_session',
  );
}

export function listWaits(
  queryable: Queryable,
  filter: { repository?: string | undefined; sessionId?: string | undefined },
  after: number,
  limit: number,
): Promise<(WaitRow & { agent: string })[]> {
  return queryable.query<WaitRow & { agent: string }>(
    `select w.number, w.session_id, w.repository, w.kind, w.path, w.detail, w.since, s.agent
     from loom.claim_waits w join loom.sessions s on s.id = w.session_id
     where w.ended_at is null and w.number > $3
       and ($1::text is null or w.repository = $1) and ($2::text is null or w.session_id = $2)
     order by w.number limit $4`,
    [filter.repository ?? null, filter.sessionId ?? null, after, limit],
  );
}
