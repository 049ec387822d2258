/** The change a step works for, and whether the run may still speak for it. */
import type { EventRefs } from '#ledger';
import type { Change } from '../schema.ts';
import type { StepContext, StepResult } from '../steps.ts';
import type { StepDeps } from './deps.ts';

export { toHostChange } from '../host-change.ts';

type Failure = Extract<StepResult, { outcome: 'failed' }>;

/** The change, or why the step has nothing to do any more. */
export async function findSubject(
  { changes }: StepDeps,
  { run }: StepContext,
): Promise<{ change: Change } | { failure: Failure }> {
  const change = run.changeId === null ? undefined : await changes.find(run.changeId);
  if (change === undefined) return { failure: forGood('This step needs a change to work on.') };
  // What a run did is undone whatever has become of its change.
  if (run.undoOf !== null) return { change };
  if (change.runId !== run.id) {
    return { failure: forGood(`The change moved on; run ${change.runId ?? 'none'} took over.`) };
  }
  if (change.state === 'closed') return { failure: forGood('The change was closed.') };
  return { change };
}

export function forGood(message: string): Failure {
  return { outcome: 'failed', message, isPermanent: true };
}

/** Links of an event a step gives. */
export function stepRefs({ run, step }: StepContext, change: Change): EventRefs {
  return {
    change: change.id,
    repository: change.repository,
    commit: change.headSha,
    run: run.id,
    step: step.id,
    ...(change.sessionId === null ? {} : { session: change.sessionId }),
    ...(change.workItemId === null ? {} : { workItem: change.workItemId }),
  };
}
