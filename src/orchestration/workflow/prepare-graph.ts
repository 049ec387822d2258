/** From a graph to the rows of its steps. Pure. */
import type { JsonObject } from '#kernel';
import type { GraphStep, StepCondition, WorkflowGraph } from '../workflow-graph.ts';
import { checkGraph, graphHash, successorsOf } from './graph.ts';
import type { StepTerms } from './rows.ts';

/** A step as it is sent to the database; what is absent is null there. */
export interface NewStep {
  name: string;
  position: number;
  kind: string;
  needs: string[];
  next: string[];
  origin: string;
  options: JsonObject;
  condition: StepCondition | null;
  maxAttempts: number;
  backoffMs: number;
  timeoutMs: number | null;
  /** Needed steps that are still to end, and one for the gate of a limit. */
  unmet: number;
  terms?: StepTerms | undefined;
  limitKey?: string | undefined;
  limitPlaces?: number | null | undefined;
  limitRate?: number | undefined;
  limitWindowMs?: number | undefined;
}

export interface PreparedGraph {
  hash: string;
  /** Its steps as they are sent. */
  text: string;
  hasUndo: boolean;
  hasLimit: boolean;
  timeoutMs: number | null;
}

/** Graphs are never edited once they are made, and most runs are of a few. */
const prepared = new WeakMap<WorkflowGraph, PreparedGraph>();

/** @throws AppError `workflow.invalid_graph` when the engine could not run it to an end. */
export function prepareGraph(definition: WorkflowGraph): PreparedGraph {
  const known = prepared.get(definition);
  if (known !== undefined) return known;
  checkGraph(definition);
  const successors = successorsOf(definition);
  const steps = definition.steps.map((step, position) =>
    toNewStep(step, { position, next: successors.get(step.name) ?? [], unmet: step.needs }),
  );
  const graph = {
    hash: graphHash(definition),
    text: JSON.stringify(steps),
    hasUndo: hasUndo(definition.steps),
    hasLimit: steps.some(({ limitKey }) => limitKey !== undefined),
    timeoutMs: definition.timeoutMs ?? null,
  };
  prepared.set(definition, graph);
  return graph;
}

export function toNewStep(
  step: GraphStep & { after?: string[] | undefined },
  at: { position: number; next: string[]; unmet: readonly string[] },
): NewStep {
  const { limit } = step;
  const terms = termsOf(step);
  return {
    name: step.name,
    position: at.position,
    kind: step.kind,
    needs: [...new Set(step.needs)],
    next: at.next,
    origin: step.origin,
    options: step.with,
    condition: step.when ?? null,
    maxAttempts: step.maxAttempts,
    backoffMs: step.backoffMs,
    timeoutMs: step.timeoutMs,
    unmet: new Set(at.unmet).size + (limit === undefined ? 0 : 1),
    ...(terms === undefined ? {} : { terms }),
    ...(limit === undefined
      ? {}
      : {
          limitKey: limit.key,
          limitPlaces: limit.places,
          ...(limit.rate === null
            ? {}
            : { limitRate: limit.rate.count, limitWindowMs: limit.rate.windowMs }),
        }),
  };
}

function termsOf(step: GraphStep & { after?: string[] | undefined }): StepTerms | undefined {
  const { backoff, undo, onFailure, control, after } = step;
  const terms: StepTerms = {
    ...(backoff === undefined ? {} : { backoff }),
    ...(undo === undefined ? {} : { undo }),
    ...(onFailure === undefined ? {} : { onFailure }),
    ...(control === undefined ? {} : { control }),
    ...(after === undefined || after.length === 0 ? {} : { after }),
  };
  return Object.keys(terms).length === 0 ? undefined : terms;
}

export function hasUndo(steps: readonly GraphStep[]): boolean {
  return steps.some(({ undo, control }) => undo !== undefined || hasUndo(control?.body ?? []));
}
