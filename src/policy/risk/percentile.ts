/** Where a value stands among the past of its own repository: what makes repositories comparable. */

/** Beyond this, a sorted sample says no more. */
const SAMPLE = 512;
/** Weight of all repositories together beside the past of one, in changes. */
const REFERENCE_WEIGHT = 30;

/** Middle of the ranks equal values share, from 0 to 1; 0.5 where there is nothing to compare, or nothing known. */
export function percentileIn(sorted: ArrayLike<number>, value: number): number {
  if (sorted.length === 0 || Number.isNaN(value)) return 0.5;
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  let above = low;
  high = sorted.length;
  while (above < high) {
    const middle = (above + high) >> 1;
    if (sorted[middle]! <= value) above = middle + 1;
    else high = middle;
  }
  return (low + above) / 2 / sorted.length;
}

/** Sorted values of every factor, thinned evenly to what a percentile needs. */
export function sampleColumns(rows: readonly Float64Array[], width: number): Float64Array[] {
  return Array.from({ length: width }, (_, factor) => {
    const sorted = Float64Array.from(rows, (row) => row[factor]!)
      .filter((value) => !Number.isNaN(value))
      .sort();
    if (sorted.length <= SAMPLE) return sorted;
    return Float64Array.from(
      { length: SAMPLE },
      (__, k) => sorted[Math.floor(((k + 0.5) * sorted.length) / SAMPLE)]!,
    );
  });
}

/** Weight of a repository's own past in its percentiles, 0 to 1. */
export function ownShareOf(pastChanges: number): number {
  return pastChanges / (pastChanges + REFERENCE_WEIGHT);
}

/** Percentiles of one row of values; with a short past, all repositories have a say. */
export function percentilesOf(
  values: ArrayLike<number>,
  columns: readonly ArrayLike<number>[],
  reference: readonly (readonly number[])[],
  pastChanges: number,
): Float64Array {
  const own = ownShareOf(pastChanges);
  return Float64Array.from(columns, (column, factor) => {
    const value = values[factor]!;
    const elsewhere = percentileIn(reference[factor] ?? [], value);
    return own * percentileIn(column, value) + (1 - own) * elsewhere;
  });
}
