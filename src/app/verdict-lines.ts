/** The lines a verdict points at, found when it is told and not when it is made: telling may wait, judging may not. */
import type { HostChange, VerdictAnnotation } from '#connectors/contract';
import { AppError, type Id, type Logger } from '#kernel';
import type { ChangeKeeper } from '#orchestration';
import type { PolicyService } from '#policy';

export function pointOutIn(deps: {
  changes: Pick<ChangeKeeper, 'openMirror'>;
  policy: Pick<PolicyService, 'pointOut'>;
  log: Logger;
}): (decisionId: Id<'dec'>, change: HostChange) => Promise<VerdictAnnotation[]> {
  return async (decisionId, change) => {
    try {
      const git = await deps.changes.openMirror(change);
      const remarks = await deps.policy.pointOut(decisionId, git);
      return remarks.map(({ line, ...remark }) => ({ ...remark, startLine: line, endLine: line }));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      deps.log.info({ err: error, decisionId }, 'a verdict is told without its lines');
      return [];
    }
  };
}
