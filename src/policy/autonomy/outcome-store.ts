/** SQL of what became of changes, and of alarms. */
import type { Queryable, Tx } from '#kernel';
import type { Audit, DefectCause } from './schema.ts';

export interface OutcomeRow {
  changeId: string;
  repository: string;
  title: string;
  mergeSha: string;
  shippedAlone: boolean;
  boundPerMille: number | null;
  landedAt: Date;
  changeClass: string;
  tiers: string[];
  /** As it was judged; null where it never was. */
  score: number | null;
}

const OUTCOME = `change_id as "changeId", repository, title, merge_sha as "mergeSha",
  shipped_alone as "shippedAlone", bound_per_mille as "boundPerMille", landed_at as "landedAt",
  change_class as "changeClass", tiers, score`;

export async function insertOutcome(tx: Tx, row: OutcomeRow, isAudited: boolean): Promise<void> {
  await tx.query(
    `insert into loom.landed_outcomes (change_id, repository, title, merge_sha, shipped_alone,
       bound_per_mille, landed_at, audit, change_class, tiers, score)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (change_id) do nothing`,
    [
      row.changeId,
      row.repository,
      row.title,
      row.mergeSha,
      row.shippedAlone,
      row.boundPerMille,
      row.landedAt,
      isAudited ? 'open' : null,
      row.changeClass,
      row.tiers,
      row.score,
    ],
  );
}

export async function selectRecentOutcomes(
  queryable: Queryable,
  repository: string,
  since: Date,
): Promise<OutcomeRow[]> {
  return queryable.query<OutcomeRow>(
    `select ${OUTCOME} from loom.landed_outcomes
     where repository = $1 and landed_at > $2 order by landed_at desc limit 5000`,
    [repository, since],
  );
}

export async function selectOutcomesOfDeployment(
  tx: Tx,
  deploymentId: string,
): Promise<OutcomeRow[]> {
  return tx.query<OutcomeRow>(
    `select ${OUTCOME} from loom.landed_outcomes where deployment_ids @> array[$1::text]
     order by change_id`,
    [deploymentId],
  );
}

export async function selectOutcome(tx: Tx, changeId: string): Promise<OutcomeRow | undefined> {
  const rows = await tx.query<OutcomeRow>(
    `select ${OUTCOME} from loom.landed_outcomes where change_id = $1`,
    [changeId],
  );
  return rows[0];
}

export async function selectOutcomesOfCommits(
  queryable: Queryable,
  repository: string,
  shas: readonly string[],
): Promise<OutcomeRow[]> {
  return queryable.query<OutcomeRow>(
    `select ${OUTCOME} from loom.landed_outcomes
     where repository = $1 and merge_sha = any($2::text[]) and defect_at is null order by change_id`,
    [repository, shas],
  );
}

export async function noteOutcomeDeployment(
  tx: Tx,
  changeId: string,
  deploymentId: string,
): Promise<void> {
  await tx.query(
    `update loom.landed_outcomes set deployment_ids = array_append(deployment_ids, $2)
     where change_id = $1 and not deployment_ids @> array[$2::text]`,
    [changeId, deploymentId],
  );
}

/** False where harm was traced to it before: a change is defective once. */
export async function markDefective(
  tx: Tx,
  changeId: string,
  defect: { cause: DefectCause; ref: string; at: Date },
): Promise<boolean> {
  const rows = await tx.query(
    `update loom.landed_outcomes set defect_at = $2, defect_cause = $3, defect_ref = $4
     where change_id = $1 and defect_at is null returning change_id`,
    [changeId, defect.at, defect.cause, defect.ref],
  );
  return rows.length > 0;
}

export interface SlipRow {
  repository: string;
  landed: number;
  shippedAlone: number;
  defects: number;
  slipped: number;
  audited: number;
  auditedRisky: number;
  /** The newest that was declared. */
  boundPerMille: number | null;
  alarmSince: Date | null;
}

/** Of every repository with landed changes, or of one; at most 500. */
export async function selectSlips(
  queryable: Queryable,
  filter: { repository: string | null; since: Date },
): Promise<SlipRow[]> {
  return queryable.query<SlipRow>(
    `select o.repository, count(*)::int as landed,
       count(*) filter (where shipped_alone)::int as "shippedAlone",
       count(defect_at)::int as defects,
       count(defect_at) filter (where shipped_alone)::int as slipped,
       count(*) filter (where audit in ('fine', 'risky'))::int as audited,
       count(*) filter (where audit = 'risky')::int as "auditedRisky",
       (array_agg(bound_per_mille order by landed_at desc))[1] as "boundPerMille",
       (select raised_at from loom.bound_alarms a
        where a.repository = o.repository and cleared_at is null) as "alarmSince"
     from loom.landed_outcomes o
     where landed_at > $1 and ($2::text is null or o.repository = $2)
     group by o.repository order by count(*) desc, o.repository limit 500`,
    [filter.since, filter.repository],
  );
}

/** False while one is open. */
export async function raiseAlarm(tx: Tx, repository: string, at: Date): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.bound_alarms (repository, raised_at) values ($1, $2)
     on conflict (repository) where cleared_at is null do nothing returning number`,
    [repository, at],
  );
  return rows.length > 0;
}

/** False where none is open. */
export async function clearAlarm(tx: Tx, repository: string, at: Date): Promise<boolean> {
  const rows = await tx.query(
    `update loom.bound_alarms set cleared_at = $2
     where repository = $1 and cleared_at is null returning number`,
    [repository, at],
  );
  return rows.length > 0;
}

const AUDIT = `change_id as "changeId", repository, title, merge_sha as "mergeSha",
  landed_at as "landedAt", audit as state, audited_name as "auditedName", audit_reason as reason,
  audited_at as "auditedAt"`;

/** Those that wait first, the oldest of them first; then the newest answers. */
export async function selectAudits(
  queryable: Queryable,
  filter: { repository: string | null; since: Date },
): Promise<Audit[]> {
  return queryable.query<Audit>(
    `select ${AUDIT} from loom.landed_outcomes
     where audit is not null and ($1::text is null or repository = $1)
       and (audit = 'open' or audited_at > $2)
     order by audit = 'open' desc, case when audit = 'open' then landed_at end, audited_at desc,
       change_id limit 200`,
    [filter.repository, filter.since],
  );
}

export async function lockAudit(tx: Tx, changeId: string): Promise<Audit | undefined> {
  const rows = await tx.query<Audit>(
    `select ${AUDIT} from loom.landed_outcomes
     where change_id = $1 and audit is not null for update`,
    [changeId],
  );
  return rows[0];
}

export async function answerAudit(
  tx: Tx,
  changeId: string,
  answer: { finding: 'fine' | 'risky'; by: { id: string; name: string }; reason: string; at: Date },
): Promise<void> {
  await tx.query(
    `update loom.landed_outcomes set audit = $2, audited_by = $3, audited_name = $4,
       audit_reason = $5, audited_at = $6 where change_id = $1`,
    [changeId, answer.finding, answer.by.id, answer.by.name, answer.reason, answer.at],
  );
}
