/** SQL of collisions. What counts as one is decided elsewhere; here only rows move. */
import type { Id, Queryable, Tx } from '#kernel';
import type {
  Collision,
  CollisionHunk,
  CollisionLevel,
  CollisionSide,
  Finding,
} from './collision.ts';

export interface CollisionRow {
  id: Id<'col'>;
  repository: string;
  a: string;
  b: string;
  sides: [CollisionSide, CollisionSide];
  level: CollisionLevel;
  paths: string[];
  symbols: string[];
  hunks: CollisionHunk[];
  why: string;
  state: Collision['state'];
  clear_reason: string | null;
  told_levels: string[];
  is_alerted: boolean;
  told_sessions: string[];
  found_at: Date;
  updated_at: Date;
  cleared_at: Date | null;
}

export function toCollision(row: CollisionRow): Collision {
  return {
    id: row.id,
    repository: row.repository,
    level: row.level,
    sides: row.sides,
    paths: row.paths,
    symbols: row.symbols,
    hunks: row.hunks,
    why: row.why,
    state: row.state,
    clearReason: row.clear_reason,
    isAlerted: row.is_alerted,
    foundAt: row.found_at,
    updatedAt: row.updated_at,
    clearedAt: row.cleared_at,
  };
}

/** Makes the pair's row if there is none, and locks it. */
export async function lockPair(
  tx: Tx,
  id: Id<'col'>,
  repository: string,
  { sides, level, why }: Finding,
): Promise<{ row: CollisionRow; isNew: boolean }> {
  const [a, b] = sides.map((side) => side.id);
  const made = await tx.query<CollisionRow>(
    `insert into loom.collisions (id, repository, a, b, sides, level, why, state)
     values ($1, $2, $3, $4, $5, $6, $7, 'open')
     on conflict (a, b) do nothing returning *`,
    [id, repository, a, b, JSON.stringify(sides), level, why],
  );
  if (made[0] !== undefined) return { row: made[0], isNew: true };
  const rows = await tx.query<CollisionRow>(
    'select * from loom.collisions where a = $1 and b = $2 for update',
    [a, b],
  );
  return { row: rows[0]!, isNew: false };
}

export async function saveFinding(
  tx: Tx,
  id: Id<'col'>,
  finding: Finding,
  told: { levels: readonly string[]; isAlerted: boolean; forgetSessions: boolean },
): Promise<CollisionRow> {
  const rows = await tx.query<CollisionRow>(
    `update loom.collisions set sides = $2, level = $3, paths = $4, symbols = $5, hunks = $6, why = $7,
       state = 'open', clear_reason = null, cleared_at = null, told_levels = $8, is_alerted = $9,
       told_sessions = case when $10 then '{}' else told_sessions end, updated_at = now()
     where id = $1 returning *`,
    [
      id,
      JSON.stringify(finding.sides),
      finding.level,
      finding.paths,
      finding.symbols,
      JSON.stringify(finding.hunks),
      finding.why,
      told.levels,
      told.isAlerted,
      told.forgetSessions,
    ],
  );
  return rows[0]!;
}

/** Undefined when it was cleared already. */
export async function clear(
  tx: Tx,
  id: Id<'col'>,
  reason: string,
): Promise<CollisionRow | undefined> {
  const rows = await tx.query<CollisionRow>(
    `update loom.collisions set state = 'cleared', clear_reason = $2, cleared_at = now(),
       updated_at = now()
     where id = $1 and state = 'open' returning *`,
    [id, reason],
  );
  return rows[0];
}

export function openOf(queryable: Queryable, repository: string): Promise<CollisionRow[]> {
  return queryable.query<CollisionRow>(
    `select * from loom.collisions where repository = $1 and state = 'open'`,
    [repository],
  );
}

export async function findCollision(
  queryable: Queryable,
  id: string,
): Promise<CollisionRow | undefined> {
  const rows = await queryable.query<CollisionRow>('select * from loom.collisions where id = $1', [
    id,
  ]);
  return rows[0];
}

export function listCollisions(
  queryable: Queryable,
  filter: {
    repository?: string | undefined;
    state?: string | undefined;
    level?: string | undefined;
    side?: string | undefined;
  },
  after: readonly [string, string] | null,
  limit: number,
): Promise<CollisionRow[]> {
  return queryable.query<CollisionRow>(
    `select * from loom.collisions
     where ($1::text is null or repository = $1) and ($2::text is null or state = $2)
       and ($3::text is null or level = $3) and ($4::text is null or a = $4 or b = $4)
       and ($5::timestamptz is null or (found_at, id) < ($5::timestamptz, $6))
     order by found_at desc, id desc limit $7`,
    [
      filter.repository ?? null,
      filter.state ?? null,
      filter.level ?? null,
      filter.side ?? null,
      after?.[0] ?? null,
      after?.[1] ?? null,
      limit,
    ],
  );
}

/** Alerts about any of the sides that the session has not heard, and marks them as heard. */
export function takeUntold(
  queryable: Queryable,
  sides: readonly string[],
  session: string,
  limit: number,
): Promise<CollisionRow[]> {
  return queryable.query<CollisionRow>(
    `update loom.collisions set told_sessions = told_sessions || $2::text
     where id in (
       select id from loom.collisions
       where state = 'open' and is_alerted and (a = any($1::text[]) or b = any($1::text[]))
         and not told_sessions @> array[$2::text]
       order by found_at desc limit $3 for update skip locked)
     returning *`,
    [sides, session, limit],
  );
}

/** How many guesses were told of in a repository lately, and how many changes there were. */
export async function countAlerts(
  queryable: Queryable,
  repository: string,
  days: number,
): Promise<{ alerts: number; changes: number }> {
  const rows = await queryable.query<{ alerts: number; changes: number }>(
    `select
       (select count(*)::int from loom.collisions where repository = $1 and is_alerted
          and level <> 'merge' and found_at > now() - $2::int * interval '1 day') as alerts,
       (select count(*)::int from loom.changes where repository = $1
          and opened_at > now() - $2::int * interval '1 day') as changes`,
    [repository, days],
  );
  return rows[0]!;
}

export interface OpenChangeRow {
  id: Id<'chg'>;
  title: string;
  body: string;
  branch: string;
  base_branch: string;
  head_sha: string;
  author_name: string;
  session_id: Id<'ses'> | null;
  work_item_id: Id<'wrk'> | null;
  url: string | null;
  opened_at: Date;
}

/** The newest first. */
export function openChanges(
  queryable: Queryable,
  repository: string,
  limit: number,
): Promise<OpenChangeRow[]> {
  return queryable.query<OpenChangeRow>(
    `select id, title, left(body, 2000) as body, branch, base_branch, head_sha, author_name,
       session_id, work_item_id, url, opened_at
     from loom.changes where repository = $1 and state = 'open'
     order by opened_at desc, id desc limit $2`,
    [repository, limit],
  );
}

export interface LiveSessionRow {
  id: Id<'ses'>;
  agent: string;
  operator_name: string | null;
  branch: string | null;
  intent: string;
  work_item_id: Id<'wrk'> | null;
  tool_calls: number;
  started_at: Date;
}

export function liveSessions(
  queryable: Queryable,
  repository: string,
  limit: number,
): Promise<LiveSessionRow[]> {
  return queryable.query<LiveSessionRow>(
    `select id, agent, operator_name, branch, intent, work_item_id, tool_calls, started_at
     from loom.sessions where repository = $1 and state in ('active', 'idle')
     order by started_at desc, id desc limit $2`,
    [repository, limit],
  );
}

/** Repositories where somebody has something open, or a collision has. */
export async function busyRepositories(queryable: Queryable): Promise<string[]> {
  const rows = await queryable.query<{ repository: string }>(
    `select repository from loom.changes where state = 'open'
     union select repository from loom.sessions
       where state in ('active', 'idle') and repository is not null
     union select repository from loom.collisions where state = 'open'`,
  );
  return rows.map(({ repository }) => repository);
}

export async function readMarks(
  queryable: Queryable,
  repository: string,
): Promise<Map<string, string>> {
  const rows = await queryable.query<{ party: string; mark: string }>(
    'select party, mark from loom.collision_marks where repository = $1',
    [repository],
  );
  return new Map(rows.map(({ party, mark }) => [party, mark]));
}

export async function writeMarks(
  queryable: Queryable,
  repository: string,
  marks: readonly { party: string; mark: string }[],
): Promise<void> {
  await queryable.query(
    `insert into loom.collision_marks (party, repository, mark)
     select new.party, $1, new.mark from unnest($2::text[], $3::text[]) as new (party, mark)
     on conflict (party) do update set mark = excluded.mark, checked_at = now()`,
    [repository, marks.map(({ party }) => party), marks.map(({ mark }) => mark)],
  );
}

export async function dropMarks(
  queryable: Queryable,
  repository: string,
  parties: readonly string[],
): Promise<void> {
  await queryable.query(
    'delete from loom.collision_marks where repository = $1 and party = any($2::text[])',
    [repository, parties],
  );
}

export interface OpenWorkItemRow {
  id: Id<'wrk'>;
  title: string;
  body: string;
  external_key: string | null;
  url: string | null;
  session_id: Id<'ses'> | null;
  created_at: Date;
}

/** Work of a repository that is not done, the newest first. */
export function openWorkItems(
  queryable: Queryable,
  repository: string,
  limit: number,
): Promise<OpenWorkItemRow[]> {
  return queryable.query<OpenWorkItemRow>(
    `select id, title, left(body, 2000) as body, external_key, url, session_id, created_at
     from loom.work_items where repository = $1 and state in ('open', 'in-progress')
     order by created_at desc, id desc limit $2`,
    [repository, limit],
  );
}

/**
 * Moves whenever something about a repository may be due: heads, calls by tens, intents, claims, sides that
 * are over. Four index scans, so that a quiet repository of many changes costs next to nothing.
 */
export async function readPulse(
  queryable: Queryable,
  repository: string,
  editsPerCheck: number,
): Promise<string> {
  const rows = await queryable.query<{ pulse: string }>(
    `select concat_ws(' ',
       (select concat_ws(',', count(*), max(updated_at)) from loom.changes
        where repository = $1 and state = 'open'),
       (select concat_ws(',', count(*), sum(tool_calls / $2::int), sum(length(intent)))
        from loom.sessions where repository = $1 and state in ('active', 'idle')),
       (select concat_ws(',', count(*), max(fence)) from loom.claims
        where repository = $1 and state = 'held')) as pulse`,
    [repository, editsPerCheck],
  );
  return rows[0]!.pulse;
}
