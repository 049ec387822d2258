/**
 * Steps that grow: a repeat begins one turn after the other, a fan-out all its items, a sub-workflow
 * its steps. Each is at work only for the moment it takes to say what comes next; then it waits,
 * blocked like any step, until what it grew has ended. Pure: values in, values out.
 */
import { assert, type Json, type JsonObject } from '#kernel';
import type { Control, GraphStep } from '../workflow-graph.ts';
import { findUnmet } from './condition.ts';
import { sinksOf } from './graph.ts';
import { instantiate } from './instantiate.ts';
import type { ClaimedStep, Progress } from './rows.ts';

/** Steps one growing step may come to in all its turns. */
export const MAX_GROWN_STEPS = 2_000;
const LONGEST_TEXT = 1_000;

export type GrownStep = GraphStep & { after?: string[] | undefined };

export type ControlOutcome =
  | { outcome: 'done'; output: JsonObject; message?: string }
  | { outcome: 'failed'; message: string; isPermanent: true }
  /** The step is blocked until all of these have ended, and then asked again. */
  | { outcome: 'grown'; steps: GrownStep[]; progress: Progress; message: string };

/** What a growing step does next. The claimed step carries its control terms. */
export function considerGrowth(claimed: ClaimedStep): ControlOutcome {
  const control = claimed.terms?.control;
  assert(control !== undefined, 'the step has nothing to grow');
  switch (control.type) {
    case 'repeat':
      return considerRepeat(claimed, control);
    case 'for-each':
      return considerForEach(claimed, control);
    case 'workflow':
      return considerWorkflow(claimed, control);
  }
}

function considerRepeat(
  claimed: ClaimedStep,
  control: Extract<Control, { type: 'repeat' }>,
): ControlOutcome {
  const { step, inputs } = claimed;
  const { turn = 0, forgotten = 0 } = claimed.progress ?? {};
  const iterations = turn - forgotten;
  if (iterations > 0) {
    const last = outputsOf(control.body, `${step.name}/${turn}`, inputs);
    const unmet = findUnmet(control.until, { input: claimed.run.input, inputs: last });
    const output = { ...lastOutput(control.body, last), iterations };
    if (unmet === undefined) return { outcome: 'done', output: { ...output, isMet: true } };
    if (iterations >= control.max) {
      const message = `Not met after ${iterations} of ${control.max} turns: ${unmet.source}.${unmet.key} is ${JSON.stringify(unmet.value).slice(0, 100)}.`;
      if (control.onExhausted === 'fail') return { outcome: 'failed', message, isPermanent: true };
      return { outcome: 'done', output: { ...output, isMet: false }, message };
    }
  }
  const next = turn + 1;
  const steps = instantiate(control.body, {
    prefix: `${step.name}/${next}`,
    values: { iteration: iterations + 1 },
    // A turn reads what the one before it came to, such as the output of a failed check.
    alsoNeeds:
      iterations > 0 ? sinksOf(control.body).map(({ name }) => `${step.name}/${turn}/${name}`) : [],
    alsoAfter: [],
  });
  const message = `Turn ${iterations + 1} of at most ${control.max}.`;
  return grown(claimed, steps, { turn: next, forgotten }, message);
}

function considerForEach(
  claimed: ClaimedStep,
  control: Extract<Control, { type: 'for-each' }>,
): ControlOutcome {
  const { step, inputs, progress } = claimed;
  const turn = progress?.turn ?? 0;
  const isAnew = progress === null || turn === progress.forgotten;
  const nameOf = (index: number, of: number) => `${step.name}/${of === 1 ? '' : `${of}~`}${index}`;
  if (!isAnew) {
    const items = progress.items ?? [];
    const results = items.map((item, index) => ({
      item: item['value'] ?? null,
      ...lastOutput(control.body, outputsOf(control.body, nameOf(index, turn), inputs)),
    }));
    return { outcome: 'done', output: { count: items.length, results, ...joinChecks(results) } };
  }
  const items = listOf(control, claimed);
  if (typeof items === 'string') return { outcome: 'failed', message: items, isPermanent: true };
  if (items.length === 0) {
    return { outcome: 'done', output: { count: 0, results: [] }, message: 'The list is empty.' };
  }
  const steps = items.flatMap((value, index) => {
    // In lanes: an item begins when the one before it in its lane has ended.
    const before = control.atOnce === null ? -1 : index - control.atOnce;
    return instantiate(control.body, {
      prefix: nameOf(index, turn + 1),
      values: { item: value, index },
      alsoNeeds: [],
      alsoAfter:
        before < 0
          ? []
          : sinksOf(control.body).map(({ name }) => `${nameOf(before, turn + 1)}/${name}`),
    });
  });
  const kept = items.map((value) => ({ value }));
  const message = `${items.length} items.`;
  return grown(claimed, steps, { turn: turn + 1, forgotten: turn, items: kept }, message);
}

function considerWorkflow(
  claimed: ClaimedStep,
  control: Extract<Control, { type: 'workflow' }>,
): ControlOutcome {
  const { step, inputs, progress } = claimed;
  const body = control.body ?? [];
  const turn = progress?.turn ?? 0;
  const prefixOf = (of: number) => (of === 1 ? step.name : `${step.name}/${of}~`);
  if (progress !== null && turn > progress.forgotten) {
    return { outcome: 'done', output: lastOutput(body, outputsOf(body, prefixOf(turn), inputs)) };
  }
  const steps = instantiate(body, {
    prefix: prefixOf(turn + 1),
    values: {},
    alsoNeeds: [],
    alsoAfter: [],
  });
  return grown(claimed, steps, { turn: turn + 1, forgotten: turn }, `Runs ${control.name}.`);
}

function grown(
  { progress, step }: ClaimedStep,
  steps: GrownStep[],
  next: Omit<Progress, 'names'>,
  message: string,
): ControlOutcome {
  if (steps.length * next.turn > MAX_GROWN_STEPS) {
    const words = `${step.name} would grow to ${steps.length * next.turn} steps; ${MAX_GROWN_STEPS} is the limit.`;
    return { outcome: 'failed', message: words, isPermanent: true };
  }
  const names = steps.map(({ name }) => name);
  return { outcome: 'grown', steps, message, progress: { ...progress, ...next, names } };
}

/** The list, or why there is none. */
function listOf(
  { over, max }: Extract<Control, { type: 'for-each' }>,
  { run, inputs }: ClaimedStep,
): Json[] | string {
  if ('items' in over) return over.items;
  const values = over.from === 'input' ? run.input : (inputs[over.from] ?? {});
  const list = values[over.key];
  const name = `${over.from}.${over.key}`;
  if (!Array.isArray(list)) return `${name} is not a list.`;
  if (list.length > max) return `${name} has ${list.length} items, and ${max} is the limit.`;
  return list;
}

/** Outputs of one instance of a body, by the names in the file. */
function outputsOf(
  body: readonly GraphStep[],
  prefix: string,
  inputs: ClaimedStep['inputs'],
): Record<string, JsonObject> {
  return Object.fromEntries(
    body.flatMap(({ name }) => {
      const output = inputs[`${prefix}/${name}`];
      return output === undefined ? [] : [[name, output]];
    }),
  );
}

/** What the last steps of a body gave, as one object. */
function lastOutput(
  body: readonly GraphStep[],
  outputs: Readonly<Record<string, JsonObject>>,
): JsonObject {
  const merged: JsonObject = Object.assign(
    {},
    ...sinksOf(body).map(({ name }) => outputs[name] ?? {}),
  );
  const texts = Object.entries(merged).map(([key, value]) => [
    key,
    typeof value === 'string' ? value.slice(0, LONGEST_TEXT) : value,
  ]);
  return { ...Object.fromEntries(texts), ...joinChecks(Object.values(outputs)) };
}

/** One failed check fails all of them. Nothing where nobody checked. */
function joinChecks(outputs: readonly JsonObject[]): { checks?: string } {
  const results = outputs.flatMap(({ checks }) => (typeof checks === 'string' ? [checks] : []));
  if (results.length === 0) return {};
  if (results.includes('failed')) return { checks: 'failed' };
  return { checks: results.every((one) => one === 'passed') ? 'passed' : 'unknown' };
}
