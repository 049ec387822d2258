/**
 * BM25 over an inverted index, and the index's bytes. A posting is (item, occurrences, item length);
 * numbers are written as differences in seven-bit groups, so that a common term of ten thousand files
 * is about thirty kilobytes.
 */

export interface Posting {
  item: number;
  count: number;
  /** Terms in the item. */
  length: number;
}

/** Item numbers must rise. */
export function encodePostings(postings: readonly Posting[]): Buffer {
  const bytes: number[] = [];
  let previous = 0;
  for (const { item, count, length } of postings) {
    pushNumber(bytes, item - previous);
    pushNumber(bytes, count);
    pushNumber(bytes, length);
    previous = item;
  }
  return Buffer.from(bytes);
}

function pushNumber(bytes: number[], value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
}

export function decodePostings(bytes: Uint8Array): Posting[] {
  const postings: Posting[] = [];
  let at = 0;
  const next = (): number => {
    let value = 0;
    let shift = 0;
    for (;;) {
      const byte = bytes[at] ?? 0;
      at += 1;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
      shift += 7;
    }
  };
  let item = 0;
  while (at < bytes.length) {
    item += next();
    postings.push({ item, count: next(), length: next() });
  }
  return postings;
}

export interface Bm25Options {
  k1: number;
  b: number;
}

/**
 * Scores of all items that hold any of the terms. `weights` says how often each term was asked for;
 * rare terms weigh more, long items less.
 */
export function scoreBm25(
  postings: ReadonlyMap<string, readonly Posting[]>,
  weights: ReadonlyMap<string, number>,
  totals: { items: number; length: number },
  { k1, b }: Bm25Options,
): Map<number, number> {
  const scores = new Map<number, number>();
  const items = Math.max(1, totals.items);
  const averageLength = Math.max(1, totals.length / items);
  for (const [term, found] of postings) {
    const rarity = Math.log(1 + Math.max(0, items - found.length + 0.5) / (found.length + 0.5));
    const weight = Math.max(0, rarity) * (weights.get(term) ?? 1);
    for (const { item, count, length } of found) {
      const saturation = (count * (k1 + 1)) / (count + k1 * (1 - b + (b * length) / averageLength));
      scores.set(item, (scores.get(item) ?? 0) + weight * saturation);
    }
  }
  return scores;
}
