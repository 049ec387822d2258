/** Rows of the engine's tables, and their shape for the outside. */
import type { Id, JsonObject } from '#kernel';
import type { Run, Step } from '../schema.ts';
import type { StepCondition } from '../service.ts';

/** Columns of a run under the names of its schema; `r` is the alias of loom.runs. */
export const RUN_COLUMNS = `r.id, r.workflow, r.graph_hash as "graphHash",
  r.definition_source as "definitionSource", r.state, r.change_id as "changeId",
  r.work_item_id as "workItemId", r.repository, r.title, r.input,
  r.correlation_id as "correlationId", r.created_at as "createdAt", r.ended_at as "endedAt"`;

/** Columns of a step under the names of its schema; `s` is the alias of loom.steps. */
export const STEP_COLUMNS = `s.id, s.run_id as "runId", s.name, s.kind, s.state, s.needs, s.origin,
  s.options as "with", s.attempt, s.max_attempts as "maxAttempts", s.output, s.message, s.worker,
  s.due_at as "dueAt", s.started_at as "startedAt", s.ended_at as "endedAt"`;

/** What an event about a step needs to know of it. */
export interface StepReference {
  runId: Id<'run'>;
  stepId: Id<'stp'>;
  name: string;
  kind: string;
  changeId: Id<'chg'> | null;
  workItemId: Id<'wrk'> | null;
  repository: string | null;
  correlationId: string;
  cause: Id<'evt'> | null;
}

/** Columns of a StepReference; `s` is the alias of loom.steps, `r` of loom.runs. */
export const REFERENCE_COLUMNS = `s.run_id as "runId", s.id as "stepId", s.name, s.kind, s.cause,
  r.change_id as "changeId", r.work_item_id as "workItemId", r.repository,
  r.correlation_id as "correlationId"`;

/** A step in the hands of one worker, with all its handler may ask for. */
export interface ClaimedStep {
  run: Run;
  step: Step;
  fence: number;
  backoffMs: number;
  timeoutMs: number | null;
  condition: StepCondition | null;
  /** Nothing follows it: the run may end with it. */
  isLast: boolean;
  inputs: Record<string, JsonObject>;
  cause: Id<'evt'> | null;
  wake: 'timer' | 'signal' | null;
  signal: { name: string; body: JsonObject } | null;
}

export function referenceOf({ run, step, cause }: ClaimedStep): StepReference {
  return {
    runId: run.id,
    stepId: step.id,
    name: step.name,
    kind: step.kind,
    changeId: run.changeId,
    workItemId: run.workItemId,
    repository: run.repository,
    correlationId: run.correlationId,
    cause,
  };
}
