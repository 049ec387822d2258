/** What holds for every workflow graph, whoever made it: its identity, its order, its limits. */
import { createHash } from 'node:crypto';
import { AppError, canonicalJson } from '#kernel';
import type { WorkflowGraph } from '../service.ts';

export const MAX_STEPS = 500;

/** SHA-256 of the canonical JSON: equal graphs have equal hashes, wherever they were read from. */
export function graphHash({ name, steps }: Pick<WorkflowGraph, 'name' | 'steps'>): string {
  const whatRuns = steps.map(({ origin: _origin, ...step }) => step);
  return createHash('sha256')
    .update(canonicalJson({ name, steps: whatRuns }))
    .digest('hex');
}

/** Whom each step unblocks, in the order of the graph. */
export function successorsOf({ steps }: Pick<WorkflowGraph, 'steps'>): Map<string, string[]> {
  const successors = new Map<string, string[]>(steps.map(({ name }) => [name, []]));
  for (const step of steps) {
    for (const need of new Set(step.needs)) successors.get(need)?.push(step.name);
  }
  return successors;
}

/** Steps that need each other in a circle, in order and closed: `a`, `b`, `a`. Empty when none do. */
export function findCycle(steps: readonly { name: string; needs: readonly string[] }[]): string[] {
  const open = new Map(steps.map((step) => [step.name, new Set(step.needs)]));
  for (let isShrinking = true; isShrinking;) {
    isShrinking = false;
    for (const [name, needs] of open) {
      if ([...needs].some((need) => open.has(need))) continue;
      open.delete(name);
      isShrinking = true;
    }
  }
  // Every step left has a need that is left too: following those must come back to itself.
  const path: string[] = [];
  let at = open.keys().next().value;
  while (at !== undefined && !path.includes(at)) {
    path.push(at);
    at = [...(open.get(at) ?? [])].find((need) => open.has(need));
  }
  return at === undefined ? [] : [...path.slice(path.indexOf(at)), at].toReversed();
}

/** @throws AppError `workflow.invalid_graph` when the engine could not run it to an end. */
export function checkGraph(graph: WorkflowGraph): void {
  const names = new Set(graph.steps.map(({ name }) => name));
  const cycle = findCycle(graph.steps);
  const stranger = graph.steps.find((step) => step.needs.some((need) => !names.has(need)));
  const problem =
    graph.steps.length === 0
      ? 'it has no steps'
      : graph.steps.length > MAX_STEPS
        ? `it has ${graph.steps.length} steps, and ${MAX_STEPS} is the limit`
        : names.size < graph.steps.length
          ? 'two steps share one name'
          : stranger !== undefined
            ? `step ${stranger.name} needs a step that is not there`
            : cycle.length > 0
              ? `its steps need each other in a circle (${cycle.join(' -> ')})`
              : undefined;
  if (problem === undefined) return;
  throw new AppError('invalid', 'workflow.invalid_graph', {
    message: `The workflow ${graph.name} cannot run: ${problem}.`,
    hint: 'Check the file with `loom workflow validate`.',
  });
}
