/**
 * Makes steps of a body: named below the step that grows them, their needs renamed with them, and
 * `{item}`, `{index}` and `{iteration}` filled in. Text is filled in once and never read again. Pure.
 */
import type { Json, JsonObject } from '#kernel';
import type { Control, GraphStep } from '../workflow-graph.ts';
import type { GrownStep } from './control.ts';

type Values = Readonly<Record<string, Json>>;

export function instantiate(
  body: readonly GraphStep[],
  at: {
    /** Their names begin with it. */
    prefix: string;
    values: Values;
    /** Steps that those without needs in the body need too. */
    alsoNeeds: readonly string[];
    /** The same, but only to come after them. */
    alsoAfter: readonly string[];
  },
): GrownStep[] {
  const siblings = new Map(body.map(({ name }) => [name, `${at.prefix}/${name}`]));
  return body.map((step) => {
    const isFirst = !step.needs.some((need) => siblings.has(need));
    const renamed = rename(fillStep(step, at.values), siblings);
    return {
      ...renamed,
      name: siblings.get(step.name)!,
      needs: [...renamed.needs, ...(isFirst ? [...at.alsoNeeds, ...at.alsoAfter] : [])],
      ...(isFirst && at.alsoAfter.length > 0 ? { after: [...at.alsoAfter] } : {}),
    };
  });
}

/** New names for what a step needs; in a body, its own steps hide steps of the same name outside. */
function rename(step: GraphStep, names: ReadonlyMap<string, string>): GraphStep {
  const to = (name: string) => names.get(name) ?? name;
  const control = step.control;
  return {
    ...step,
    needs: step.needs.map(to),
    ...(step.when === undefined
      ? {}
      : {
          when: Object.fromEntries(
            Object.entries(step.when).map(([source, keys]) => [to(source), keys]),
          ),
        }),
    ...(control === undefined ? {} : { control: renameControl(control, names) }),
  };
}

function renameControl(control: Control, names: ReadonlyMap<string, string>): Control {
  const own = new Set(control.body?.map(({ name }) => name));
  const outside = new Map([...names].filter(([name]) => !own.has(name)));
  const body = control.body?.map((step) => rename(step, outside));
  if (control.type === 'workflow') return { ...control, body };
  if (control.type === 'repeat') return { ...control, body: body ?? [] };
  const over =
    'from' in control.over
      ? { ...control.over, from: names.get(control.over.from) ?? control.over.from }
      : control.over;
  return { ...control, over, body: body ?? [] };
}

function fillStep(step: GraphStep, values: Values): GraphStep {
  const { limit, undo, control } = step;
  return {
    ...step,
    with: fill(step.with, values) as JsonObject,
    ...(limit === undefined ? {} : { limit: { ...limit, key: fillText(limit.key, values) } }),
    ...(undo === undefined
      ? {}
      : { undo: { ...undo, with: fill(undo.with, values) as JsonObject } }),
    ...(control === undefined ? {} : { control: fillControl(control, values) }),
  };
}

/** The words of an inner loop are the inner loop's. */
function fillControl(control: Control, values: Values): Control {
  switch (control.type) {
    case 'workflow':
      return { ...control, body: control.body?.map((step) => fillStep(step, values)) };
    case 'repeat': {
      const { iteration: _own, ...outer } = values;
      return { ...control, body: control.body.map((step) => fillStep(step, outer)) };
    }
    case 'for-each': {
      const { item: _item, index: _index, ...outer } = values;
      const over =
        'items' in control.over
          ? { items: fill(control.over.items, values) as (typeof control.over)['items'] }
          : control.over;
      return { ...control, over, body: control.body.map((step) => fillStep(step, outer)) };
    }
  }
}

function fill(value: Json, values: Values): Json {
  if (typeof value === 'string') return fillText(value, values);
  if (Array.isArray(value)) return value.map((each) => fill(each, values));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, values)]));
}

/** `{item}` and `{item.key}`; whatever else stands in braces stays as it is. */
function fillText(text: string, values: Values): string {
  return text.replaceAll(
    /\{(?<name>item|index|iteration)(?:\.(?<key>[A-Za-z0-9_-]+))?\}/g,
    (whole, name: string, key: string | undefined) => {
      const value = values[name];
      if (value === undefined) return whole;
      if (key === undefined) return show(value);
      const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
      const inner = isObject ? value[key] : undefined;
      return inner === undefined ? whole : show(inner);
    },
  );
}

function show(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
