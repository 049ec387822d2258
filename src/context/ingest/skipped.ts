/** Counts what could not be read, by reason, with a few examples: said, not hidden. */
import type { SkippedReason } from './sync-store.ts';

export interface Skipped {
  /** @param isKnown It is known by another way all the same, so packs need not tell. */
  add(reason: string, example: string, isKnown?: boolean): void;
  list(): SkippedReason[];
}

const MAX_EXAMPLES = 5;
const MAX_REASONS = 50;

export function createSkipped(): Skipped {
  const byReason = new Map<string, SkippedReason>();
  return {
    add(reason, example, isKnown = false) {
      const known = byReason.get(reason);
      if (known === undefined) {
        if (byReason.size < MAX_REASONS)
          byReason.set(reason, {
            reason,
            count: 1,
            examples: [example.slice(0, 200)],
            ...(isKnown ? { isKnown } : {}),
          });
        return;
      }
      known.count += 1;
      if (known.examples.length < MAX_EXAMPLES) known.examples.push(example.slice(0, 200));
    },
    list: () => [...byReason.values()],
  };
}
