/**
 * Whether a push that has not been taken yet may be: a session whose claim was overtaken is told who has
 * the file now. People who push without a session are asked nothing.
 */
import { type Id, isId } from '#kernel';
import type { OrchestrationDeps } from '../deps.ts';
import type { ClaimService } from '../service.ts';
import { findByBranch, findSessions } from '../sessions/index.ts';
import { mayHaveWritten } from './gather.ts';

export interface PushToJudge {
  repository: string;
  branch: string;
  /** What its commits say of the sessions behind them: ids, or whatever somebody wrote. */
  sessions: readonly string[];
  paths: readonly string[];
}

/** Asked with the person who pushes: a session counts only where it is theirs. */
export type PushGate = (
  push: PushToJudge,
  by: { id?: string | undefined },
) => Promise<{ message: string; keptFor: Id<'ses'> } | undefined>;

export function createPushGate(
  deps: Pick<OrchestrationDeps, 'db'> & { claims: Pick<ClaimService, 'gate'> },
): PushGate {
  return async ({ repository, branch, sessions, paths }, by) => {
    if (paths.length === 0) return undefined;
    const named = await findSessions(
      deps.db,
      [...new Set(sessions)].filter((id) => isId('ses', id)),
    );
    const onBranch = await findByBranch(deps.db, repository, branch);
    const session = [...named, ...(onBranch === undefined ? [] : [onBranch])].find((one) =>
      mayHaveWritten(one, [by]),
    );
    if (session === undefined) return undefined;
    const sessionId = session.id;
    const answer = await deps.claims.gate({ sessionId, repository, gate: 'push', paths });
    return answer.outcome === 'open' ? undefined : { message: answer.message, keptFor: sessionId };
  };
}
