/**
 * Whether a condition holds: a closed matcher over what a step needs, as in policy rules, so that it
 * can be shown and checked. All keys must match; of a list, one is enough; `> 400` compares numbers.
 */
import type { Json, JsonObject } from '#kernel';
import type { StepCondition } from '../workflow-graph.ts';

const THRESHOLD = /^\s*(?<operator>>=|<=|>|<)\s*(?<value>-?\d+(?:\.\d+)?)\s*$/;

type Scalar = string | number | boolean;

/** Undefined when the condition holds, else one sentence on what did not match. */
export function unmetCondition(
  condition: StepCondition | null,
  known: { input: JsonObject; inputs: Readonly<Record<string, JsonObject>> },
): string | undefined {
  const unmet = findUnmet(condition, known);
  if (unmet === undefined) return undefined;
  const { source, key, value, wanted } = unmet;
  return `Skipped: ${source}.${key} is ${show(value)}, and the step is for ${show(wanted)}.`;
}

/** The first part of a condition that does not hold. */
export function findUnmet(
  condition: StepCondition | null,
  known: { input: JsonObject; inputs: Readonly<Record<string, JsonObject>> },
): { source: string; key: string; value: Json; wanted: Scalar | Scalar[] } | undefined {
  for (const [source, keys] of Object.entries(condition ?? {})) {
    const values = source === 'input' ? known.input : (known.inputs[source] ?? {});
    for (const [key, wanted] of Object.entries(keys)) {
      const value: Json = values[key] ?? null;
      const isMet = (Array.isArray(wanted) ? wanted : [wanted]).some((one) => fits(one, value));
      if (!isMet) return { source, key, value, wanted };
    }
  }
  return undefined;
}

/** Whether a value is the wanted one, or on the right side of a threshold. Pure. */
export function fits(wanted: Scalar, value: Json): boolean {
  if (wanted === value) return true;
  if (typeof wanted !== 'string' || typeof value !== 'number') return false;
  const { operator, value: bound } = THRESHOLD.exec(wanted)?.groups ?? {};
  switch (operator) {
    case '>':
      return value > Number(bound);
    case '>=':
      return value >= Number(bound);
    case '<':
      return value < Number(bound);
    case '<=':
      return value <= Number(bound);
    default:
      return false;
  }
}

function show(value: Json): string {
  if (Array.isArray(value)) return value.map(show).join(' or ');
  return value === null ? 'not set' : JSON.stringify(value).slice(0, 100);
}
