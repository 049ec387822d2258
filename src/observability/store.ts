/** SQL of observability. */
import {
  type Id,
  kysely,
  type Page,
  type PageRequest,
  type Queryable,
  toPage,
  decodeCursor,
  type Tx,
} from '#kernel';
import { z } from 'zod';
import type { NodeKind } from './flow.ts';
import type { KnownIncident } from './incident.ts';
import type { Deployment, Incident } from './schema.ts';

interface DeploymentRow {
  id: string;
  repository: string;
  environment: string;
  sha: string;
  status: Deployment['status'];
  external_key: string;
  url: string | null;
  change_ids: string[];
  started_at: Date;
  finished_at: Date | null;
}
interface IncidentRow {
  id: string;
  title: string;
  severity: Incident['severity'];
  state: Incident['state'];
  repository: string | null;
  deployment_id: string | null;
  external_key: string;
  url: string | null;
  detected_at: Date;
  resolved_at: Date | null;
  state_at: Date | null;
}
interface Tables {
  deployments: DeploymentRow;
  incidents: IncidentRow;
}

export interface NodeRow {
  ref: string;
  kind: NodeKind;
  title: string;
  at: Date;
  correlationId: string;
}
export interface EdgeRow {
  from: string;
  to: string;
  relation: string;
  eventId: string;
}

const PageKey = z.tuple([z.coerce.date(), z.string()]);

/** Serialises all reports of one deployment, also before its first row exists. */
export async function lockDeployment(tx: Tx, key: string): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 70))', [key]);
}

export async function findDeployment(
  tx: Queryable,
  key: { repository: string; environment: string; externalKey: string },
): Promise<Deployment | undefined> {
  const row = await kysely<Tables>(tx)
    .selectFrom('deployments')
    .selectAll()
    .where('repository', '=', key.repository)
    .where('environment', '=', key.environment)
    .where('external_key', '=', key.externalKey)
    .executeTakeFirst();
  return row === undefined ? undefined : toDeployment(row);
}

/** Changes that reached the environment with a deployment other than the named one. */
export async function listDeliveredChanges(
  tx: Queryable,
  { repository, environment }: { repository: string; environment: string },
  except: Id<'dep'> | undefined,
): Promise<Set<string>> {
  const rows = await tx.query<{ id: string }>(
    `select distinct unnest(change_ids) as id from deployments
     where repository = $1 and environment = $2 and status = 'succeeded' and id is distinct from $3`,
    [repository, environment, except ?? null],
  );
  return new Set(rows.map(({ id }) => id));
}

export async function saveDeployment(tx: Tx, deployment: Deployment): Promise<void> {
  const row: DeploymentRow = {
    id: deployment.id,
    repository: deployment.repository,
    environment: deployment.environment,
    sha: deployment.sha,
    status: deployment.status,
    external_key: deployment.externalKey,
    url: deployment.url,
    change_ids: deployment.changeIds,
    started_at: deployment.startedAt,
    finished_at: deployment.finishedAt,
  };
  await kysely<Tables>(tx)
    .insertInto('deployments')
    .values(row)
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({
        sha: row.sha,
        status: row.status,
        url: row.url,
        change_ids: row.change_ids,
        started_at: row.started_at,
        finished_at: row.finished_at,
      }),
    )
    .execute();
}

export async function listDeployments(
  db: Queryable,
  filter: { repository?: string | undefined; environment?: string | undefined } & PageRequest,
): Promise<Page<Deployment>> {
  let query = kysely<Tables>(db)
    .selectFrom('deployments')
    .selectAll()
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit + 1);
  if (filter.repository !== undefined) query = query.where('repository', '=', filter.repository);
  if (filter.environment !== undefined) query = query.where('environment', '=', filter.environment);
  if (filter.cursor !== undefined) {
    const [at, id] = decodeCursor(PageKey, filter.cursor);
    query = query.where((where) =>
      where.or([
        where('started_at', '<', at),
        where.and([where('started_at', '=', at), where('id', '<', id)]),
      ]),
    );
  }
  const rows = await query.execute();
  return toPage(rows.map(toDeployment), filter.limit, (row) => [
    row.startedAt.toISOString(),
    row.id,
  ]);
}

export async function findIncident(
  tx: Queryable,
  externalKey: string,
): Promise<KnownIncident | undefined> {
  const row = await kysely<Tables>(tx)
    .selectFrom('incidents')
    .selectAll()
    .where('external_key', '=', externalKey)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { ...toIncident(row), stateAt: row.state_at ?? row.resolved_at ?? row.detected_at };
}

export async function saveIncident(tx: Tx, incident: Incident, stateAt: Date): Promise<void> {
  const row: IncidentRow = {
    id: incident.id,
    title: incident.title,
    severity: incident.severity,
    state: incident.state,
    repository: incident.repository,
    deployment_id: incident.deploymentId,
    external_key: incident.externalKey,
    url: incident.url,
    detected_at: incident.detectedAt,
    resolved_at: incident.resolvedAt,
    state_at: stateAt,
  };
  const { id: _id, external_key: _key, ...changeable } = row;
  await kysely<Tables>(tx)
    .insertInto('incidents')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changeable))
    .execute();
}

export async function deploymentExists(tx: Queryable, id: string): Promise<boolean> {
  return (await tx.query('select 1 from deployments where id = $1', [id])).length > 0;
}

export async function listIncidents(
  db: Queryable,
  filter: { state?: Incident['state'] | undefined } & PageRequest,
): Promise<Page<Incident>> {
  let query = kysely<Tables>(db)
    .selectFrom('incidents')
    .selectAll()
    .orderBy('detected_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit + 1);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.cursor !== undefined) {
    const [at, id] = decodeCursor(PageKey, filter.cursor);
    query = query.where((where) =>
      where.or([
        where('detected_at', '<', at),
        where.and([where('detected_at', '=', at), where('id', '<', id)]),
      ]),
    );
  }
  const rows = await query.execute();
  return toPage(rows.map(toIncident), filter.limit, (row) => [
    row.detectedAt.toISOString(),
    row.id,
  ]);
}

/** The first title of its own stands; a commit that turns out to be a merge is one from then on. */
export async function saveNodes(
  tx: Tx,
  nodes: readonly (NodeRow & { isOwnTitle: boolean; eventId: string })[],
): Promise<void> {
  if (nodes.length === 0) return;
  await tx.query(
    `insert into trace_nodes (ref, kind, title, at, correlation_id, event_id)
     select distinct on (ref) ref, kind, title, at, correlation, event_id
     from jsonb_to_recordset($1::jsonb) as n(
       ref text, kind text, title text, at timestamptz, correlation text, event_id text, place int, is_own_title bool)
     order by ref, kind = 'mergeCommit' desc, is_own_title desc, place
     on conflict (ref) do update set
       kind = case when excluded.kind = 'mergeCommit' then excluded.kind else trace_nodes.kind end,
       title = case when trace_nodes.title = trace_nodes.ref then excluded.title else trace_nodes.title end
     where excluded.kind = 'mergeCommit' or (trace_nodes.title = trace_nodes.ref and excluded.title <> excluded.ref)`,
    [
      JSON.stringify(
        nodes.map((node, place) => ({
          ref: node.ref,
          kind: node.kind,
          title: node.title,
          at: node.at,
          correlation: node.correlationId,
          event_id: node.eventId,
          place,
          is_own_title: node.isOwnTitle,
        })),
      ),
    ],
  );
}

/** Signals by the event that told of them. */
export async function findSignals(
  tx: Tx,
  eventIds: readonly string[],
): Promise<Map<string, string>> {
  if (eventIds.length === 0) return new Map();
  const rows = await tx.query<{ eventId: string; ref: string }>(
    `select event_id as "eventId", ref from trace_nodes where kind = 'signal' and event_id = any($1)`,
    [eventIds],
  );
  return new Map(rows.map(({ eventId, ref }) => [eventId, ref]));
}

export async function saveEdges(tx: Tx, edges: readonly EdgeRow[]): Promise<void> {
  if (edges.length === 0) return;
  await tx.query(
    `insert into trace_edges (from_ref, to_ref, relation, event_id)
     select distinct on (from_ref, to_ref, relation) from_ref, to_ref, relation, event_id
     from jsonb_to_recordset($1::jsonb) as e(from_ref text, to_ref text, relation text, event_id text)
     on conflict do nothing`,
    [
      JSON.stringify(
        edges.map(({ from, to, relation, eventId }) => ({
          from_ref: from,
          to_ref: to,
          relation,
          event_id: eventId,
        })),
      ),
    ],
  );
}

const NODE = 'ref, kind, title, at, correlation_id as "correlationId"';
const EDGE = 'from_ref as "from", to_ref as "to", relation, event_id as "eventId"';

export function findNodes(db: Queryable, refs: readonly string[]): Promise<NodeRow[]> {
  return db.query<NodeRow>(`select ${NODE} from trace_nodes where ref = any($1)`, [refs]);
}

/** Nodes whose ref starts with the prefix; two are enough to see that it is ambiguous. */
export function findNodesByPrefix(db: Queryable, prefix: string): Promise<NodeRow[]> {
  return db.query<NodeRow>(
    `select ${NODE} from trace_nodes where ref like $1 order by ref limit 2`,
    [`${prefix.replaceAll(/[%_\\]/g, String.raw`\$&`)}%`],
  );
}

export function edgesFrom(
  db: Queryable,
  refs: readonly string[],
  limit: number,
): Promise<EdgeRow[]> {
  return db.query<EdgeRow>(`select ${EDGE} from trace_edges where from_ref = any($1) limit $2`, [
    refs,
    limit,
  ]);
}

export function edgesTo(db: Queryable, refs: readonly string[], limit: number): Promise<EdgeRow[]> {
  return db.query<EdgeRow>(`select ${EDGE} from trace_edges where to_ref = any($1) limit $2`, [
    refs,
    limit,
  ]);
}

function toDeployment(row: DeploymentRow): Deployment {
  return {
    id: row.id as Deployment['id'],
    repository: row.repository,
    environment: row.environment,
    sha: row.sha,
    status: row.status,
    externalKey: row.external_key,
    url: row.url,
    changeIds: row.change_ids as Deployment['changeIds'],
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}

function toIncident(row: IncidentRow): Incident {
  return {
    id: row.id as Incident['id'],
    title: row.title,
    severity: row.severity,
    state: row.state,
    repository: row.repository,
    deploymentId: row.deployment_id as Incident['deploymentId'],
    externalKey: row.external_key,
    url: row.url,
    detectedAt: row.detected_at,
    resolvedAt: row.resolved_at,
  };
}

export function listPastIncidents(
  queryable: Queryable,
  repository: string,
  since: Date,
): Promise<
  { title: string; severity: string; at: Date; url: string | null; changeIds: Id<'chg'>[] }[]
> {
  return queryable.query(
    `select i.title, i.severity, i.detected_at as at, i.url, d.change_ids as "changeIds"
     from loom.incidents i join loom.deployments d on d.id = i.deployment_id
     where d.repository = $1 and i.detected_at > $2 order by i.detected_at desc limit 100`,
    [repository, since],
  );
}
