/** What holds for every workflow graph, whoever made it: its identity, its order, its limits. */
import { createHash } from 'node:crypto';
import { AppError, canonicalJson } from '#kernel';
import type { GraphStep, WorkflowGraph } from '../workflow-graph.ts';

export const MAX_STEPS = 500;

/** SHA-256 of the canonical JSON: equal graphs have equal hashes, wherever they were read from. */
export function graphHash({
  name,
  steps,
  timeoutMs,
}: Pick<WorkflowGraph, 'name' | 'steps' | 'timeoutMs'>): string {
  return createHash('sha256')
    .update(canonicalJson({ name, steps: steps.map(withoutOrigin), timeoutMs }))
    .digest('hex');
}

function withoutOrigin({ origin: _origin, control, ...step }: GraphStep): object {
  if (control?.body === undefined) return { ...step, control };
  return { ...step, control: { ...control, body: control.body.map(withoutOrigin) } };
}

/** Whom each step unblocks, in the order of the graph. */
export function successorsOf({
  steps,
}: {
  steps: readonly Pick<GraphStep, 'name' | 'needs'>[];
}): Map<string, string[]> {
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
  const problem = problemOf(graph.steps, []);
  if (problem === undefined) return;
  throw new AppError('invalid', 'workflow.invalid_graph', {
    message: `The workflow ${graph.name} cannot run: ${problem}.`,
    hint: 'Check the file with `loom workflow validate`.',
  });
}

/** `known` are steps outside a body that its steps may need. */
function problemOf(steps: readonly GraphStep[], known: readonly string[]): string | undefined {
  const names = new Set(steps.map(({ name }) => name));
  if (steps.length === 0) return 'it has no steps';
  if (countSteps(steps) > MAX_STEPS) {
    return `it has ${countSteps(steps)} steps, and ${MAX_STEPS} is the limit`;
  }
  if (names.size < steps.length) return 'two steps share one name';
  const stranger = steps.find((step) =>
    step.needs.some((need) => !names.has(need) && !known.includes(need)),
  );
  if (stranger !== undefined) return `step ${stranger.name} needs a step that is not there`;
  const cycle = findCycle(
    steps.map(({ name, needs }) => ({ name, needs: needs.filter((need) => names.has(need)) })),
  );
  if (cycle.length > 0) return `its steps need each other in a circle (${cycle.join(' -> ')})`;
  for (const { name, needs, control } of steps) {
    if (control === undefined) continue;
    if (control.body === undefined) return `step ${name} names a workflow that was not looked up`;
    const inside = problemOf(control.body, needs);
    if (inside !== undefined) return `${inside} (inside ${name})`;
  }
  return undefined;
}

/** Steps as written, bodies included. */
export function countSteps(steps: readonly GraphStep[]): number {
  return steps.reduce((sum, { control }) => sum + 1 + countSteps(control?.body ?? []), 0);
}

/** Steps of these that no other one of them needs. */
export function sinksOf<Step extends Pick<GraphStep, 'name' | 'needs'>>(
  steps: readonly Step[],
): Step[] {
  const needed = new Set(steps.flatMap(({ needs }) => needs));
  return steps.filter(({ name }) => !needed.has(name));
}
