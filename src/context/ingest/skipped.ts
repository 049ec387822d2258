/** Counts what could not be read, by reason, with a few examples: said, not hidden. */
import type { SkippedReason } from './sync-store.ts';

export interface Skipped {
  add(reason: string, example: string): void;
  list(): SkippedReason[];
}

const MAX_EXAMPLES = 5;
const MAX_REASONS = 50;

export function createSkipped(): Skipped {
  const byReason = new Map<string, SkippedReason>();
  return {
    add(reason, example) {
      const known = byReason.get(reason);
      if (known === undefined) {
        if (byReason.size < MAX_REASONS)
          byReason.set(reason, { reason, count: 1, examples: [example.slice(0, 200)] });
        return;
      }
      known.count += 1;
      if (known.examples.length < MAX_EXAMPLES) known.examples.push(example.slice(0, 200));
    },
    list: () => [...byReason.values()],
  };
}
