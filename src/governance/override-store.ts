/** SQL of overrides. */
import type { Id, Queryable, Tx } from '#kernel';
import type { Override } from './schema.ts';

export type OverrideRow = Override & {
  number: number;
  needsSecond: boolean;
  expiresMs: number;
  correlationId: string;
};

/** `$1` is the present moment: an override ends by itself. */
const OVERRIDE = `o.id, o.number, o.change_id as "changeId", o.repository, o.head_sha as "headSha",
  o.policy_version as "policyVersion", o.requested_by as "requestedBy",
  (select name from loom.people where id = o.requested_by) as "requesterName", o.reason, o.ticket,
  o.is_emergency as "isEmergency",
  case when o.used_at is not null then 'used' when o.expires_at <= $1 then 'expired'
    when o.active_at is null then 'requested' else 'active' end as state,
  o.confirmed_by as "confirmedBy",
  (select name from loom.people where id = o.confirmed_by) as "confirmerName",
  o.report_to as "reportTo", o.requested_at as "requestedAt", o.active_at as "activeAt",
  o.expires_at as "expiresAt", o.used_at as "usedAt", o.needs_second as "needsSecond",
  o.expires_ms::float8 as "expiresMs", o.correlation_id as "correlationId"`;

export type NewOverride = Omit<
  OverrideRow,
  'number' | 'state' | 'requesterName' | 'confirmedBy' | 'confirmerName' | 'usedAt'
>;

/** Undefined when the same person has an open request for the same commit. */
export async function insertOverrideOnce(
  tx: Tx,
  override: NewOverride,
): Promise<Id<'ovr'> | undefined> {
  const rows = await tx.query<{ id: Id<'ovr'> }>(
    `insert into loom.overrides (id, change_id, repository, head_sha, policy_version, requested_by,
       reason, ticket, needs_second, expires_ms, report_to, correlation_id, requested_at, active_at,
       expires_at, is_emergency)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
     on conflict (change_id, head_sha, requested_by) where active_at is null do nothing
     returning id`,
    [
      override.id,
      override.changeId,
      override.repository,
      override.headSha,
      override.policyVersion,
      override.requestedBy,
      override.reason,
      override.ticket,
      override.needsSecond,
      override.expiresMs,
      override.reportTo,
      override.correlationId,
      override.requestedAt,
      override.activeAt,
      override.expiresAt,
      override.isEmergency,
    ],
  );
  return rows[0]?.id;
}

/** Clears away a request of the same person that nobody agreed to in time. */
export async function dropLapsedRequest(
  tx: Tx,
  request: { changeId: string; headSha: string; requestedBy: string },
  now: Date,
): Promise<void> {
  // It stays in the list as expired; only its claim to be the open one ends.
  await tx.query(
    `update loom.overrides set active_at = expires_at
     where change_id = $1 and head_sha = $2 and requested_by = $3 and active_at is null
       and expires_at <= $4`,
    [request.changeId, request.headSha, request.requestedBy, now],
  );
}

export async function selectOverride(
  queryable: Queryable,
  id: Id<'ovr'>,
  now: Date,
  options: { forUpdate?: boolean } = {},
): Promise<OverrideRow | undefined> {
  const lock = options.forUpdate === true ? ' for update of o' : '';
  const rows = await queryable.query<OverrideRow>(
    `select ${OVERRIDE} from loom.overrides o where o.id = $2${lock}`,
    [now, id],
  );
  return rows[0];
}

export async function selectRequest(
  queryable: Queryable,
  request: { changeId: string; headSha: string; requestedBy: string },
  now: Date,
): Promise<OverrideRow | undefined> {
  const rows = await queryable.query<OverrideRow>(
    `select ${OVERRIDE} from loom.overrides o
     where o.change_id = $2 and o.head_sha = $3 and o.requested_by = $4 and o.active_at is null`,
    [now, request.changeId, request.headSha, request.requestedBy],
  );
  return rows[0];
}

/** The override in force for a commit, the newest first. */
export async function selectActiveOverrides(
  queryable: Queryable,
  changeId: Id<'chg'>,
  headSha: string,
  now: Date,
): Promise<OverrideRow[]> {
  return queryable.query<OverrideRow>(
    `select ${OVERRIDE} from loom.overrides o
     where o.change_id = $2 and o.head_sha = $3 and o.active_at is not null and o.expires_at > $1
     order by o.number desc`,
    [now, changeId, headSha],
  );
}

export async function selectOverrides(
  queryable: Queryable,
  filter: { changeId: string | undefined; before: number; limit: number },
  now: Date,
): Promise<OverrideRow[]> {
  return queryable.query<OverrideRow>(
    `select ${OVERRIDE} from loom.overrides o
     where ($2::text is null or o.change_id = $2) and o.number < $3
     order by o.number desc limit $4`,
    [now, filter.changeId ?? null, filter.before, filter.limit],
  );
}

export async function activateOverride(
  tx: Tx,
  id: Id<'ovr'>,
  { confirmedBy, now, expiresAt }: { confirmedBy: string; now: Date; expiresAt: Date },
): Promise<void> {
  await tx.query(
    `update loom.overrides set confirmed_by = $2, active_at = $3, expires_at = $4 where id = $1`,
    [id, confirmedBy, now, expiresAt],
  );
}

/** False when it was used before. */
export async function markUsed(tx: Tx, id: Id<'ovr'>, now: Date): Promise<boolean> {
  const rows = await tx.query(
    'update loom.overrides set used_at = $2 where id = $1 and used_at is null returning id',
    [id, now],
  );
  return rows.length > 0;
}

export function toOverride(row: OverrideRow): Override {
  const { number: _n, needsSecond: _s, expiresMs: _e, correlationId: _c, ...override } = row;
  return override;
}
