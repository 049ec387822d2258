/** SQL of work items. */
import type { Id, Queryable, Tx } from '#kernel';
import type { WorkItem } from '../schema.ts';

export interface WorkItemRow {
  id: Id<'wrk'>;
  repository: string | null;
  title: string;
  body: string;
  labels: string[];
  state: WorkItem['state'];
  source: string;
  external_key: string | null;
  url: string | null;
  status: string | null;
  requesters: string[];
  priority: number;
  session_id: Id<'ses'> | null;
  offered_to: Id<'ses'> | null;
  correlation_id: string;
  source_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

export function toWorkItem(row: WorkItemRow): WorkItem {
  return {
    id: row.id,
    repository: row.repository,
    title: row.title,
    text: row.body,
    labels: row.labels,
    state: row.state,
    source: row.source,
    externalKey: row.external_key,
    url: row.url,
    priority: row.priority,
    status: row.status,
    sessionId: row.session_id,
    offeredTo: row.offered_to,
    correlationId: row.correlation_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export type NewWorkItem = Pick<
  WorkItemRow,
  'id' | 'repository' | 'title' | 'body' | 'labels' | 'state' | 'source' | 'requesters'
> &
  Partial<
    Pick<WorkItemRow, 'external_key' | 'url' | 'source_at' | 'priority' | 'offered_to' | 'status'>
  >;

/** Undefined when the source's item is there already. The item's id names its thread. */
export async function insertWorkItem(tx: Tx, item: NewWorkItem): Promise<WorkItemRow | undefined> {
  const rows = await tx.query<WorkItemRow>(
    `insert into loom.work_items
       (id, repository, title, body, labels, state, source, external_key, url, requesters,
        correlation_id, source_at, priority, offered_to, status)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $1, $11, coalesce($12, 2), $13, $14)
     on conflict (source, external_key) do nothing returning *`,
    [
      item.id,
      item.repository,
      item.title,
      item.body,
      item.labels,
      item.state,
      item.source,
      item.external_key ?? null,
      item.url ?? null,
      item.requesters,
      item.source_at ?? null,
      item.priority ?? null,
      item.offered_to ?? null,
      item.status ?? null,
    ],
  );
  return rows[0];
}

export async function findWorkItem(
  queryable: Queryable,
  id: string,
  options: { forUpdate?: boolean } = {},
): Promise<WorkItemRow | undefined> {
  const lock = options.forUpdate === true ? ' for update' : '';
  const rows = await queryable.query<WorkItemRow>(
    `select * from loom.work_items where id = $1${lock}`,
    [id],
  );
  return rows[0];
}

/** By the source's key; without a source, the newest of any source with this key. */
export async function findByExternalKey(
  queryable: Queryable,
  externalKey: string,
  source: string | null,
): Promise<WorkItemRow | undefined> {
  const rows = await queryable.query<WorkItemRow>(
    `select * from loom.work_items
     where external_key = $1 and ($2::text is null or source = $2)
     order by created_at desc, id desc limit 1`,
    [externalKey, source],
  );
  return rows[0];
}

/** Items of a source about one subject, the newest first: the first has its key, later ones add a number. */
export function findOfSubject(
  queryable: Queryable,
  source: string,
  key: string,
): Promise<WorkItemRow[]> {
  return queryable.query<WorkItemRow>(
    `select * from loom.work_items
     where source = $1 and (external_key = $2 or starts_with(external_key, $2 || '#'))
     order by length(external_key) desc, external_key desc`,
    [source, key],
  );
}

/** The newest item of each subject that has one. */
export async function findNewestOfSubjects(
  queryable: Queryable,
  source: string,
  keys: readonly string[],
): Promise<Map<string, WorkItemRow>> {
  if (keys.length === 0) return new Map();
  const rows = await queryable.query<WorkItemRow>(
    `select * from loom.work_items
     where source = $1 and split_part(external_key, '#', 1) = any($2)
     order by length(external_key), external_key`,
    [source, keys],
  );
  return new Map(rows.map((row) => [row.external_key!.split('#')[0]!, row]));
}

/** Items of a source that are not over. */
export function findOpenOf(queryable: Queryable, source: string): Promise<WorkItemRow[]> {
  return queryable.query<WorkItemRow>(
    `select * from loom.work_items where source = $1 and state in ('open', 'in-progress') order by id`,
    [source],
  );
}

/**
 * Open items for the session, those made for it first, then the most urgent, the oldest of equals. What
 * was made for another session waits for that as long as it lives.
 */
export function findReady(
  queryable: Queryable,
  wanted: {
    sessionId: string;
    repository?: string | undefined;
    labels?: readonly string[] | undefined;
    except: readonly string[];
  },
  limit: number,
): Promise<WorkItemRow[]> {
  return queryable.query<WorkItemRow>(
    `select w.* from loom.work_items w
     where w.state = 'open' and ($2::text is null or w.repository = $2 or w.repository is null)
       and ($3::text[] is null or w.labels @> $3::text[]) and w.id <> all($4::text[])
       and (w.offered_to is null or w.offered_to = $1 or not exists (
         select from loom.sessions s where s.id = w.offered_to and s.state in ('active', 'idle')))
     order by w.offered_to = $1 desc nulls last, w.priority desc, w.created_at, w.id limit $5`,
    [wanted.sessionId, wanted.repository ?? null, wanted.labels ?? null, wanted.except, limit],
    'work_find_ready',
  );
}

/** Undefined when somebody else has it or is taking it at this moment. */
export async function lockOpen(tx: Tx, id: string): Promise<WorkItemRow | undefined> {
  const rows = await tx.query<WorkItemRow>(
    `select * from loom.work_items where id = $1 and state = 'open' for update skip locked`,
    [id],
    'work_lock_open',
  );
  return rows[0];
}

/** The item the session works on, if it has one. */
export async function findHeldBy(
  queryable: Queryable,
  sessionId: string,
  repository: string | null,
): Promise<WorkItemRow | undefined> {
  const rows = await queryable.query<WorkItemRow>(
    `select * from loom.work_items
     where session_id = $1 and state = 'in-progress' and ($2::text is null or repository = $2 or repository is null)
     order by updated_at limit 1`,
    [sessionId, repository],
  );
  return rows[0];
}

export async function updateWorkItem(
  tx: Tx,
  id: string,
  fields: Partial<
    Pick<
      WorkItemRow,
      | 'title'
      | 'body'
      | 'labels'
      | 'state'
      | 'url'
      | 'session_id'
      | 'source_at'
      | 'repository'
      | 'priority'
      | 'status'
    >
  >,
): Promise<WorkItemRow> {
  const names = Object.keys(fields);
  const settings = names.map((name, index) => `${name} = $${index + 2}`);
  const rows = await tx.query<WorkItemRow>(
    `update loom.work_items set ${[...settings, 'updated_at = now()'].join(', ')}
     where id = $1 returning *`,
    [id, ...Object.values(fields)],
  );
  return rows[0]!;
}

export function listWorkItems(
  queryable: Queryable,
  filter: { state?: string | undefined; repository?: string | undefined },
  after: readonly [string, string] | null,
  limit: number,
): Promise<WorkItemRow[]> {
  return queryable.query<WorkItemRow>(
    `select * from loom.work_items
     where ($1::text is null or state = $1) and ($2::text is null or repository = $2)
       and ($3::timestamptz is null or (created_at, id) < ($3::timestamptz, $4))
     order by created_at desc, id desc limit $5`,
    [
      filter.state ?? null,
      filter.repository ?? null,
      after?.[0] ?? null,
      after?.[1] ?? null,
      limit,
    ],
  );
}

export interface WorkerSession {
  id: Id<'ses'>;
  agent: string;
  repository: string | null;
  operator_id: string | null;
  state: string;
  work_item_id: string | null;
}

const WORKER = 'select id, agent, repository, operator_id, state, work_item_id from loom.sessions';

export async function findWorker(
  queryable: Queryable,
  sessionId: string,
): Promise<WorkerSession | undefined> {
  const rows = await queryable.query<WorkerSession>(`${WORKER} where id = $1`, [sessionId]);
  return rows[0];
}

export async function lockWorker(tx: Tx, sessionId: string): Promise<WorkerSession | undefined> {
  const rows = await tx.query<WorkerSession>(`${WORKER} where id = $1 for update`, [sessionId]);
  return rows[0];
}

/** The session's thread becomes the item's, so that both are found as one. */
export async function bindSession(tx: Tx, sessionId: string, item: WorkItemRow): Promise<void> {
  await tx.query(
    `update loom.sessions set work_item_id = $2, correlation_id = $3,
       intent = case when intent = '' then $4 else intent end where id = $1`,
    [sessionId, item.id, item.correlation_id, item.title.slice(0, 500)],
  );
}

/**
 * Items whose session is gone for a while and left no change behind. The while lets a change arrive
 * that was pushed just before the session ended.
 */
export function takeAbandoned(
  tx: Tx,
  afterMs: number,
  limit: number,
): Promise<(WorkItemRow & { left_by: Id<'ses'> })[]> {
  return tx.query<WorkItemRow & { left_by: Id<'ses'> }>(
    `with abandoned as (
       select w.id, s.id as left_by from loom.work_items w join loom.sessions s on s.id = w.session_id
       where w.state = 'in-progress' and s.state in ('ended', 'lost')
         and coalesce(s.ended_at, s.last_seen_at) < now() - $1::bigint * interval '1 millisecond'
         and not exists (select 1 from loom.changes c where c.work_item_id = w.id and c.state <> 'closed')
       order by w.id limit $2 for update of w skip locked)
     update loom.work_items w set state = 'open', session_id = null, updated_at = now()
     from abandoned a where w.id = a.id returning w.*, a.left_by`,
    [afterMs, limit],
  );
}
