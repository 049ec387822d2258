/**
 * What a deployment is after one more word of it. Words come late, twice and in any order, and the same words
 * always end in the same: a roll-back is the last word, then the newest end counts, and it began at the
 * earliest moment anything was said of it. Pure.
 */
import type { Deployment } from './schema.ts';

export type DeploymentState = Pick<Deployment, 'status' | 'startedAt' | 'finishedAt'>;

/** Of two ends of one moment the worse one counts. */
const RANK: Record<Deployment['status'], number> = {
  started: 0,
  succeeded: 1,
  failed: 2,
  'rolled-back': 3,
};

/** `said` is false where the sender named no moment: then `at` is when it arrived, and a repeated word adds nothing. */
export function foldDeployment(
  known: DeploymentState | undefined,
  word: { status: Deployment['status']; at: Date; said: boolean },
): DeploymentState {
  const { status, at } = word;
  const finishedAt = status === 'started' ? null : at;
  if (known === undefined) return { status, startedAt: at, finishedAt };
  if (!word.said && status === known.status) return known;
  const startedAt = at < known.startedAt ? at : known.startedAt;
  return isNews(known, status, at) ? { status, startedAt, finishedAt } : { ...known, startedAt };
}

function isNews(known: DeploymentState, status: Deployment['status'], at: Date): boolean {
  if (status === 'started') return false;
  if (known.finishedAt === null) return true;
  const isRolledBack = status === 'rolled-back';
  if (isRolledBack !== (known.status === 'rolled-back')) return isRolledBack;
  const later = at.getTime() - known.finishedAt.getTime();
  return later > 0 || (later === 0 && RANK[status] > RANK[known.status]);
}

/** What is to be told of the step from one to the other. */
export function newsOf(
  known: DeploymentState | undefined,
  next: DeploymentState,
): 'status' | 'moments' | 'nothing' {
  if (known?.status !== next.status) return 'status';
  const isSame =
    known.startedAt.getTime() === next.startedAt.getTime() &&
    known.finishedAt?.getTime() === next.finishedAt?.getTime();
  return isSame ? 'nothing' : 'moments';
}
