/** One searchable field of files: BM25 over one item per file, where a newer text replaces the older. */
import { grown, Postings } from './postings.ts';
import { countTerms } from './terms.ts';

export interface Bm25 {
  k1: number;
  b: number;
}

/** What a search gives: a score per file number, 0 where nothing matched. */
export type Scores = Float64Array;

/** Too many items of the past make searches slow; below this nobody notices. */
const MIN_DEAD_TO_COMPACT = 4_000;

export class TextField {
  #postings = new Postings();
  /** Item -> file, or -1 where the text was replaced or the file is gone. */
  #fileOf = new Int32Array(1024);
  #lengthOf = new Int32Array(1024);
  #items = 0;
  readonly #itemOf = new Map<number, number>();
  #totalLength = 0;

  get size(): number {
    return this.#itemOf.size;
  }

  has(file: number): boolean {
    return this.#itemOf.has(file);
  }

  lengthOf(file: number): number {
    const item = this.#itemOf.get(file);
    return item === undefined ? 0 : this.#lengthOf[item]!;
  }

  set(file: number, terms: readonly string[]): void {
    this.delete(file);
    const item = this.#items;
    this.#items += 1;
    if (item >= this.#fileOf.length) {
      this.#fileOf = grown(this.#fileOf, this.#fileOf.length * 2);
      this.#lengthOf = grown(this.#lengthOf, this.#lengthOf.length * 2);
    }
    this.#fileOf[item] = file;
    this.#lengthOf[item] = terms.length;
    this.#itemOf.set(file, item);
    this.#totalLength += terms.length;
    for (const [term, count] of countTerms(terms)) this.#postings.add(term, item, count);
  }

  delete(file: number): void {
    const item = this.#itemOf.get(file);
    if (item === undefined) return;
    this.#itemOf.delete(file);
    this.#fileOf[item] = -1;
    this.#totalLength -= this.#lengthOf[item]!;
    const dead = this.#items - this.#itemOf.size;
    if (dead > MIN_DEAD_TO_COMPACT && dead > this.#itemOf.size) this.#compact();
  }

  /** Calls back with each file that holds a term, and how often it does. */
  each(term: string, visit: (file: number, count: number) => void): void {
    this.#postings.each(term, (item, count) => {
      const file = this.#fileOf[item]!;
      if (file >= 0) visit(file, count);
    });
  }

  /** How rare a term is among the files; 0 when no file has it. */
  rarityOf(term: string): number {
    let found = 0;
    this.each(term, () => {
      found += 1;
    });
    return rarity(found, this.#itemOf.size);
  }

  /** `files` is one more than the highest file number. */
  search(query: ReadonlyMap<string, number>, files: number, { k1, b }: Bm25): Scores {
    const scores = new Float64Array(files);
    const averageLength = Math.max(1, this.#totalLength / Math.max(1, this.#itemOf.size));
    for (const [term, asked] of query) {
      const weight = this.rarityOf(term) * (1 + Math.log(asked));
      if (weight <= 0) continue;
      this.#postings.each(term, (item, count) => {
        const file = this.#fileOf[item]!;
        if (file < 0) return;
        const norm = k1 * (1 - b + (b * this.#lengthOf[item]!) / averageLength);
        scores[file]! += (weight * count * (k1 + 1)) / (count + norm);
      });
    }
    return scores;
  }

  #compact(): void {
    const moved = new Int32Array(this.#items).fill(-1);
    const fileOf = new Int32Array(Math.max(1024, this.#itemOf.size * 2));
    const lengthOf = new Int32Array(fileOf.length);
    let next = 0;
    for (let item = 0; item < this.#items; item += 1) {
      const file = this.#fileOf[item]!;
      if (file < 0) continue;
      moved[item] = next;
      fileOf[next] = file;
      lengthOf[next] = this.#lengthOf[item]!;
      this.#itemOf.set(file, next);
      next += 1;
    }
    this.#postings = this.#postings.moved(moved);
    this.#fileOf = fileOf;
    this.#lengthOf = lengthOf;
    this.#items = next;
  }
}

/** Inverse document frequency as BM25 has it, never negative. */
export function rarity(found: number, items: number): number {
  return found === 0 ? 0 : Math.log(1 + Math.max(0, items - found + 0.5) / (found + 0.5));
}
