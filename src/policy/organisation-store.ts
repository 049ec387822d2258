/** SQL of the organisation's policy: its versions, who agreed, and the budgets of the day. */
import type { Queryable, Tx } from '#kernel';

export interface OrganisationVersion {
  version: number;
  text: string;
  authorId: string;
  authorName: string;
  reason: string;
  state: 'proposed' | 'active' | 'replaced' | 'withdrawn';
  judgedBy: number | null;
  proposedAt: Date;
  activeAt: Date | null;
  approvals: { personId: string; personName: string; givenAt: string }[];
}

const VERSION = `v.version::int, v.text, v.author_id as "authorId", v.author_name as "authorName",
  v.reason, v.state, v.judged_by::int as "judgedBy", v.proposed_at as "proposedAt",
  v.active_at as "activeAt", coalesce((select jsonb_agg(jsonb_build_object('personId', a.person_id,
    'personName', a.person_name, 'givenAt', a.given_at) order by a.given_at, a.person_id)
    from loom.organisation_policy_approvals a where a.version = v.version), '[]') as approvals`;

export async function selectActiveOrganisationPolicy(
  queryable: Queryable,
): Promise<{ version: number; text: string } | undefined> {
  const rows = await queryable.query<{ version: number; text: string }>(
    `select version::int, text from loom.organisation_policies where state = 'active'`,
  );
  return rows[0];
}

export async function selectOrganisationVersions(
  queryable: Queryable,
  filter: { version?: number; before?: number; limit: number },
): Promise<OrganisationVersion[]> {
  return queryable.query<OrganisationVersion>(
    `select ${VERSION} from loom.organisation_policies v
     where ($1::bigint is null or v.version = $1) and ($2::bigint is null or v.version < $2)
     order by v.version desc limit $3`,
    [filter.version ?? null, filter.before ?? null, filter.limit],
  );
}

/** One publication at a time, so that two leaders cannot both replace the same version. */
export async function lockOrganisationPolicy(tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('loom.organisation_policies'))`);
}

export async function insertOrganisationVersion(
  tx: Tx,
  draft: Pick<OrganisationVersion, 'text' | 'authorId' | 'authorName' | 'reason' | 'judgedBy'>,
  now: Date,
): Promise<number> {
  const rows = await tx.query<{ version: number }>(
    `insert into loom.organisation_policies (text, author_id, author_name, reason, state, judged_by, proposed_at)
     values ($1, $2, $3, $4, 'proposed', $5, $6) returning version::int`,
    [draft.text, draft.authorId, draft.authorName, draft.reason, draft.judgedBy, now],
  );
  return rows[0]!.version;
}

/** False when this person agreed before. */
export async function insertOrganisationApproval(
  tx: Tx,
  approval: { version: number; personId: string; personName: string },
  now: Date,
): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.organisation_policy_approvals (version, person_id, person_name, given_at)
     values ($1, $2, $3, $4) on conflict do nothing returning version`,
    [approval.version, approval.personId, approval.personName, now],
  );
  return rows.length > 0;
}

export async function activateOrganisationVersion(
  tx: Tx,
  version: number,
  now: Date,
): Promise<void> {
  await tx.query(`update loom.organisation_policies set state = 'replaced' where state = 'active'`);
  await tx.query(
    `update loom.organisation_policies set state = 'active', active_at = $2 where version = $1`,
    [version, now],
  );
}

export async function withdrawOrganisationVersion(tx: Tx, version: number): Promise<void> {
  await tx.query(`update loom.organisation_policies set state = 'withdrawn' where version = $1`, [
    version,
  ]);
}

/** Held until the transaction ends: budgets of one repository are counted and taken one by one. */
export async function lockBudgets(tx: Tx, repository: string): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('loom.autonomy:' || $1))`, [repository]);
}

/** Changes that drew on each budget on a day, this one left out. */
export async function selectSpending(
  queryable: Queryable,
  spending: { repository: string; day: string; changeId: string | null },
): Promise<Map<string, number>> {
  const rows = await queryable.query<{ budget: string; used: number }>(
    `select budget, count(*)::int as used from loom.autonomy_spending
     where repository = $1 and day = $2 and change_id <> $3 group by budget`,
    [spending.repository, spending.day, spending.changeId ?? ''],
  );
  return new Map(rows.map(({ budget, used }) => [budget, used]));
}

/** What a change draws on today, and nothing else: a later verdict may take less. */
export async function replaceSpending(
  tx: Tx,
  spending: {
    repository: string;
    day: string;
    changeId: string;
    decisionId: string;
    budgets: readonly string[];
  },
): Promise<void> {
  const { repository, day, changeId, decisionId, budgets } = spending;
  await tx.query(
    `delete from loom.autonomy_spending
     where repository = $1 and day = $2 and change_id = $3 and budget <> all($4::text[])`,
    [repository, day, changeId, budgets],
  );
  if (budgets.length === 0) return;
  await tx.query(
    `insert into loom.autonomy_spending (repository, day, budget, change_id, decision_id)
     select $1, $2::date, unnest($4::text[]), $3, $5 on conflict do nothing`,
    [repository, day, changeId, budgets, decisionId],
  );
}
