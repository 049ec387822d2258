/** SQL of sessions. Times are the database's: a lease must not hang on a laptop's clock. */
import type { Id, Queryable, Tx } from '#kernel';
import type { Session } from '../schema.ts';

export interface SessionRow {
  id: Id<'ses'>;
  external_id: string;
  agent: string;
  model: string | null;
  operator_id: string | null;
  operator_name: string | null;
  repository: string | null;
  branch: string | null;
  base_sha: string | null;
  cwd: string | null;
  intent: string;
  work_item_id: Id<'wrk'> | null;
  parent_id: Id<'ses'> | null;
  pack_id: Id<'ctx'> | null;
  state: Session['state'];
  tool_calls: number;
  denied_calls: number;
  correlation_id: string;
  started_at: Date;
  last_seen_at: Date;
  ended_at: Date | null;
  end_reason: string | null;
  role: string | null;
  budget_tokens: number | null;
  budget_usd_micros: number | null;
  budget_minutes: number | null;
}

export function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    externalId: row.external_id,
    agent: row.agent,
    model: row.model,
    operatorId: row.operator_id,
    repository: row.repository,
    branch: row.branch,
    baseSha: row.base_sha,
    cwd: row.cwd,
    intent: row.intent,
    workItemId: row.work_item_id,
    parentId: row.parent_id,
    packId: row.pack_id,
    state: row.state,
    toolCalls: row.tool_calls,
    deniedCalls: row.denied_calls,
    correlationId: row.correlation_id,
    startedAt: row.started_at,
    lastSeenAt: row.last_seen_at,
    endedAt: row.ended_at,
    endReason: row.end_reason,
    role: row.role,
    budget: {
      tokens: row.budget_tokens,
      usdMicros: row.budget_usd_micros,
      minutes: row.budget_minutes,
    },
  };
}

export type NewSession = Pick<
  SessionRow,
  | 'id'
  | 'external_id'
  | 'agent'
  | 'model'
  | 'operator_id'
  | 'operator_name'
  | 'repository'
  | 'branch'
  | 'base_sha'
  | 'cwd'
  | 'intent'
  | 'parent_id'
  | 'role'
  | 'budget_tokens'
  | 'budget_usd_micros'
  | 'budget_minutes'
>;

/** Undefined when the agent's session is there already. Its id, or its parent's thread, names its thread. */
export async function insertSession(tx: Tx, session: NewSession): Promise<SessionRow | undefined> {
  const rows = await tx.query<SessionRow>(
    `insert into loom.sessions
       (id, external_id, agent, model, operator_id, operator_name, repository, branch, base_sha,
        cwd, intent, parent_id, role, budget_tokens, budget_usd_micros, budget_minutes, state,
        correlation_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'active',
       coalesce((select correlation_id from loom.sessions where id = $12), $1))
     on conflict (agent, external_id) do nothing returning *`,
    [
      session.id,
      session.external_id,
      session.agent,
      session.model,
      session.operator_id,
      session.operator_name,
      session.repository,
      session.branch,
      session.base_sha,
      session.cwd,
      session.intent,
      session.parent_id,
      session.role,
      session.budget_tokens,
      session.budget_usd_micros,
      session.budget_minutes,
    ],
  );
  return rows[0];
}

/** Whoever holds this token may be the session from now on; breakers are not lifted with it. */
export async function noteToken(tx: Tx, id: string, tokenId: string | undefined): Promise<void> {
  if (tokenId === undefined) return;
  await tx.query(
    `insert into loom.session_tokens (token_id, session_id) values ($1, $2)
     on conflict (token_id) do nothing`,
    [tokenId, id],
    'sessions_note_token',
  );
}

export async function findSession(
  queryable: Queryable,
  id: string,
  options: { forUpdate?: boolean } = {},
): Promise<SessionRow | undefined> {
  const lock = options.forUpdate === true ? ' for update' : '';
  const rows = await queryable.query<SessionRow>(
    `select * from loom.sessions where id = $1${lock}`,
    [id],
    options.forUpdate === true ? 'sessions_lock' : 'sessions_find',
  );
  return rows[0];
}

/** Those of the sessions that exist, in the order asked for. */
export async function findSessions(
  queryable: Queryable,
  ids: readonly string[],
): Promise<SessionRow[]> {
  return queryable.query<SessionRow>(
    `select s.* from unnest($1::text[]) with ordinality as asked (id, place)
     join loom.sessions s using (id) order by asked.place`,
    [[...new Set(ids)]],
  );
}

export async function findByExternalId(
  queryable: Queryable,
  agent: string,
  externalId: string,
  options: { forUpdate?: boolean } = {},
): Promise<SessionRow | undefined> {
  const lock = options.forUpdate === true ? ' for update' : '';
  const rows = await queryable.query<SessionRow>(
    `select * from loom.sessions where agent = $1 and external_id = $2${lock}`,
    [agent, externalId],
    options.forUpdate === true ? 'sessions_lock_by_external_id' : 'sessions_by_external_id',
  );
  return rows[0];
}

/** Whether something was left for session `s` that it has not heard. */
const HAS_NOTES = `(exists (select from loom.session_notes n where n.session_id = s.id and n.told_at is null)
  or exists (select from loom.returned_notes r where r.session_id = s.id and r.told_at is null))`;

/**
 * The session, and whether it holds one of these names alone and for at least so long. One statement,
 * because an agent waits for it before every edit.
 */
export async function findWithHold(
  queryable: Queryable,
  wanted: { agent: string; externalId: string; names: readonly string[]; leftMs: number },
): Promise<(SessionRow & { is_held: boolean; has_notes: boolean }) | undefined> {
  const rows = await queryable.query<SessionRow & { is_held: boolean; has_notes: boolean }>(
    `select s.*, exists (
       select from loom.claims c
       where c.session_id = s.id and c.repository = s.repository and c.state = 'held'
         and c.kind = 'path' and c.strength = 'exclusive' and c.path = any($3::text[])
         and c.lease_until >= now() + $4::float8 * interval '1 millisecond') as is_held,
       ${HAS_NOTES} as has_notes
     from loom.sessions s where s.agent = $1 and s.external_id = $2`,
    [wanted.agent, wanted.externalId, wanted.names, wanted.leftMs],
    'sessions_find_with_hold',
  );
  return rows[0];
}

/** The session that last worked on a branch, to link a change that names none. */
export async function findByBranch(
  queryable: Queryable,
  repository: string,
  branch: string,
): Promise<SessionRow | undefined> {
  const rows = await queryable.query<SessionRow>(
    `select * from loom.sessions where repository = $1 and branch = $2
     order by last_seen_at desc, id desc limit 1`,
    [repository, branch],
  );
  return rows[0];
}

/** Takes a known session up again; what is not told stays as it was. */
export async function resumeSession(
  tx: Tx,
  id: string,
  told: Pick<
    SessionRow,
    | 'model'
    | 'repository'
    | 'branch'
    | 'base_sha'
    | 'cwd'
    | 'intent'
    | 'budget_tokens'
    | 'budget_usd_micros'
    | 'budget_minutes'
  >,
): Promise<SessionRow> {
  const rows = await tx.query<SessionRow>(
    `update loom.sessions set state = 'active', last_seen_at = now(), ended_at = null,
       end_reason = null,
       budget_tokens = coalesce($8, budget_tokens),
       budget_usd_micros = coalesce($9, budget_usd_micros),
       budget_minutes = coalesce($10, budget_minutes),
       model = coalesce($2, model), repository = coalesce($3, repository),
       branch = coalesce($4, branch), base_sha = coalesce($5, base_sha), cwd = coalesce($6, cwd),
       intent = case when intent = '' then $7 else intent end
     where id = $1 returning *`,
    [
      id,
      told.model,
      told.repository,
      told.branch,
      told.base_sha,
      told.cwd,
      told.intent,
      told.budget_tokens,
      told.budget_usd_micros,
      told.budget_minutes,
    ],
  );
  return rows[0]!;
}

export interface TouchedRow extends SessionRow {
  state_before: Session['state'];
}

/** A sign of life. Silence is over for an idle or lost session; an ended one only counts the call. */
export async function touchSession(
  tx: Tx,
  id: string,
  activity: {
    toolCalls: number;
    deniedCalls: number;
    intent: string;
    packId: string | null;
    branch: string | null;
  },
): Promise<TouchedRow | undefined> {
  const rows = await tx.query<TouchedRow>(
    `with before as (select id, state from loom.sessions where id = $1 for update)
     update loom.sessions s set last_seen_at = now(),
       state = case when s.state = 'ended' then s.state else 'active' end,
       ended_at = case when s.state = 'ended' then s.ended_at end,
       tool_calls = tool_calls + $2, denied_calls = denied_calls + $3,
       intent = case when intent = '' then $4 else intent end,
       pack_id = coalesce($5, pack_id), branch = coalesce($6, branch)
     from before where s.id = before.id returning s.*, before.state as state_before`,
    [
      id,
      activity.toolCalls,
      activity.deniedCalls,
      activity.intent,
      activity.packId,
      activity.branch,
    ],
    'sessions_touch',
  );
  return rows[0];
}

/** For agents whose hooks do not say which model they use. */
export async function noteModel(queryable: Queryable, id: string, model: string): Promise<void> {
  await queryable.query(
    'update loom.sessions set model = $2 where id = $1 and model is null',
    [id, model],
    'sessions_note_model',
  );
}

/** Undefined when it has ended before. */
export async function endSession(
  tx: Tx,
  id: string,
  reason: string,
): Promise<SessionRow | undefined> {
  const rows = await tx.query<SessionRow>(
    `update loom.sessions set state = 'ended', ended_at = now(), end_reason = $2
     where id = $1 and state <> 'ended' returning *`,
    [id, reason],
  );
  return rows[0];
}

/** Live sessions that this one started, the newest first, so that helpers of helpers end before them. */
export function findLiveChildren(tx: Tx, id: string): Promise<{ id: Id<'ses'> }[]> {
  return tx.query<{ id: Id<'ses'> }>(
    `select id from loom.sessions where parent_id = $1 and state in ('active', 'idle')
     order by started_at desc, id desc limit 200`,
    [id],
  );
}

/** Marks sessions without a sign of life: idle after one lease, lost after two. Gives the lost. */
export async function markSilent(tx: Tx, leaseMs: number, limit: number): Promise<SessionRow[]> {
  await tx.query(
    `update loom.sessions set state = 'idle' where id in (
       select id from loom.sessions where state = 'active'
         and last_seen_at < now() - $1::bigint * interval '1 millisecond'
       order by id limit $2 for update skip locked)`,
    [leaseMs, limit],
  );
  return tx.query<SessionRow>(
    `update loom.sessions set state = 'lost', ended_at = now(),
       end_reason = 'no sign of life' where id in (
       select id from loom.sessions where state in ('active', 'idle')
         and last_seen_at < now() - $1::bigint * interval '2 milliseconds'
       order by id limit $2 for update skip locked)
     returning *`,
    [leaseMs, limit],
  );
}

export function listSessions(
  queryable: Queryable,
  filter: {
    state?: string | undefined;
    repository?: string | undefined;
    operatorId?: string | undefined;
    agent?: string | undefined;
    parentId?: string | undefined;
  },
  after: readonly [string, string] | null,
  limit: number,
): Promise<SessionRow[]> {
  return queryable.query<SessionRow>(
    `select * from loom.sessions
     where ($1::text is null or state = $1) and ($2::text is null or repository = $2)
       and ($3::timestamptz is null or (started_at, id) < ($3::timestamptz, $4))
       and ($6::text is null or operator_id = $6) and ($7::text is null or agent = $7)
       and ($8::text is null or parent_id = $8)
     order by started_at desc, id desc limit $5`,
    [
      filter.state ?? null,
      filter.repository ?? null,
      after?.[0] ?? null,
      after?.[1] ?? null,
      limit,
      filter.operatorId ?? null,
      filter.agent ?? null,
      filter.parentId ?? null,
    ],
  );
}
