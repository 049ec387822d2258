/** SQL of autonomy: records of what shipped alone, and curbs. */
import type { Queryable, Tx } from '#kernel';
import type { AutonomyCurb, AutonomyRecord } from './schema.ts';

export interface RecordRow {
  changeId: string;
  repository: string;
  agent: string;
  services: string[];
  prefixes: string[];
  title: string;
  mergeSha: string;
  policyVersion: string;
  decisionId: string;
  halveForMs: number;
  scope: 'service' | 'repository';
  landedAt: Date;
}

const RECORD = `change_id as "changeId", repository, agent, services, prefixes, title,
  merge_sha as "mergeSha", policy_version as "policyVersion", decision_id as "decisionId",
  halve_for_ms::float8 as "halveForMs", scope, landed_at as "landedAt"`;

export async function insertRecord(tx: Tx, row: RecordRow): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.autonomy_records (change_id, repository, agent, services, prefixes, title,
       merge_sha, policy_version, decision_id, halve_for_ms, scope, landed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
     on conflict (change_id) do nothing returning change_id`,
    [
      row.changeId,
      row.repository,
      row.agent,
      row.services,
      row.prefixes,
      row.title,
      row.mergeSha,
      row.policyVersion,
      row.decisionId,
      row.halveForMs,
      row.scope,
      row.landedAt,
    ],
  );
  return rows.length > 0;
}

/** Of what shipped alone in a deployment; which changes it carries is kept with their outcomes. */
export async function selectOfDeployment(tx: Tx, deploymentId: string): Promise<RecordRow[]> {
  return tx.query<RecordRow>(
    `select ${RECORD} from loom.autonomy_records
     where change_id in (select change_id from loom.landed_outcomes
                         where deployment_ids @> array[$1::text])
     order by change_id`,
    [deploymentId],
  );
}

export async function selectRecord(tx: Tx, changeId: string): Promise<RecordRow | undefined> {
  const rows = await tx.query<RecordRow>(
    `select ${RECORD} from loom.autonomy_records where change_id = $1`,
    [changeId],
  );
  return rows[0];
}

export async function markReverted(tx: Tx, changeId: string, at: Date): Promise<void> {
  await tx.query(
    'update loom.autonomy_records set reverted_at = $2 where change_id = $1 and reverted_at is null',
    [changeId, at],
  );
}

export async function countIncident(tx: Tx, changeId: string): Promise<void> {
  await tx.query(
    'update loom.autonomy_records set incidents = incidents + 1 where change_id = $1',
    [changeId],
  );
}

/** False for one that was told of before. */
export async function insertCurb(
  tx: Tx,
  curb: {
    repository: string;
    service: string;
    changeId: string;
    cause: AutonomyCurb['cause'];
    causeRef: string;
    startedAt: Date;
    until: Date;
  },
): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.autonomy_curbs
       (repository, service, change_id, cause, cause_ref, started_at, until)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict on constraint autonomy_curbs_once do nothing returning number`,
    [
      curb.repository,
      curb.service,
      curb.changeId,
      curb.cause,
      curb.causeRef,
      curb.startedAt,
      curb.until,
    ],
  );
  return rows.length > 0;
}

/** Services whose percentile and budgets are halved now; `*` is all of the repository. */
export async function selectHalved(
  queryable: Queryable,
  repository: string,
  now: Date,
): Promise<string[]> {
  const rows = await queryable.query<{ service: string }>(
    `select distinct service from loom.autonomy_curbs
     where repository = $1 and restored_at is null and started_at <= $2 and until > $2 order by 1`,
    [repository, now],
  );
  return rows.map(({ service }) => service);
}

const CURB = `b.number::int as number, b.repository, b.service, b.change_id as "changeId", r.title,
  r.agent, b.cause, b.cause_ref as "causeRef", b.started_at as "startedAt", b.until,
  b.restored_at as "restoredAt", b.restored_name as "restoredName", b.reason,
  (b.restored_at is null and b.until > $1) as "isActive"`;
const CURBS = `loom.autonomy_curbs b join loom.autonomy_records r on r.change_id = b.change_id`;

export async function selectCurbs(
  queryable: Queryable,
  repository: string | null,
  now: Date,
): Promise<AutonomyCurb[]> {
  return queryable.query<AutonomyCurb>(
    `select ${CURB} from ${CURBS} where ($2::text is null or b.repository = $2)
     order by b.number desc limit 200`,
    [now, repository],
  );
}

export async function lockCurb(
  tx: Tx,
  number: number,
  now: Date,
): Promise<AutonomyCurb | undefined> {
  const rows = await tx.query<AutonomyCurb>(
    `select ${CURB} from ${CURBS} where b.number = $2 for update of b`,
    [now, number],
  );
  return rows[0];
}

export async function restoreCurb(
  tx: Tx,
  number: number,
  by: { id: string; name: string; reason: string; now: Date },
): Promise<void> {
  await tx.query(
    `update loom.autonomy_curbs
     set restored_at = $2, restored_by = $3, restored_name = $4, reason = $5 where number = $1`,
    [number, by.now, by.id, by.name, by.reason],
  );
}

export async function selectTrackRecords(
  queryable: Queryable,
  filter: { repository: string | null; agent: string | null; since: Date },
): Promise<AutonomyRecord[]> {
  return queryable.query<AutonomyRecord>(
    `select agent, repository, prefix, count(*)::int as "shippedAlone",
       count(reverted_at)::int as reverted, sum(incidents)::int as incidents,
       min(landed_at) as "firstAt", max(landed_at) as "lastAt"
     from loom.autonomy_records, unnest(prefixes) as prefix
     where landed_at > $1 and ($2::text is null or repository = $2) and ($3::text is null or agent = $3)
     group by agent, repository, prefix
     order by count(*) desc, agent, repository, prefix limit 500`,
    [filter.since, filter.repository, filter.agent],
  );
}

export async function selectBudgets(
  queryable: Queryable,
  filter: { repository: string | null; day: string },
): Promise<{ repository: string; budget: string; used: number }[]> {
  return queryable.query(
    `select repository, budget, count(*)::int as used from loom.autonomy_spending
     where day = $1::date and ($2::text is null or repository = $2)
     group by repository, budget order by repository, budget limit 500`,
    [filter.day, filter.repository],
  );
}
