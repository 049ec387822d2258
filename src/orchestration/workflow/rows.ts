/** Rows of the engine's tables, and their shape for the outside. */
import type { Id, JsonObject } from '#kernel';
import type { Run, Step } from '../schema.ts';
import type { StepCondition } from '../service.ts';
import type { BackoffTerms, Control, UndoTerms } from '../workflow-graph.ts';

/** Columns of a run under the names of its schema, but for when it was put away; `r` is the alias of loom.runs. */
export const RUN_COLUMNS = `r.id, r.workflow, r.graph_hash as "graphHash",
  r.definition_source as "definitionSource", r.state, r.change_id as "changeId",
  r.work_item_id as "workItemId", r.repository, r.title, r.input,
  r.correlation_id as "correlationId", r.created_at as "createdAt", r.ended_at as "endedAt",
  r.deadline_at as "deadlineAt", r.undo_of as "undoOf", r.undone_by as "undoneBy"`;

/** The same of a run that is where workers see it. */
export const HOT_RUN_COLUMNS = `${RUN_COLUMNS}, null::timestamptz as "archivedAt"`;

/** Columns of a step under the names of its schema; `s` is the alias of loom.steps. */
export const STEP_COLUMNS = `s.id, s.run_id as "runId", s.name, s.kind, s.state, s.needs, s.origin,
  s.options as "with", s.attempt, s.max_attempts as "maxAttempts", s.output, s.message, s.worker,
  nullif(s.due_at, 'infinity') as "dueAt", s.started_at as "startedAt", s.ended_at as "endedAt"`;

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

/** What only some steps have; null for all others. */
export interface StepTerms {
  backoff?: BackoffTerms | undefined;
  undo?: UndoTerms | undefined;
  onFailure?: 'continue' | undefined;
  control?: Control | undefined;
  /** Needed steps whose outputs it is not given: they only come first. */
  after?: string[] | undefined;
}

/** How far a growing step has come. */
export interface Progress {
  /** Turns begun; of a fan-out, how often it was begun. */
  turn: number;
  /** Turns that do not count any more, because the step was taken up again. */
  forgotten: number;
  /** What it waits for now, and the list behind it. */
  names: string[];
  items?: JsonObject[] | undefined;
}

/** A step in the hands of one worker, with all its handler may ask for. */
export interface ClaimedStep {
  run: Run;
  step: Step;
  fence: number;
  backoffMs: number;
  timeoutMs: number | null;
  condition: StepCondition | null;
  terms: StepTerms | null;
  progress: Progress | null;
  limitKey: string | null;
  /** How often it was taken up again from here by hand. */
  redo: number;
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
