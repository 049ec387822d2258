/** SQL of curbs and of budgets. */
import type { Queryable, Tx } from '#kernel';
import type { AutonomyCurb } from './schema.ts';

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

const CURB = `b.number::int as number, b.repository, b.service, b.change_id as "changeId", o.title,
  r.agent, b.cause, b.cause_ref as "causeRef", b.started_at as "startedAt", b.until,
  b.restored_at as "restoredAt", b.restored_name as "restoredName", b.reason,
  (b.restored_at is null and b.until > $1) as "isActive"`;
const CURBS = `loom.autonomy_curbs b join loom.autonomy_records r on r.change_id = b.change_id
  join loom.landed_outcomes o on o.change_id = b.change_id`;

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
