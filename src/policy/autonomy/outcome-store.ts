/** SQL of what landed, alone or with people, of what became of it, and of alarms. */
import type { Queryable, Tx } from '#kernel';
import type { Audit, AutonomyRecord, DefectCause } from './schema.ts';
import type { ThresholdCounts } from './thresholds.ts';

/** A landed change as far as what comes of it concerns us. */
export interface LandedOutcome {
  changeId: string;
  repository: string;
  title: string;
  mergeSha: string;
  boundPerMille: number | null;
  landedAt: Date;
  changeClass: string;
  tiers: string[];
  /** As it was judged; null where it never was. */
  score: number | null;
  /** Null where people let it through. */
  alone: ShippedAlone | null;
}

/** Under what a change shipped alone, and what harm traced to it halves. */
export interface ShippedAlone {
  /** `-` where no agent wrote it. */
  agent: string;
  services: string[];
  /** The folders it touched: earned autonomy is counted by these. */
  prefixes: string[];
  policyVersion: string;
  decisionId: string;
  halveForMs: number;
  scope: 'service' | 'repository';
}

const OUTCOME = `o.change_id as "changeId", o.repository, o.title, o.merge_sha as "mergeSha",
  o.bound_per_mille as "boundPerMille", o.landed_at as "landedAt", o.change_class as "changeClass",
  o.tiers, o.score,
  case when r.change_id is not null then jsonb_build_object('agent', r.agent, 'services', r.services,
    'prefixes', r.prefixes, 'policyVersion', r.policy_version, 'decisionId', r.decision_id,
    'halveForMs', r.halve_for_ms, 'scope', r.scope) end as alone`;
const OUTCOMES = `loom.landed_outcomes o left join loom.autonomy_records r on r.change_id = o.change_id`;

/** Nothing where the change is known to have landed. */
export async function insertOutcome(tx: Tx, row: LandedOutcome, isAudited: boolean): Promise<void> {
  const { alone } = row;
  await tx.query(
    `insert into loom.landed_outcomes (change_id, repository, title, merge_sha, shipped_alone,
       bound_per_mille, landed_at, audit, change_class, tiers, score)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (change_id) do nothing`,
    [
      row.changeId,
      row.repository,
      row.title,
      row.mergeSha,
      alone !== null,
      row.boundPerMille,
      row.landedAt,
      isAudited ? 'open' : null,
      row.changeClass,
      row.tiers,
      row.score,
    ],
  );
  if (alone === null) return;
  await tx.query(
    `insert into loom.autonomy_records (change_id, agent, services, prefixes, policy_version,
       decision_id, halve_for_ms, scope)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (change_id) do nothing`,
    [
      row.changeId,
      alone.agent,
      alone.services,
      alone.prefixes,
      alone.policyVersion,
      alone.decisionId,
      alone.halveForMs,
      alone.scope,
    ],
  );
}

export async function selectRecentOutcomes(
  queryable: Queryable,
  repository: string,
  since: Date,
): Promise<LandedOutcome[]> {
  return queryable.query<LandedOutcome>(
    `select ${OUTCOME} from ${OUTCOMES}
     where o.repository = $1 and o.landed_at > $2 order by o.landed_at desc limit 5000`,
    [repository, since],
  );
}

export async function selectOutcomesOfDeployment(
  tx: Tx,
  deploymentId: string,
): Promise<LandedOutcome[]> {
  return tx.query<LandedOutcome>(
    `select ${OUTCOME} from ${OUTCOMES} where o.deployment_ids @> array[$1::text]
     order by o.change_id`,
    [deploymentId],
  );
}

export async function selectOutcome(tx: Tx, changeId: string): Promise<LandedOutcome | undefined> {
  const rows = await tx.query<LandedOutcome>(
    `select ${OUTCOME} from ${OUTCOMES} where o.change_id = $1`,
    [changeId],
  );
  return rows[0];
}

/** Of these commits, those no harm was traced to. */
export async function selectOutcomesOfCommits(
  queryable: Queryable,
  repository: string,
  shas: readonly string[],
): Promise<LandedOutcome[]> {
  return queryable.query<LandedOutcome>(
    `select ${OUTCOME} from ${OUTCOMES}
     where o.repository = $1 and o.merge_sha = any($2::text[]) and o.defect_at is null
     order by o.change_id`,
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

/** Of every repository with changes that landed after the day of `since`, or of one; at most 500. */
export async function selectSlips(
  queryable: Queryable,
  filter: { repository: string | null; since: Date },
): Promise<SlipRow[]> {
  return queryable.query<SlipRow>(
    `select d.repository, sum(landed)::int as landed, sum(shipped_alone)::int as "shippedAlone",
       sum(defects)::int as defects, sum(slipped)::int as slipped, sum(audited)::int as audited,
       sum(audited_risky)::int as "auditedRisky",
       (select bound_per_mille from loom.landed_outcomes o where o.repository = d.repository
        order by landed_at desc, change_id desc limit 1) as "boundPerMille",
       (select raised_at from loom.bound_alarms a
        where a.repository = d.repository and cleared_at is null) as "alarmSince"
     from loom.landed_days d
     where change_class = '*' and tier = '*' and day > ($1::timestamptz at time zone 'UTC')::date
       and ($2::text is null or d.repository = $2)
     group by d.repository order by sum(landed) desc, d.repository limit 500`,
    [filter.since, filter.repository],
  );
}

/** What one place counts: a kind of change and a tier, `*` for all of them. */
export async function selectPlaceCounts(
  queryable: Queryable,
  place: { repository: string; changeClass: string; tier: string; since: Date },
): Promise<ThresholdCounts> {
  const { repository, changeClass, tier, since } = place;
  const rows = await queryable.query<ThresholdCounts>(
    `select coalesce(sum(landed), 0)::int as landed,
       coalesce(sum(shipped_alone), 0)::int as "shippedAlone",
       coalesce(sum(defects), 0)::int as defects, coalesce(sum(slipped), 0)::int as slipped,
       (select bound_per_mille from loom.landed_outcomes o
        where o.repository = $1 and ($2 = '*' or o.change_class = $2) and ($3 = '*' or $3 = any(o.tiers))
        order by landed_at desc, change_id desc limit 1) as "boundPerMille",
       array(select score from loom.landed_outcomes o
         where o.repository = $1 and o.change_class = $2 and o.change_class <> 'code'
           and ($3 = '*' or $3 = any(o.tiers)) and o.landed_at > $4
           and defect_at is not null and score is not null order by score) as "harmfulScores"
     from loom.landed_days
     where repository = $1 and change_class = $2 and tier = $3
       and day > ($4::timestamptz at time zone 'UTC')::date`,
    [repository, changeClass, tier, since],
  );
  return rows[0]!;
}

/** What agents shipped alone after `since`, by folder. */
export async function selectTrackRecords(
  queryable: Queryable,
  filter: { repository: string | null; agent: string | null; since: Date },
): Promise<AutonomyRecord[]> {
  return queryable.query<AutonomyRecord>(
    `select r.agent, o.repository, prefix, count(*)::int as "shippedAlone",
       count(r.reverted_at)::int as reverted, sum(r.incidents)::int as incidents,
       min(o.landed_at) as "firstAt", max(o.landed_at) as "lastAt"
     from loom.landed_outcomes o join loom.autonomy_records r on r.change_id = o.change_id,
       unnest(r.prefixes) as prefix
     where o.shipped_alone and o.landed_at > $1 and ($2::text is null or o.repository = $2)
       and ($3::text is null or r.agent = $3)
     group by r.agent, o.repository, prefix
     order by count(*) desc, r.agent, o.repository, prefix limit 500`,
    [filter.since, filter.repository, filter.agent],
  );
}

/** Whether what shipped alone was taken back, and how often it was part of an incident. */
export async function noteSetback(
  tx: Tx,
  changeId: string,
  cause: 'taken-back' | 'incident',
  at: Date,
): Promise<void> {
  await tx.query(
    cause === 'incident'
      ? 'update loom.autonomy_records set incidents = incidents + 1 where change_id = $1'
      : `update loom.autonomy_records set reverted_at = coalesce(reverted_at, $2)
         where change_id = $1`,
    cause === 'incident' ? [changeId] : [changeId, at],
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
