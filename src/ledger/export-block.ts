/**
 * Checks a block of an export in one go, on any thread: what it says yes to, the exact check would
 * pass too. It says only yes or no, and no to whatever is out of the ordinary, such as a payload of
 * another field: what is wrong, and where, is for the exact check to tell. It imports little, because
 * a thread that starts reads all of it first.
 */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HASH_BYTES } from './transparency/merkle.ts';
import { TILE_WIDTH, tilePath, tileRoot } from './transparency/tiles.ts';

/** Lines of an export that belong together. */
export interface ExportBlock {
  /** Index of the first entry. */
  start: number;
  count: number;
  /** The lines of the entries with their ends, after one byte to spare. */
  entries: Uint8Array;
  /** The lines of their payloads; null where none were exported. */
  payloads: Uint8Array | null;
}

export interface BlockTerms {
  /** The folder of the export, where its tiles are compared as well. */
  tilesIn: string | null;
  /** `v` of the entries. */
  version: number;
  maxEntryBytes: number;
  saltBytes: number;
}

export interface BlockAnswer {
  isSound: boolean;
  /** Leaf hashes one after the other. */
  hashes: Uint8Array;
  /** Root over each whole tile of them. */
  roots: Uint8Array;
  /** Milliseconds of the first and the last entry; in between they never go back. */
  firstTime: number;
  lastTime: number;
  payloads: number;
  /** Entries without the payload they commit to, and what payloads entries of the block redact. */
  missing: { index: number; id: string }[];
  redactions: { index: number; target: number }[];
}

/** As far as an entry is read here. */
interface ParsedEntry {
  v: unknown;
  seq: unknown;
  ts: unknown;
  id: unknown;
  type: unknown;
  commit: unknown;
  target?: unknown;
}

const NEWLINE = 0x0a;
const TIME_LENGTH = '2026-01-01T00:00:00.000Z'.length;
const COMMITMENT = /^sha256:[0-9a-f]{64}$/;

export function checkBlock(block: ExportBlock, terms: BlockTerms): BlockAnswer {
  const check = new BlockCheck(block, terms);
  const answer = check.answer;
  try {
    answer.isSound = check.run();
  } catch {
    // A line that is no JSON.
    answer.isSound = false;
  }
  return answer;
}

class BlockCheck {
  readonly answer: BlockAnswer;
  readonly #block: ExportBlock;
  readonly #terms: BlockTerms;
  readonly #entries: Buffer;
  readonly #payloads: Buffer | undefined;
  readonly #hashes: Buffer;
  #payloadAt = 0;
  #salted = Buffer.alloc(4_096);
  #lastText = '';

  constructor(block: ExportBlock, terms: BlockTerms) {
    const { count, entries, payloads } = block;
    this.#block = block;
    this.#terms = terms;
    this.#entries = Buffer.from(entries.buffer, entries.byteOffset, entries.length);
    this.#payloads =
      payloads === null
        ? undefined
        : Buffer.from(payloads.buffer, payloads.byteOffset, payloads.length);
    this.#hashes = Buffer.alloc(count * HASH_BYTES);
    this.answer = {
      isSound: false,
      hashes: this.#hashes,
      roots: Buffer.alloc(Math.floor(count / TILE_WIDTH) * HASH_BYTES),
      firstTime: 0,
      lastTime: 0,
      payloads: 0,
      missing: [],
      redactions: [],
    };
  }

  run(): boolean {
    const { start, count } = this.#block;
    let from = 1;
    for (let index = start; index < start + count; index += 1) {
      const end = this.#entries.indexOf(NEWLINE, from);
      if (end < 0 || end - from > this.#terms.maxEntryBytes) return false;
      // What ended the line before becomes the prefix of this leaf: hashing it takes no copy.
      this.#entries[from - 1] = 0;
      const leaf = hash('sha256', this.#entries.subarray(from - 1, end), 'binary');
      this.#hashes.write(leaf, (index - start) * HASH_BYTES, 'latin1');
      // As JSON is read, every byte of UTF-8 may as well be a character of its own.
      if (!this.#isSound(index, this.#entries.toString('latin1', from, end))) return false;
      from = end + 1;
    }
    const isUsedUp = this.#payloads === undefined || this.#payloadAt === this.#payloads.length;
    return from === this.#entries.length && isUsedUp && this.#hasTiles();
  }

  #isSound(index: number, line: string): boolean {
    const entry = JSON.parse(line) as ParsedEntry | null;
    if (entry === null || entry.v !== this.#terms.version || entry.seq !== index) return false;
    const { id, type, commit, target } = entry;
    if (typeof id !== 'string' || typeof type !== 'string') return false;
    if (!this.#isInTime(entry.ts)) return false;
    if (target !== undefined && !this.#takeTarget(index, type, target)) return false;
    if (typeof commit !== 'object' || commit === null || Array.isArray(commit)) return false;
    for (const field in commit) if (field !== 'data') return false;
    return this.#isPaidFor(index, id, (commit as { data?: unknown }).data);
  }

  #isInTime(text: unknown): boolean {
    // Entries of one batch share their time to the millisecond.
    if (text === this.#lastText) return true;
    if (typeof text !== 'string' || text.length !== TIME_LENGTH) return false;
    const time = Date.parse(text);
    if (Number.isNaN(time) || new Date(time).toISOString() !== text) return false;
    if (this.#lastText === '') this.answer.firstTime = time;
    else if (time < this.answer.lastTime) return false;
    this.answer.lastTime = time;
    this.#lastText = text;
    return true;
  }

  #takeTarget(index: number, type: string, target: unknown): boolean {
    if (typeof target !== 'object' || target === null) return false;
    const { seq, field } = target as { seq?: unknown; field?: unknown };
    if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 0) return false;
    if (typeof field !== 'string') return false;
    if (type === 'payload.redacted') this.answer.redactions.push({ index, target: seq });
    return true;
  }

  /** Whether the next payload is that of this entry, as the entry commits to it. */
  #isPaidFor(index: number, id: string, commitment: unknown): boolean {
    if (this.#payloads === undefined) return isCommitment(commitment);
    const end = this.#payloads.indexOf(NEWLINE, this.#payloadAt);
    const line = end < 0 ? null : this.#payloads.toString('latin1', this.#payloadAt, end);
    const payload = line === null ? null : (JSON.parse(line) as Record<string, unknown> | null);
    if (payload?.['index'] !== index) {
      if (commitment !== undefined) this.answer.missing.push({ index, id });
      return isCommitment(commitment);
    }
    this.#payloadAt = end + 1;
    this.answer.payloads += 1;
    const { field, salt, value } = payload;
    if (field !== 'data' || typeof salt !== 'string' || typeof value !== 'string') return false;
    const length = this.#decode(salt, value);
    if (length === undefined) return false;
    return commitment === `sha256:${hash('sha256', this.#salted.subarray(0, length), 'hex')}`;
  }

  /** Puts salt and value one after the other, and gives their length; undefined if they are not base64. */
  #decode(salt: string, value: string): number | undefined {
    const { saltBytes } = this.#terms;
    const needed = salt.length + value.length;
    if (this.#salted.length < needed) this.#salted = Buffer.alloc(2 * needed);
    if (decodedLength(salt) !== saltBytes) return undefined;
    // Whatever is no base64 is skipped in decoding, and shows as too few bytes.
    if (this.#salted.write(salt, 0, 'base64') !== saltBytes) return undefined;
    const written = this.#salted.write(value, saltBytes, 'base64');
    return written === decodedLength(value) ? saltBytes + written : undefined;
  }

  #hasTiles(): boolean {
    const { roots } = this.answer;
    const { tilesIn } = this.#terms;
    for (let tile = 0; tile * HASH_BYTES < roots.length; tile += 1) {
      const size = TILE_WIDTH * HASH_BYTES;
      const hashes = this.#hashes.subarray(tile * size, (tile + 1) * size);
      roots.set(tileRoot(hashes), tile * HASH_BYTES);
      if (tilesIn === null) continue;
      const path = tilePath(0, this.#block.start / TILE_WIDTH + tile, TILE_WIDTH);
      // One that is missing is no more than another reason to say no.
      if (!readFileSync(join(tilesIn, path)).equals(hashes)) return false;
    }
    return true;
  }
}

/** Bytes that text in base64 stands for; undefined where it cannot be that. */
function decodedLength(text: string): number | undefined {
  // The alphabet for addresses is decoded too, but is another one.
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}

function isCommitment(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && COMMITMENT.test(value));
}
