/** Asks policy about a change as it stands now: head, base, owners, consents and checks. */
import { AppError } from '#kernel';
import type { Approval } from '#governance';
import type { Decision } from '#policy';
import type { Change } from '../schema.ts';
import type { StepContext } from '../steps.ts';
import { type CheckResult, type Checks, checksOf, stepChecks, withHostChecks } from './checks.ts';
import type { StepDeps } from './deps.ts';
import { gatherEvidence } from './evidence.ts';
import { findExperts } from './experts.ts';

/** A fetch may be under way; after so many looks the commit counts as gone. */
const ATTEMPTS_TO_FIND = 3;
const MAX_OWNED_FILES = 20_000;

/** What the workflow's own steps say; the host's checks are looked up afresh at every verdict. */
export interface Judged {
  checks: Checks;
  ci: CheckResult[];
}

/** The verdict of this moment. The same question gets the same answer and is written down once. */
export async function judge(
  deps: StepDeps,
  context: StepContext,
  change: Change,
): Promise<{ decision: Decision; checks: Judged; refusal: Approval | undefined }> {
  const { db, policy, governance, changes } = deps;
  const git = await deps.changes.openMirror(change);
  const baseSha = await git.resolve(`refs/heads/${change.baseBranch}`);
  const head = await git.resolve(change.headSha);
  // A head that stays away gets a verdict all the same: nobody can say what would land, so it is held.
  const isGone = head === undefined && context.step.attempt >= ATTEMPTS_TO_FIND;
  if (baseSha === undefined || (head === undefined && !isGone)) {
    throw new AppError('unavailable', 'changes.commit_missing', {
      message: `Commit ${change.headSha.slice(0, 12)} or branch ${change.baseBranch} is not in the mirror of ${change.repository} yet.`,
      hint: 'The repository is fetched again soon; if this stays, refresh it by hand.',
    });
  }
  const files = isGone ? [] : await git.changedFiles(baseSha, change.headSha);
  // Of more files than policy reads one by one, nobody's owners decide anything.
  const paths =
    files.length > MAX_OWNED_FILES
      ? []
      : files.flatMap(({ path, oldPath }) => (oldPath === undefined ? [path] : [path, oldPath]));
  const owners = await deps.context.ownersOf(change.repository, baseSha, paths);
  const approvals = await db.transaction((tx) =>
    governance.approvalFacts(tx, {
      changeId: change.id,
      headSha: change.headSha,
      custody: change.custody,
    }),
  );
  const evidence = await gatherEvidence(deps, change, stepChecks(context.inputs));
  const checks = withHostChecks(checksOf(context.inputs), evidence.hostChecks);
  const decision = await policy.decide(
    {
      changeId: change.id,
      repository: change.repository,
      git,
      baseSha,
      headSha: change.headSha,
      authorKind: change.authorKind,
      owners,
      approvals,
      checks,
      evidence: evidence.facts,
      findExperts: () => findExperts(deps, change, paths),
    },
    { cause: context.cause, correlationId: change.correlationId },
  );
  await changes.setLane(change.id, change.headSha, decision.lane);
  // Asked for after the verdict, which asks nobody where a change may ship alone.
  const refusal = await governance.findDecline(null, change.id, change.headSha);
  const steps = { checks: checksOf(context.inputs), ci: stepChecks(context.inputs) };
  return { decision, checks: steps, refusal };
}

/** A verdict as the output of a step: what later steps and conditions read. */
export function verdictOutput(decision: Decision, { checks, ci }: Judged) {
  return {
    decisionId: decision.id,
    lane: decision.lane,
    outcome: decision.outcome,
    score: decision.score,
    policyVersion: decision.policyVersion,
    headSha: decision.headSha,
    baseSha: decision.baseSha,
    checks,
    ci,
  };
}
