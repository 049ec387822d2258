/** Who is in the way, and where their work can be found. */
import type { Id, Queryable } from '#kernel';
import { findInTheWay, type HeldRow, type Target, toWanted } from '../claims/index.ts';

/** Live claims of others that stand in the way of taking the targets alone, the oldest first. */
export async function findHolders(
  queryable: Queryable,
  sessionId: Id<'ses'>,
  repository: string,
  targets: readonly Target[],
): Promise<HeldRow[]> {
  const wanted = targets.map((target) => toWanted(target, repository, 'exclusive'));
  const held = await findInTheWay(queryable, { id: sessionId }, wanted);
  return held
    .filter(({ is_stale: isStale }) => !isStale)
    .sort((a, b) => a.granted_at.getTime() - b.granted_at.getTime());
}

/** The newest pushed work of a session in a repository, if it has an open change there. */
export async function findPushedWork(
  queryable: Queryable,
  sessionId: string,
  repository: string,
): Promise<{ branch: string; headSha: string } | undefined> {
  const rows = await queryable.query<{ branch: string; headSha: string }>(
    `select branch, head_sha as "headSha" from loom.changes
     where session_id = $1 and repository = $2 and state = 'open'
     order by updated_at desc, id desc limit 1`,
    [sessionId, repository],
  );
  return rows[0];
}
