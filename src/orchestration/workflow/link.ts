/**
 * Sub-workflows: a step that names a workflow gets its steps, at the moment the graph is made. So a
 * run holds all it will ever do, and its hash covers it. Pure.
 */
import { suggest } from '#kernel';
import type { Control, GraphStep, WorkflowGraph } from '../workflow-graph.ts';
import type { WorkflowProblem } from './definition-problems.ts';
import { countSteps, graphHash, MAX_STEPS } from './graph.ts';
import type { WorkflowDefinition } from './definition.ts';

/** The workflow by its name; undefined where there is none. */
export type FindWorkflow = (name: string) => WorkflowGraph | undefined;

/** The definition with every named workflow in its place, or what is wrong with the names. */
export function linkWorkflow(
  definition: WorkflowDefinition,
  find: FindWorkflow,
  names: readonly string[],
): { definition: WorkflowDefinition | undefined; problems: WorkflowProblem[] } {
  const { graph } = definition;
  if (!usesWorkflows(graph.steps)) return { definition, problems: [] };
  const problems: WorkflowProblem[] = [];
  const steps = linkSteps(graph.steps, [graph.name], { find, names, problems });
  if (problems.length === 0 && countSteps(steps) > MAX_STEPS) {
    const words = `With the workflows it names it has ${countSteps(steps)} steps, and ${MAX_STEPS} is the limit.`;
    problems.push(problemAt(graph.steps[0]!, 'workflow.too_many_steps', words));
  }
  if (problems.length > 0) return { definition: undefined, problems };
  const linked = { ...graph, steps };
  return { definition: { ...definition, graph: linked, hash: graphHash(linked) }, problems: [] };
}

/** Whether a step names another workflow that still has to be looked up. */
export function usesWorkflows(steps: readonly GraphStep[]): boolean {
  return steps.some(({ control }) => {
    if (control === undefined) return false;
    if (control.type === 'workflow' && control.body === undefined) return true;
    return usesWorkflows(control.body ?? []);
  });
}

interface Linking {
  find: FindWorkflow;
  names: readonly string[];
  problems: WorkflowProblem[];
}

/** `within` are the workflows one is inside of, the outermost first. */
function linkSteps(
  steps: readonly GraphStep[],
  within: readonly string[],
  linking: Linking,
): GraphStep[] {
  return steps.map((step) => {
    const { control } = step;
    if (control === undefined) return step;
    return { ...step, control: linkControl(step, control, within, linking) };
  });
}

function linkControl(
  step: GraphStep,
  control: Control,
  within: readonly string[],
  linking: Linking,
): Control {
  if (control.type !== 'workflow' || control.body !== undefined) {
    return { ...control, body: linkSteps(control.body ?? [], within, linking) } as Control;
  }
  const { name } = control;
  if (within.includes(name)) {
    const circle = [...within.slice(within.indexOf(name)), name].join(' -> ');
    const words = `These workflows name each other in a circle: ${circle}.`;
    linking.problems.push(problemAt(step, 'workflow.cycle', words));
    return control;
  }
  const found = linking.find(name);
  if (found === undefined) {
    const words = `Step ${step.name} runs the workflow ${name}, which is not there.`;
    const suggestion = suggest(name, linking.names);
    linking.problems.push(problemAt(step, 'workflow.unknown_workflow', words, suggestion));
    return control;
  }
  return { ...control, body: linkSteps(found.steps, [...within, name], linking) };
}

/** The origin of a step ends with its line. */
function problemAt(
  step: GraphStep,
  code: WorkflowProblem['code'],
  message: string,
  suggestion?: string,
): WorkflowProblem {
  const line = Number(/:(?<line>\d+)$/.exec(step.origin)?.groups?.['line'] ?? 1);
  const path = step.name;
  return { line, column: 1, path, code, message, suggestion: suggestion ?? null, hint: null };
}
