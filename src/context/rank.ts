/** Entries with the highest values. Pure. */

/** The keys with the highest values, best first. */
export function topOf<Key>(scores: ReadonlyMap<Key, number>, count: number): Key[] {
  return [...scores]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([key]) => key);
}

export function bestOf(scores: ReadonlyMap<unknown, number>): number {
  let best = 0;
  for (const score of scores.values()) if (score > best) best = score;
  return best;
}
