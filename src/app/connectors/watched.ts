/** Notes how each call of a connector's part went, for the health that people see. */
import type { ConnectionTally } from '#orchestration';
import { AppError } from '#kernel';

/** Refusals that say something of the thing asked for, and nothing of the connection. */
const ABOUT_THE_THING = new Set(['invalid', 'not_found', 'conflict']);

export function watched<Part extends object>(
  part: Part,
  name: string,
  tally: () => ConnectionTally,
): Part {
  return new Proxy(part, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        const result: unknown = Reflect.apply(value, target, given);
        if (!(result instanceof Promise)) return result;
        return result.then(
          (answer: unknown) => {
            tally().succeeded(name, countItems(answer));
            return answer;
          },
          (error: unknown) => {
            const isOther = error instanceof AppError && ABOUT_THE_THING.has(error.kind);
            if (!isOther) tally().failed(name, error);
            throw error;
          },
        );
      };
    },
  });
}

/** How many objects a page of knowledge held; 0 for every other answer. */
function countItems(answer: unknown): number {
  const items = (answer as { items?: unknown } | undefined)?.items;
  return Array.isArray(items) ? items.length : 0;
}
