/**
 * An inverted index in typed arrays: term -> (item, occurrences), appended to and never edited. An item
 * that is gone is skipped by the reader, and the owner builds the index anew when too many are. A term's
 * postings are a chain of blocks that double in size, so a rare term costs four cells and a common one
 * is read in long runs.
 */
const FIRST_BLOCK = 2;
const LARGEST_BLOCK = 1024;
/** Cells before the entries of a block: where the next block starts, and where this one ends. */
const BLOCK_HEADER = 2;
const COUNT_BITS = 8;
const MAX_COUNT = (1 << COUNT_BITS) - 1;

export class Postings {
  readonly #termNumbers = new Map<string, number>();
  #first = new Int32Array(1024);
  #last = new Int32Array(1024);
  #writeAt = new Int32Array(1024);
  #pool = new Int32Array(4096);
  /** Cell 0 means "none". */
  #poolSize = 1;
  #entries = 0;

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#pool.byteLength + this.#first.byteLength * 3;
  }

  /** Items must be added in rising order and below 2^23. */
  add(term: string, item: number, count: number): void {
    let number = this.#termNumbers.get(term);
    if (number === undefined) {
      number = this.#termNumbers.size;
      this.#termNumbers.set(term, number);
      if (number >= this.#first.length) this.#growTerms();
      const start = this.#allocate(FIRST_BLOCK);
      this.#first[number] = start;
      this.#last[number] = start;
      this.#writeAt[number] = start + BLOCK_HEADER;
    }
    let at = this.#writeAt[number]!;
    const last = this.#last[number]!;
    if (at === this.#pool[last + 1]) {
      const size = at - last - BLOCK_HEADER;
      const next = this.#allocate(Math.min(LARGEST_BLOCK, size * 2));
      this.#pool[last] = next;
      this.#last[number] = next;
      at = next + BLOCK_HEADER;
    }
    this.#pool[at] = (item << COUNT_BITS) | Math.min(count, MAX_COUNT);
    this.#writeAt[number] = at + 1;
    this.#entries += 1;
  }

  has(term: string): boolean {
    return this.#termNumbers.has(term);
  }

  /** Calls back with each posting of a term, in the order they were added. */
  each(term: string, visit: (item: number, count: number) => void): void {
    const number = this.#termNumbers.get(term);
    if (number === undefined) return;
    const pool = this.#pool;
    const end = this.#writeAt[number]!;
    const last = this.#last[number]!;
    for (let block = this.#first[number]!; block !== 0; block = pool[block]!) {
      const stop = block === last ? end : pool[block + 1]!;
      for (let at = block + BLOCK_HEADER; at < stop; at += 1) {
        const entry = pool[at]!;
        visit(entry >>> COUNT_BITS, entry & MAX_COUNT);
      }
    }
  }

  /** The same postings with items renumbered; those that become -1 are left out. The order must stay. */
  moved(to: Int32Array): Postings {
    const result = new Postings();
    for (const term of this.#termNumbers.keys()) {
      this.each(term, (item, count) => {
        const next = to[item]!;
        if (next >= 0) result.add(term, next, count);
      });
    }
    return result;
  }

  #allocate(entries: number): number {
    const start = this.#poolSize;
    const end = start + BLOCK_HEADER + entries;
    if (end > this.#pool.length) {
      this.#pool = grown(this.#pool, Math.max(end, Math.ceil(this.#pool.length * 1.5)));
    }
    this.#pool[start] = 0;
    this.#pool[start + 1] = end;
    this.#poolSize = end;
    return start;
  }

  #growTerms(): void {
    const size = Math.ceil(this.#first.length * 1.5);
    this.#first = grown(this.#first, size);
    this.#last = grown(this.#last, size);
    this.#writeAt = grown(this.#writeAt, size);
  }
}

/** The same numbers in a longer array. */
export function grown(array: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(size);
  copy.set(array);
  return copy;
}
