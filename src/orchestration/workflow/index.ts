/**
 * The workflow engine: explicit graphs as rows, each step done exactly once as far as our own tables
 * go, and with one idempotency key as far as the outside goes. It knows no kind of step by meaning.
 */
export { archiveOldRuns, createArchiveLoop } from './archive.ts';
export { createWorkflowService, type WorkflowDeps } from './service.ts';
export { createWorkflowWorker, type WorkflowWorker, type WorkflowWorkerDeps } from './worker.ts';
export { findCycle, graphHash, MAX_STEPS } from './graph.ts';
export {
  parseWorkflow,
  refusal,
  validateWorkflow,
  type WorkflowDefinition,
  type WorkflowProblem,
} from './definition.ts';
export { durationMs, SIGNAL_TYPES, type SignalType } from './definition-schema.ts';
export { type MatchTrigger, type Schedule } from './triggers.ts';
export { nextFiring } from './schedule-times.ts';
export type { GrownStep } from './control.ts';
export { type FindWorkflow, linkWorkflow, usesWorkflows } from './link.ts';
export { GRAPH_FORMATS, type GraphFormat, renderWorkflow } from './render.ts';
