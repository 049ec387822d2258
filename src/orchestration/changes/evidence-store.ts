/** SQL of what verdicts rest on besides the commits: host checks, agents' reviews, deployers. */
import type { Id, Queryable, Tx } from '#kernel';

export interface HostCheck {
  name: string;
  conclusion: 'success' | 'failure' | 'cancelled' | 'skipped' | 'neutral';
}

export interface AgentReview {
  changeId: Id<'chg'>;
  headSha: string;
  sessionId: Id<'ses'>;
  decision: 'approve' | 'decline';
  reason: string;
}

/** Keeps the newest result of a check; gives what stood before, and whether this one counts. */
export async function keepHostCheck(
  tx: Tx,
  check: HostCheck & { repository: string; headSha: string; source: string; at: Date },
): Promise<{ before: HostCheck['conclusion'] | null; isKept: boolean }> {
  const key = [check.repository, check.headSha, check.source, check.name];
  const [known] = await tx.query<{ conclusion: HostCheck['conclusion'] }>(
    `select conclusion from loom.host_checks
     where repository = $1 and head_sha = $2 and source = $3 and name = $4 for update`,
    key,
  );
  const kept = await tx.query(
    `insert into loom.host_checks (repository, head_sha, source, name, conclusion, concluded_at)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (repository, head_sha, source, name) do update
       set conclusion = excluded.conclusion, concluded_at = excluded.concluded_at
       where host_checks.concluded_at <= excluded.concluded_at
     returning name`,
    [...key, check.conclusion, check.at],
  );
  return { before: known?.conclusion ?? null, isKept: kept.length > 0 };
}

/** Results at a commit; of very many, those that failed come first. */
export function selectHostChecks(
  queryable: Queryable,
  repository: string,
  headSha: string,
  limit: number,
): Promise<HostCheck[]> {
  return queryable.query<HostCheck>(
    `select source || ':' || name as name, conclusion from loom.host_checks
     where repository = $1 and head_sha = $2
     order by conclusion not in ('failure', 'cancelled'), source, name limit $3`,
    [repository, headSha, limit],
  );
}

/** False when the session has spoken on this commit before. */
export async function insertAgentReview(tx: Tx, review: AgentReview): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.agent_reviews (change_id, head_sha, session_id, decision, reason)
     values ($1, $2, $3, $4, $5) on conflict do nothing returning session_id`,
    [review.changeId, review.headSha, review.sessionId, review.decision, review.reason],
  );
  return rows.length > 0;
}

export function selectAgentReviews(
  queryable: Queryable,
  changeId: Id<'chg'>,
  headSha: string,
): Promise<Pick<AgentReview, 'sessionId' | 'decision'>[]> {
  return queryable.query(
    `select session_id as "sessionId", decision from loom.agent_reviews
     where change_id = $1 and head_sha = $2 order by session_id`,
    [changeId, headSha],
  );
}

/** What agents said of a commit, those that declined first; at most `limit`. */
export function selectAgentFindings(
  queryable: Queryable,
  changeId: Id<'chg'>,
  headSha: string,
  limit: number,
): Promise<(Pick<AgentReview, 'decision' | 'reason'> & { agent: string })[]> {
  return queryable.query(
    `select r.decision, r.reason, s.agent
     from loom.agent_reviews r join loom.sessions s on s.id = r.session_id
     where r.change_id = $1 and r.head_sha = $2 and r.reason <> ''
     order by r.decision = 'approve', r.session_id limit $3`,
    [changeId, headSha, limit],
  );
}

export async function noteDeployers(
  queryable: Queryable,
  repository: string,
  identities: readonly string[],
  at: Date,
): Promise<void> {
  if (identities.length === 0) return;
  await queryable.query(
    `insert into loom.deployers (repository, identity, last_at)
     select $1, identity, $3 from unnest($2::text[]) as identity
     on conflict (repository, identity) do update
       set last_at = greatest(deployers.last_at, excluded.last_at)`,
    [repository, [...new Set(identities)].sort(), at],
  );
}

/** Identities that deployed the repository since then, sorted. */
export async function selectDeployers(
  queryable: Queryable,
  repository: string,
  since: Date,
): Promise<string[]> {
  const rows = await queryable.query<{ identity: string }>(
    `select identity from loom.deployers where repository = $1 and last_at >= $2
     order by identity collate "C" limit 1000`,
    [repository, since],
  );
  return rows.map(({ identity }) => identity);
}
