/**
 * What landed on the main line, in memory: files, time and words of each change, oldest first. Every
 * question names how many changes it may see, so an answer never depends on what came later. Paths are
 * taken as they stood: a rename known today must not reach into the past. Pure.
 */
import { countTerms } from '#context';
import { termsOf } from './terms.ts';

export interface LandedChange {
  /** Seconds since 1970. */
  at: number;
  title: string;
  body: string;
  files: readonly string[];
}

/** A change of more files says nothing about which belong together. */
export const WIDE_CHANGE = 40;

interface Posting {
  positions: number[];
  counts: number[];
}

export class MainLine {
  readonly times: number[] = [];
  /** File numbers by position. */
  readonly filesOf: Int32Array[] = [];
  readonly lengths: number[] = [];
  readonly paths: string[] = [];
  /** Positions by file number, rising. */
  readonly touches: number[][] = [];
  readonly #numbers = new Map<string, number>();
  readonly #postings = new Map<string, Posting>();
  readonly #lengthSums: number[] = [0];

  get size(): number {
    return this.times.length;
  }

  add(change: LandedChange): void {
    const position = this.times.length;
    // A commit may claim an earlier time than its parent; the line's order is the truth.
    this.times.push(Math.max(change.at, this.times.at(-1) ?? 0));
    const files = [...new Set(change.files)].map((path) => this.#number(path));
    this.filesOf.push(Int32Array.from(files));
    for (const file of files) this.touches[file]!.push(position);
    const terms = termsOf(change);
    this.lengths.push(terms.length);
    this.#lengthSums.push(this.#lengthSums.at(-1)! + terms.length);
    for (const [term, count] of countTerms(terms)) {
      let posting = this.#postings.get(term);
      if (posting === undefined)
        this.#postings.set(term, (posting = { positions: [], counts: [] }));
      posting.positions.push(position);
      posting.counts.push(count);
    }
  }

  numberOf(path: string): number | undefined {
    return this.#numbers.get(path);
  }

  posting(term: string): Posting | undefined {
    return this.#postings.get(term);
  }

  /** How many changes landed before the time. */
  countBefore(seconds: number): number {
    return countBelow(this.times, seconds);
  }

  /** In how many of the first changes the term occurs. */
  documentFrequency(term: string, seen: number): number {
    const posting = this.#postings.get(term);
    return posting === undefined ? 0 : countBelow(posting.positions, seen);
  }

  averageLength(seen: number): number {
    return seen === 0 ? 1 : Math.max(1, this.#lengthSums[seen]! / seen);
  }

  /** How many of the first changes touched the file. */
  touchCount(file: number, seen: number): number {
    return countBelow(this.touches[file]!, seen);
  }

  #number(path: string): number {
    const known = this.#numbers.get(path);
    if (known !== undefined) return known;
    const number = this.paths.length;
    this.paths.push(path);
    this.touches.push([]);
    this.#numbers.set(path, number);
    return number;
  }
}

/** How many values of a rising list are below the limit. */
export function countBelow(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
