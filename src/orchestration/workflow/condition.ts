/** Whether a step's `when` holds: a closed matcher over what it needs, so that it can be shown and checked. */
import type { Json, JsonObject } from '#kernel';
import type { StepCondition } from '../service.ts';

/** Undefined when the condition holds, else one sentence on what did not match. */
export function unmetCondition(
  condition: StepCondition | null,
  known: { input: JsonObject; inputs: Readonly<Record<string, JsonObject>> },
): string | undefined {
  for (const [source, keys] of Object.entries(condition ?? {})) {
    const values = source === 'input' ? known.input : (known.inputs[source] ?? {});
    for (const [key, wanted] of Object.entries(keys)) {
      const value: Json = values[key] ?? null;
      const isMet = (Array.isArray(wanted) ? wanted : [wanted]).some((one) => one === value);
      if (!isMet) {
        return `Skipped: ${source}.${key} is ${show(value)}, and the step is for ${show(wanted)}.`;
      }
    }
  }
  return undefined;
}

function show(value: Json): string {
  if (Array.isArray(value)) return value.map(show).join(' or ');
  return value === null ? 'not set' : JSON.stringify(value).slice(0, 100);
}
