/**
 * What the steps of a change's workflow do. Each may run again after a crash and then does no harm:
 * outside effects go through the outbox under one key, verdicts are written once.
 */
import type { StepHandler } from '../steps.ts';
import { createApproveStep } from './approve.ts';
import { createCheckStep } from './check.ts';
import { createDecideStep } from './decide.ts';
import type { StepDeps } from './deps.ts';
import { createMergeStep } from './merge.ts';
import { createNotifyStep } from './notify.ts';
import { createPackStep } from './pack.ts';
import { createSignalStep, createTimerStep } from './wait.ts';

export type { StepDeps } from './deps.ts';
export { clearAbandonedChecks } from './abandoned-checks.ts';
export { createTreeTest } from './check.ts';
export { renderVerdict } from './render-verdict.ts';

export function createStepHandlers(deps: StepDeps): StepHandler[] {
  return [
    createPackStep(deps),
    createCheckStep(deps),
    createDecideStep(deps),
    createApproveStep(deps),
    createMergeStep(deps),
    createSignalStep(deps),
    createTimerStep(deps),
    createNotifyStep(deps),
  ];
}
