/**
 * The seats a verdict still has to fill, one person each: rules that ask the same people share theirs,
 * and whoever fills a named seat is "any approver" too. Pure.
 */
import type { DecidingRule } from '../schema.ts';
import type { ReviewSlot } from './filter.ts';

/** Nobody asks more people than this at once. */
const MAX_SLOTS = 6;

/**
 * `filled`: how many consents of the change satisfy each list of sources, by its key. A seat that is
 * filled is not asked for again.
 */
export function slotsOf(
  rules: readonly DecidingRule[],
  filled: (from: readonly string[]) => number,
): ReviewSlot[] {
  const groups = new Map<string, { from: string[]; reviewers: number; rules: string[] }>();
  for (const { id, kind, isMet, reviewers, from } of rules) {
    if (isMet || reviewers === 0 || (kind !== 'requirement' && kind !== 'default')) continue;
    const sources = [...new Set(from)].sort();
    const key = sources.join(' ');
    const known = groups.get(key);
    groups.set(key, {
      from: sources,
      reviewers: Math.max(reviewers, known?.reviewers ?? 0),
      rules: [...(known?.rules ?? []), id],
    });
  }
  const seats = [...groups].map(([key, group]) => ({
    key,
    ...group,
    open: Math.max(0, group.reviewers - filled(group.from)),
  }));
  const named = seats.filter(({ from }) => from.length > 0);
  const namedSeats = named.reduce((sum, { open }) => sum + open, 0);
  // A rule that is open with all its seats filled waits for something else, such as a ticket.
  const anyone = seats
    .filter(({ from }) => from.length === 0)
    .map((seat) => ({ ...seat, open: Math.max(0, seat.open - namedSeats) }));
  return [...named, ...anyone]
    .flatMap(({ key, from, rules: ids, open }) =>
      Array.from({ length: open }, (_, index) => ({
        key: `${key}#${index}`,
        from,
        rules: ids,
      })),
    )
    .slice(0, MAX_SLOTS);
}
