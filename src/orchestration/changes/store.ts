/** SQL of changes. Which news counts is decided in apply.ts; here only rows move. */
import type { Id, Queryable, Tx } from '#kernel';
import type { Change } from '../schema.ts';

export interface ChangeRow {
  id: Id<'chg'>;
  repository: string;
  host: string;
  number: number | null;
  branch: string;
  base_branch: string;
  base_sha: string | null;
  head_sha: string;
  title: string;
  body: string;
  url: string | null;
  author_name: string;
  author_kind: Change['authorKind'];
  author_identities: string[];
  custody: string[];
  state: Change['state'];
  is_draft: boolean;
  work_item_id: Id<'wrk'> | null;
  session_id: Id<'ses'> | null;
  run_id: Id<'run'> | null;
  lane: string | null;
  merge_sha: string | null;
  correlation_id: string;
  head_at: Date;
  state_at: Date;
  opened_at: Date;
  updated_at: Date;
  merged_at: Date | null;
  shipped_at: Date | null;
}

export function toChange(row: ChangeRow): Change {
  return {
    id: row.id,
    repository: row.repository,
    host: row.host,
    number: row.number,
    branch: row.branch,
    baseBranch: row.base_branch,
    baseSha: row.base_sha,
    headSha: row.head_sha,
    title: row.title,
    text: row.body,
    url: row.url,
    authorName: row.author_name,
    authorKind: row.author_kind,
    custody: row.custody,
    state: row.state,
    workItemId: row.work_item_id,
    sessionId: row.session_id,
    runId: row.run_id,
    lane: row.lane,
    mergeSha: row.merge_sha,
    correlationId: row.correlation_id,
    openedAt: row.opened_at,
    updatedAt: row.updated_at,
    mergedAt: row.merged_at,
  };
}

type Settable = Partial<Omit<ChangeRow, 'id' | 'opened_at' | 'updated_at'>>;

/** Undefined when another node made the same change first. */
export async function insertChange(
  tx: Tx,
  change: Omit<Settable, 'host'> & { id: Id<'chg'>; host: string },
): Promise<ChangeRow | undefined> {
  const names = Object.keys(change);
  const places = names.map((_, index) => `$${index + 1}`);
  const rows = await tx.query<ChangeRow>(
    `insert into loom.changes (${names.join(', ')}) values (${places.join(', ')})
     on conflict do nothing returning *`,
    Object.values(change),
  );
  return rows[0];
}

export async function updateChange(tx: Tx, id: string, fields: Settable): Promise<ChangeRow> {
  const names = Object.keys(fields);
  const settings = names.map((name, index) => `${name} = $${index + 2}`);
  const rows = await tx.query<ChangeRow>(
    `update loom.changes set ${[...settings, 'updated_at = now()'].join(', ')}
     where id = $1 returning *`,
    [id, ...Object.values(fields)],
  );
  return rows[0]!;
}

/** Shown in lists; the decision itself is in the Policy Engine and tells its own event. */
export async function setLane(queryable: Queryable, id: string, headSha: string, lane: string) {
  await queryable.query(
    'update loom.changes set lane = $3 where id = $1 and head_sha = $2 and lane is distinct from $3',
    [id, headSha, lane],
  );
}

export async function findChange(
  queryable: Queryable,
  id: string,
  options: { forUpdate?: boolean } = {},
): Promise<ChangeRow | undefined> {
  const lock = options.forUpdate === true ? ' for update' : '';
  const rows = await queryable.query<ChangeRow>(`select * from loom.changes where id = $1${lock}`, [
    id,
  ]);
  return rows[0];
}

export interface HostKey {
  host: string;
  repository: string;
  number: number | null;
  branch: string;
}

/** By number where the host has them; else the open change of the branch, or the last one of it. */
export async function findOnHost(
  queryable: Queryable,
  key: HostKey,
  options: { forUpdate?: boolean } = {},
): Promise<ChangeRow | undefined> {
  const lock = options.forUpdate === true ? ' for update' : '';
  const rows = await queryable.query<ChangeRow>(
    key.number === null
      ? `select * from loom.changes
         where host = $1 and repository = $2 and number is null and branch = $3
         order by state = 'open' desc, opened_at desc, id desc limit 1${lock}`
      : `select * from loom.changes where host = $1 and repository = $2 and number = $3${lock}`,
    [key.host, key.repository, key.number ?? key.branch],
  );
  return rows[0];
}

/** An earlier change of the branch that stood at this commit: news of it may still be under way. */
export async function findByBranchAndHead(
  queryable: Queryable,
  key: HostKey,
  headSha: string,
): Promise<ChangeRow | undefined> {
  const rows = await queryable.query<ChangeRow>(
    `select * from loom.changes
     where host = $1 and repository = $2 and number is null and branch = $3 and head_sha = $4
     order by opened_at desc, id desc limit 1 for update`,
    [key.host, key.repository, key.branch, headSha],
  );
  return rows[0];
}

/** How the work of each open change that has a run is marked. */
export function workOfWaiting(queryable: Queryable): Promise<{ runId: Id<'run'>; mark: string }[]> {
  return queryable.query(
    `select c.run_id as "runId", md5(w.priority::text || ' ' || array_to_string(w.labels, ',')) as mark
     from loom.changes c join loom.work_items w on w.id = c.work_item_id
     where c.state = 'open' and c.run_id is not null`,
  );
}

export function openChanges(queryable: Queryable, repository: string): Promise<ChangeRow[]> {
  return queryable.query<ChangeRow>(
    `select * from loom.changes where repository = $1 and state = 'open' order by opened_at, id`,
    [repository],
  );
}

/** Merged, and not yet seen in production. */
export function unshippedChanges(
  queryable: Queryable,
  repository: string,
  limit: number,
): Promise<ChangeRow[]> {
  return queryable.query<ChangeRow>(
    `select * from loom.changes c
     where repository = $1 and state = 'merged' and (shipped_at is null
       -- What has shipped is still listened for while a run of it is under way, such as a watch.
       or exists (select from loom.runs r
         where (r.id = c.run_id or r.work_item_id = c.work_item_id and r.change_id is null)
           and r.state in ('running', 'paused')))
     order by merged_at desc, id desc limit $2`,
    [repository, limit],
  );
}

export function mergedChanges(
  queryable: Queryable,
  repository: string,
  limit: number,
): Promise<Pick<ChangeRow, 'id' | 'merge_sha' | 'head_sha' | 'correlation_id'>[]> {
  return queryable.query(
    `select id, merge_sha, head_sha, correlation_id from loom.changes
     where repository = $1 and state = 'merged' order by merged_at desc, id desc limit $2`,
    [repository, limit],
  );
}

export async function findByRepositoryAndName(
  queryable: Queryable,
  repository: string,
  name: { number: number } | { branch: string },
): Promise<ChangeRow | undefined> {
  const isNumber = 'number' in name;
  const rows = await queryable.query<ChangeRow>(
    `select * from loom.changes where repository = $1 and ${isNumber ? 'number' : 'branch'} = $2
     order by state = 'open' desc, opened_at desc, id desc limit 1`,
    [repository, isNumber ? name.number : name.branch],
  );
  return rows[0];
}

/** By a full or abbreviated commit: merges first, then heads, the newest of each. */
export async function findByCommit(
  queryable: Queryable,
  prefix: string,
): Promise<ChangeRow | undefined> {
  const rows = await queryable.query<ChangeRow>(
    `(select *, 0 as rank from loom.changes where merge_sha >= $1 and merge_sha < $2
      order by opened_at desc limit 1)
     union all
     (select *, 1 as rank from loom.changes where head_sha >= $1 and head_sha < $2
      order by opened_at desc limit 1)
     order by rank limit 1`,
    // 'g' is behind every hexadecimal digit.
    [prefix, `${prefix}g`],
  );
  return rows[0];
}

export function listChanges(
  queryable: Queryable,
  filter: {
    state?: string | undefined;
    repository?: string | undefined;
    sessionId?: string | undefined;
  },
  after: readonly [string, string] | null,
  limit: number,
): Promise<ChangeRow[]> {
  return queryable.query<ChangeRow>(
    `select * from loom.changes
     where ($1::text is null or state = $1) and ($2::text is null or repository = $2)
       and ($3::text is null or session_id = $3)
       and ($4::timestamptz is null or (opened_at, id) < ($4::timestamptz, $5))
     order by opened_at desc, id desc limit $6`,
    [
      filter.state ?? null,
      filter.repository ?? null,
      filter.sessionId ?? null,
      after?.[0] ?? null,
      after?.[1] ?? null,
      limit,
    ],
  );
}
