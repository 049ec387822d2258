/** SQL of the gates: who held a path last, and which commits were made without holding it. */
import type { Id, Queryable, Tx } from '#kernel';
import type { HeldRow } from './store.ts';
import type { Target } from './target.ts';

export interface HistoryRow extends Target {
  session_id: Id<'ses'>;
  strength: 'shared' | 'exclusive';
  state: 'held' | 'released' | 'expired';
  fence: number;
  is_own: boolean;
  agent: string;
  operator_name: string | null;
  granted_at: Date;
  lease_until: Date;
  /** Held, and its lease is not over. */
  is_live: boolean;
  /** Given back, but only just: what was written before may still be on its way. */
  is_fresh: boolean;
}

/** The session, all it was started by, and all they started: one piece of work in several hands. */
export async function findFamily(queryable: Queryable, sessionId: string): Promise<string[]> {
  const rows = await queryable.query<{ id: string }>(
    `with recursive up (id, parent_id, depth) as (
       select id, parent_id, 1 from loom.sessions where id = $1
       union all
       select s.id, s.parent_id, up.depth + 1 from up join loom.sessions s on s.id = up.parent_id
       where up.depth < 20),
     down (id, depth) as (
       (select id, 1 from up order by depth desc limit 1)
       union all
       select s.id, down.depth + 1 from down join loom.sessions s on s.parent_id = down.id
       where down.depth < 20)
     select id from down limit 1000`,
    [sessionId],
    'claims_find_family',
  );
  return rows.map(({ id }) => id);
}

/** The last claim on each name, of the family and of everybody else. */
export function findLast(
  queryable: Queryable,
  repository: string,
  family: readonly string[],
  names: readonly string[],
  leaseMs: number,
): Promise<HistoryRow[]> {
  return queryable.query<HistoryRow>(
    `select distinct on (c.path, c.kind, c.detail, c.session_id = any($2::text[]))
       c.kind, c.path, c.detail, c.session_id, c.strength, c.state, c.fence, c.granted_at,
       c.lease_until, c.session_id = any($2::text[]) as is_own, s.agent, s.operator_name,
       c.state = 'held' and c.lease_until >= now() as is_live,
       c.state = 'released' and c.released_at > now() - $4::bigint * interval '1 millisecond' as is_fresh
     from loom.claims c join loom.sessions s on s.id = c.session_id
     where c.repository = $1 and c.path = any($3::text[]) and c.kind in ('path', 'glob', 'symbol')
     order by c.path, c.kind, c.detail, c.session_id = any($2::text[]), c.fence desc`,
    [repository, family, names, leaseMs],
    'claims_find_last',
  );
}

/** What the session held until its lease ended, and somebody else holds under a higher number now. */
export function findTakenOver(
  queryable: Queryable,
  sessionId: string,
  held: readonly HeldRow[],
): Promise<(Target & { ended_at: Date })[]> {
  return queryable.query<Target & { ended_at: Date }>(
    `select distinct on (c.path, c.kind, c.detail) c.kind, c.path, c.detail, c.released_at as ended_at
     from loom.claims c
     join unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) as now_held (repository, kind, path, fence)
       on c.repository = now_held.repository and c.kind = now_held.kind and c.path = now_held.path
         and c.fence < now_held.fence
     where c.session_id = $1 and c.state = 'expired'
     order by c.path, c.kind, c.detail, c.fence desc limit 20`,
    [
      sessionId,
      held.map(({ repository }) => repository),
      held.map(({ kind }) => kind),
      held.map(({ path }) => path),
      held.map(({ fence }) => fence),
    ],
  );
}

export interface FencedWrite {
  path: string;
  fence: number;
  holderSessionId: Id<'ses'>;
  holderFence: number;
}

/** Gives whether any of it is new. */
export async function insertFencedWrites(
  tx: Tx,
  found: { repository: string; headSha: string; sessionId: string; gate: string },
  writes: readonly FencedWrite[],
): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.fenced_writes
       (repository, head_sha, session_id, gate, path, fence, holder_session_id, holder_fence)
     select $1, $2, $3, $4, * from unnest($5::text[], $6::bigint[], $7::text[], $8::bigint[])
     on conflict on constraint fenced_writes_pkey do nothing returning path`,
    [
      found.repository,
      found.headSha,
      found.sessionId,
      found.gate,
      writes.map(({ path }) => path),
      writes.map(({ fence }) => fence),
      writes.map(({ holderSessionId }) => holderSessionId),
      writes.map(({ holderFence }) => holderFence),
    ],
  );
  return rows.length > 0;
}

export function findFencedWrites(
  queryable: Queryable,
  repository: string,
  headSha: string,
): Promise<{ path: string; session_id: Id<'ses'> }[]> {
  return queryable.query(
    'select path, session_id from loom.fenced_writes where repository = $1 and head_sha = $2 order by path limit 5000',
    [repository, headSha],
  );
}
