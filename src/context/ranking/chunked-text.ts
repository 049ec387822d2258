/**
 * The content of files in pieces of forty lines. One pass over a term's postings scores pieces (the best
 * one speaks for its file) and whole files. A file's path counts with each of its pieces.
 */
import { grown, Postings } from './postings.ts';
import { type Bm25, rarity, type Scores, type TextField } from './text-field.ts';
import { countTerms, toTerms, WHOLE_MARK } from './terms.ts';

const LINES_PER_CHUNK = 40;
const MAX_LINES = 4_000;
const MIN_DEAD_TO_COMPACT = 20_000;
/** A part of a path that so many files share tells them not apart. */
const COMMON_PATH_SHARE = 0.3;

export class ChunkedText {
  #postings = new Postings();
  /** Chunk -> file, or -1. */
  #fileOf = new Int32Array(4096);
  /** Terms without whole identifiers. */
  #lengthOf = new Int32Array(4096);
  #chunks = 0;
  readonly #places = new Map<number, { first: number; count: number; length: number }>();
  #liveChunks = 0;
  #chunkLength = 0;
  #fileLength = 0;

  get size(): number {
    return this.#places.size;
  }

  get bytes(): number {
    return this.#postings.bytes + this.#fileOf.byteLength * 2;
  }

  has(file: number): boolean {
    return this.#places.has(file);
  }

  /** Terms in the file. */
  lengthOf(file: number): number {
    return this.#places.get(file)?.length ?? 0;
  }

  set(file: number, text: string): void {
    this.delete(file);
    const lines = text.split('\n', MAX_LINES);
    const first = this.#chunks;
    let length = 0;
    for (let line = 0; line < lines.length; line += LINES_PER_CHUNK) {
      const terms = toTerms(lines.slice(line, line + LINES_PER_CHUNK).join('\n'));
      const chunk = this.#chunks;
      this.#chunks += 1;
      if (chunk >= this.#fileOf.length) {
        this.#fileOf = grown(this.#fileOf, this.#fileOf.length * 2);
        this.#lengthOf = grown(this.#lengthOf, this.#lengthOf.length * 2);
      }
      let parts = 0;
      for (const [term, count] of countTerms(terms)) {
        if (!term.startsWith(WHOLE_MARK)) parts += count;
        this.#postings.add(term, chunk, count);
      }
      this.#fileOf[chunk] = file;
      this.#lengthOf[chunk] = parts;
      this.#chunkLength += parts;
      length += terms.length;
    }
    const count = this.#chunks - first;
    this.#places.set(file, { first, count, length });
    this.#liveChunks += count;
    this.#fileLength += length;
  }

  delete(file: number): void {
    const place = this.#places.get(file);
    if (place === undefined) return;
    this.#places.delete(file);
    for (let chunk = place.first; chunk < place.first + place.count; chunk += 1) {
      this.#fileOf[chunk] = -1;
      this.#chunkLength -= this.#lengthOf[chunk]!;
    }
    this.#liveChunks -= place.count;
    this.#fileLength -= place.length;
    const dead = this.#chunks - this.#liveChunks;
    if (dead > MIN_DEAD_TO_COMPACT && dead > this.#liveChunks) this.#compact();
  }

  /** Calls back with each file that holds a term, and how often it does. */
  each(term: string, visit: (file: number, count: number) => void): void {
    let current = -1;
    let total = 0;
    this.#postings.each(term, (chunk, count) => {
      const file = this.#fileOf[chunk]!;
      if (file < 0) return;
      if (file !== current) {
        if (current >= 0) visit(current, total);
        current = file;
        total = 0;
      }
      total += count;
    });
    if (current >= 0) visit(current, total);
  }

  /** Scores of whole files, and of the best piece of each with the file's path. */
  search(
    query: ReadonlyMap<string, number>,
    files: number,
    options: { whole: Bm25; chunk: Bm25; paths: TextField },
  ): { whole: Scores; chunk: Scores } {
    const whole = new Float64Array(files);
    const byChunk = new Float64Array(this.#chunks);
    const pathCounts = new Uint8Array(files);
    for (const [term, asked] of query) {
      const factor = 1 + Math.log(asked);
      this.#scoreWhole(term, factor, options.whole, whole);
      if (term.startsWith(WHOLE_MARK)) continue;
      const inPath: number[] = [];
      options.paths.each(term, (file, count) => {
        if (!this.#places.has(file)) return;
        inPath.push(file);
        pathCounts[file] = count;
      });
      const isCommon = inPath.length > COMMON_PATH_SHARE * this.#places.size;
      if (isCommon) for (const file of inPath) pathCounts[file] = 0;
      this.#scoreChunks(term, factor, options.chunk, byChunk, pathCounts, isCommon ? [] : inPath);
      for (const file of inPath) pathCounts[file] = 0;
    }
    const chunk = new Float64Array(files);
    for (let number = 0; number < this.#chunks; number += 1) {
      const file = this.#fileOf[number]!;
      if (file >= 0 && byChunk[number]! > chunk[file]!) chunk[file] = byChunk[number]!;
    }
    return { whole, chunk };
  }

  #scoreWhole(term: string, factor: number, { k1, b }: Bm25, scores: Scores): void {
    const found: number[] = [];
    this.each(term, (file, count) => found.push(file, count));
    const weight = rarity(found.length / 2, this.#places.size) * factor;
    if (weight <= 0) return;
    const average = Math.max(1, this.#fileLength / Math.max(1, this.#places.size));
    for (let at = 0; at < found.length; at += 2) {
      const file = found[at]!;
      const count = found[at + 1]!;
      const norm = k1 * (1 - b + (b * this.lengthOf(file)) / average);
      scores[file]! += (weight * count * (k1 + 1)) / (count + norm);
    }
  }

  #scoreChunks(
    term: string,
    factor: number,
    { k1, b }: Bm25,
    scores: Float64Array,
    pathCounts: Uint8Array,
    inPath: readonly number[],
  ): void {
    const found: number[] = [];
    const counts: number[] = [];
    this.#postings.each(term, (chunk, count) => {
      const file = this.#fileOf[chunk]!;
      if (file < 0) return;
      found.push(chunk);
      counts.push(count + pathCounts[file]!);
    });
    let onlyByPath = 0;
    const hit = new Set<number>();
    if (inPath.length > 0) {
      for (const chunk of found) if (pathCounts[this.#fileOf[chunk]!]! > 0) hit.add(chunk);
      for (const file of inPath) onlyByPath += this.#places.get(file)!.count;
      onlyByPath -= hit.size;
    }
    const weight = rarity(found.length + onlyByPath, this.#liveChunks) * factor;
    if (weight <= 0) return;
    const average = Math.max(1, this.#chunkLength / Math.max(1, this.#liveChunks));
    const add = (chunk: number, count: number) => {
      const norm = k1 * (1 - b + (b * this.#lengthOf[chunk]!) / average);
      scores[chunk]! += (weight * count * (k1 + 1)) / (count + norm);
    };
    for (let at = 0; at < found.length; at += 1) add(found[at]!, counts[at]!);
    for (const file of inPath) {
      const { first, count } = this.#places.get(file)!;
      for (let chunk = first; chunk < first + count; chunk += 1) {
        if (!hit.has(chunk)) add(chunk, pathCounts[file]!);
      }
    }
  }

  #compact(): void {
    const moved = new Int32Array(this.#chunks).fill(-1);
    const fileOf = new Int32Array(Math.max(4096, this.#liveChunks * 2));
    const lengthOf = new Int32Array(fileOf.length);
    let next = 0;
    for (let chunk = 0; chunk < this.#chunks; chunk += 1) {
      const file = this.#fileOf[chunk]!;
      if (file < 0) continue;
      const place = this.#places.get(file)!;
      if (place.first === chunk) place.first = next;
      moved[chunk] = next;
      fileOf[next] = file;
      lengthOf[next] = this.#lengthOf[chunk]!;
      next += 1;
    }
    this.#postings = this.#postings.moved(moved);
    this.#fileOf = fileOf;
    this.#lengthOf = lengthOf;
    this.#chunks = next;
  }
}
