/** What only shows between the steps of a file, and the graph it comes to. Pure. */
import { suggest } from '#kernel';
import type { Control, GraphStep, StepCondition } from '../workflow-graph.ts';
import type { StepOfFile } from './definition-schema.ts';
import { type Path, type Places, type WorkflowProblem } from './definition-problems.ts';
import { durationMs, rateOf } from './durations.ts';
import { findCycle } from './graph.ts';
import { knownValuesOf } from './known-outputs.ts';

const DEEPEST = 4;
const JITTER = { none: 0, half: 0.5, full: 1 } as const;

/** Names, needs, conditions, circles, of the file and of every body in it. */
export function stepProblems(
  steps: readonly StepOfFile[],
  at: Places,
  path: Path = ['steps'],
  outside: readonly string[] = [],
): WorkflowProblem[] {
  const names = new Set(steps.map(({ name }) => name));
  const problems: WorkflowProblem[] = [];
  const seen = new Set<string>();
  for (const [index, step] of steps.entries()) {
    const here = [...path, index];
    if (seen.has(step.name)) {
      const words = `Two steps are called ${step.name}.`;
      problems.push(at.problem([...here, 'name'], 'workflow.duplicate_step', words));
    }
    seen.add(step.name);
    for (const [position, need] of step.needs.entries()) {
      if (names.has(need) || outside.includes(need)) continue;
      const others = [...names, ...outside].filter((name) => name !== step.name);
      const words = `Step ${step.name} needs ${need}, which is not a step.`;
      problems.push(
        at.problem([...here, 'needs', position], 'workflow.unknown_step', words, {
          suggestion: suggest(need, others),
        }),
      );
    }
    problems.push(...shapeProblems(step, at, here));
    problems.push(...conditionProblems(step, steps, at, here));
    problems.push(...bodyProblems(step, at, here));
  }
  const cycle = findCycle(
    steps.map(({ name, needs }) => ({ name, needs: needs.filter((need) => names.has(need)) })),
  );
  if (problems.length === 0 && cycle.length > 0) {
    const index = steps.findIndex(({ name }) => name === cycle[0]);
    const words = `These steps wait for each other in a circle: ${cycle.join(' -> ')}.`;
    problems.push(
      at.problem([...path, index, 'needs'], 'workflow.cycle', words, {
        hint: 'Take one of these needs out; what is to happen again belongs into a repeat.',
      }),
    );
  }
  return problems;
}

/** A step is of one kind. */
function shapeProblems(step: StepOfFile, at: Places, here: Path): WorkflowProblem[] {
  const { kind, repeat, forEach, workflow } = step;
  const given = Object.entries({ kind, repeat, forEach, workflow }).filter(
    ([, value]) => value !== undefined,
  );
  if (given.length === 1) {
    if (forEach === undefined || (forEach.items === undefined) !== (forEach.from === undefined)) {
      return [];
    }
    const words = 'A forEach goes over items or over what from names, one of the two.';
    return [at.problem([...here, 'forEach'], 'workflow.bad_value', words)];
  }
  if (given.length === 0) {
    const words = `Step ${step.name} says nothing to do: kind is missing.`;
    return [
      at.problem(here, 'workflow.missing_key', words, {
        hint: 'Give kind, repeat, forEach or workflow.',
      }),
    ];
  }
  const words = `Step ${step.name} is one thing: ${given.map(([key]) => key).join(' and ')} do not go together.`;
  return [at.problem(here, 'workflow.bad_value', words)];
}

function conditionProblems(
  step: StepOfFile,
  steps: readonly StepOfFile[],
  at: Places,
  here: Path,
): WorkflowProblem[] {
  return Object.entries(step.when ?? {}).flatMap(([source, keys]) => {
    const known = ['input', ...step.needs];
    if (!known.includes(source)) {
      return [
        {
          ...at.key([...here, 'when'], source),
          path: [...here, 'when', source].join('.'),
          code: 'workflow.unknown_condition' as const,
          message: `A condition reads the input or a step listed in needs; ${source} is neither.`,
          suggestion: suggest(source, known) ?? null,
          hint: null,
        },
      ];
    }
    const kind = steps.find(({ name }) => name === source)?.kind;
    return impossible(keys, kind).map(({ key, wanted, values }) =>
      at.problem(
        [...here, 'when', source, key],
        'workflow.unreachable_step',
        `Step ${step.name} can never run: ${key} of ${source} is never ${wanted}.`,
        { suggestion: suggest(wanted, values), hint: `It is one of ${values.join(', ')}.` },
      ),
    );
  });
}

/** Keys of which no wanted value can come, as far as the kind of the step says which there are. */
function impossible(
  keys: StepCondition[string],
  kind: string | undefined,
): { key: string; wanted: string; values: readonly string[] }[] {
  return Object.entries(keys).flatMap(([key, wanted]) => {
    const values = knownValuesOf(kind, key);
    if (values === undefined) return [];
    const list = (Array.isArray(wanted) ? wanted : [wanted]).map(String);
    return list.some((one) => values.includes(one))
      ? []
      : [{ key, wanted: list.join(' or '), values }];
  });
}

function bodyProblems(step: StepOfFile, at: Places, here: Path): WorkflowProblem[] {
  const key = step.repeat === undefined ? 'forEach' : 'repeat';
  const body = step.repeat?.steps ?? step.forEach?.steps;
  if (body === undefined) return [];
  const path = [...here, key, 'steps'];
  if (path.filter((part) => part === 'repeat' || part === 'forEach').length >= DEEPEST) {
    const words = `Steps lie within steps within steps: ${DEEPEST - 1} levels are the limit.`;
    return [at.problem(here, 'workflow.bad_value', words)];
  }
  const problems = stepProblems(body, at, path, step.needs);
  const names = body.map(({ name }) => name);
  const from = step.forEach?.from?.split('.')[0];
  if (from !== undefined && from !== 'input' && !step.needs.includes(from)) {
    const words = `The list comes from the input or from a step listed in needs; ${from} is neither.`;
    problems.push(
      at.problem([...here, key, 'from'], 'workflow.unknown_step', words, {
        suggestion: suggest(from, step.needs),
      }),
    );
  }
  for (const [source, keys] of Object.entries(step.repeat?.until ?? {})) {
    const kind = body.find(({ name }) => name === source)?.kind;
    const place = [...here, key, 'until', source];
    if (!names.includes(source)) {
      const words = `until reads the steps that are repeated; ${source} is none of them.`;
      problems.push(
        at.problem(place, 'workflow.unbounded_repeat', words, {
          suggestion: suggest(source, names),
        }),
      );
    }
    for (const { key: output, wanted, values } of impossible(keys, kind)) {
      const words = `The repeat never ends: ${output} of ${source} is never ${wanted}.`;
      problems.push(
        at.problem([...place, output], 'workflow.unbounded_repeat', words, {
          suggestion: suggest(wanted, values),
          hint: `It is one of ${values.join(', ')}.`,
        }),
      );
    }
  }
  return problems;
}

/** The steps of a file as a run has them; every one knows the line it came from. */
export function toGraphSteps(
  steps: readonly StepOfFile[],
  source: string,
  at: Places,
  path: Path = ['steps'],
): GraphStep[] {
  return steps.map((step, index) => {
    const { retries, limit, undo } = step;
    const here = [...path, index];
    const control = toControl(step, source, at, here);
    const isUsual = retries.factor === 2 && retries.longest === '1h' && retries.jitter === 'half';
    return {
      name: step.name,
      kind: control?.type ?? step.kind ?? 'notify',
      needs: [...new Set(step.needs)],
      with: step.with,
      origin: `${source}:${at.line(here).line}`,
      maxAttempts: retries.max + 1,
      backoffMs: durationMs(retries.backoff),
      timeoutMs: step.timeout === undefined ? null : durationMs(step.timeout),
      when: step.when,
      ...(isUsual
        ? {}
        : {
            backoff: {
              factor: retries.factor,
              longestMs: durationMs(retries.longest),
              jitter: JITTER[retries.jitter],
            },
          }),
      ...(limit === undefined
        ? {}
        : {
            limit: {
              key: limit.key,
              places: limit.atOnce ?? null,
              rate: limit.rate === undefined ? null : rateOf(limit.rate),
            },
          }),
      ...(undo === undefined ? {} : { undo }),
      ...(step.onFailure === 'continue' ? { onFailure: 'continue' as const } : {}),
      ...(control === undefined ? {} : { control }),
    };
  });
}

function toControl(
  { repeat, forEach, workflow }: StepOfFile,
  source: string,
  at: Places,
  here: Path,
): Control | undefined {
  if (repeat !== undefined) {
    const body = toGraphSteps(repeat.steps, source, at, [...here, 'repeat', 'steps']);
    const { until, max, onExhausted } = repeat;
    return { type: 'repeat', until, max, onExhausted, body };
  }
  if (forEach !== undefined) {
    const [from = '', key = ''] = forEach.from?.split('.') ?? [];
    return {
      type: 'for-each',
      over: forEach.items === undefined ? { from, key } : { items: forEach.items },
      max: forEach.max,
      atOnce: forEach.atOnce ?? null,
      body: toGraphSteps(forEach.steps, source, at, [...here, 'forEach', 'steps']),
    };
  }
  return workflow === undefined ? undefined : { type: 'workflow', name: workflow, body: undefined };
}
