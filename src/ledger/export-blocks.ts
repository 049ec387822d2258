/**
 * Cuts an export into blocks and has them checked side by side on as many threads as there are
 * processors. Reading and cutting is little work; hashing, parsing and comparing is done by threads.
 */
// oxlint-disable unicorn/require-post-message-target-origin -- threads, not windows
import { type FileHandle, open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type BlockAnswer, type BlockTerms, checkBlock, type ExportBlock } from './export-block.ts';
import { TILE_WIDTH } from './transparency/tiles.ts';

const NEWLINE = 0x0a;
const CHUNK_BYTES = 4_194_304;
const TILES = 16;
/** A block that has grown to this takes no more tiles. */
const MANY_BYTES = 4_194_304;
/** Lines longer than anything honest are left to the exact check, which streams them. */
const MAX_WINDOW_BYTES = 268_435_456;
const MAX_THREADS = 4;
/** Below this a thread takes longer to start than the work does. */
const WORTH_THREADS_BYTES = 8_388_608;

export interface CheckedBlock {
  start: number;
  count: number;
  answer: BlockAnswer;
}

/** How the work is shared: 0 threads do it where it is asked for. */
export interface Cut {
  threads: number;
  /** Tiles of entries in a block. */
  tiles: number;
}

/**
 * Gives what was found about each block, in order, and undefined, as the last, where the files are
 * not made of whole lines, or payloads not in the order of their entries.
 */
export async function* checkBlocks(
  { dir, hasPayloads }: { dir: string; hasPayloads: boolean },
  terms: BlockTerms,
  cut: Partial<Cut> = {},
): AsyncGenerator<CheckedBlock | undefined> {
  await using entries = await LineFile.open(join(dir, 'entries.ndjson'));
  await using payloads = hasPayloads
    ? await LineFile.open(join(dir, 'payloads.ndjson'))
    : undefined;
  const isWorthThreads = entries.size + (payloads?.size ?? 0) >= WORTH_THREADS_BYTES;
  const usual = isWorthThreads ? Math.min(MAX_THREADS, availableParallelism()) : 0;
  await using pool = new Pool(cut.threads ?? usual, terms);
  const running: Promise<CheckedBlock>[] = [];
  let next = 0;
  for (;;) {
    // One block more than there are threads: the next one is there when a thread is done.
    while (running.length <= pool.size) {
      const block = await cutBlock(next, cut.tiles ?? TILES, entries, payloads);
      if (block === undefined) break;
      next += block.count;
      running.push(pool.check(block));
    }
    const first = running.shift();
    if (first === undefined) break;
    yield await first;
  }
  if (!entries.isUsedUp || payloads?.isUsedUp === false) yield undefined;
}

async function cutBlock(
  start: number,
  tiles: number,
  entries: LineFile,
  payloads: LineFile | undefined,
): Promise<ExportBlock | undefined> {
  let count = 0;
  for (let tile = 0; tile < tiles && entries.taken < MANY_BYTES; tile += 1) {
    const before = count;
    while (count < before + TILE_WIDTH && (await entries.advance())) count += 1;
    if (count < before + TILE_WIDTH) break;
  }
  if (count === 0) return undefined;
  if (payloads !== undefined) {
    while (await payloads.advance((window, at) => readIndex(window, at) < start + count));
  }
  return { start, count, entries: entries.take(1), payloads: payloads?.take(0) ?? null };
}

const INDEX_PREFIX = Buffer.from('{"index":');
const ZERO = 0x30;
const COMMA = 0x2c;

/** The index a line of payloads begins with; never reached by a line that begins otherwise. */
function readIndex(window: Buffer, at: number): number {
  const from = at + INDEX_PREFIX.length;
  if (window.compare(INDEX_PREFIX, 0, INDEX_PREFIX.length, at, from) !== 0) return Infinity;
  let index = 0;
  for (let place = from; window[place] !== COMMA; place += 1) {
    const digit = (window[place] ?? 0) - ZERO;
    if (digit < 0 || digit > 9 || place > from + 15) return Infinity;
    index = 10 * index + digit;
  }
  return index;
}

/** A file that is gone through line by line without making anything of a line. */
class LineFile implements AsyncDisposable {
  readonly size: number;
  readonly #file: FileHandle;
  #window = Buffer.alloc(0);
  /** In the window: where what is not yet taken begins, and where the line after that does. */
  #from = 0;
  #at = 0;
  #isEnded = false;

  constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  static async open(path: string): Promise<LineFile> {
    const file = await open(path);
    return new LineFile(file, (await file.stat()).size);
  }

  /** Bytes that were advanced over since they were last taken. */
  get taken(): number {
    return this.#at - this.#from;
  }

  get isUsedUp(): boolean {
    return this.#isEnded && this.#from === this.#window.length;
  }

  /** Goes past a line, if there is a whole one and it is wanted. */
  async advance(isWanted?: (window: Buffer, at: number) => boolean): Promise<boolean> {
    let end = this.#window.indexOf(NEWLINE, this.#at);
    while (end < 0) {
      const known = this.#window.length - this.#from;
      if (!(await this.#read())) return false;
      end = this.#window.indexOf(NEWLINE, Math.max(this.#at, this.#from + known));
    }
    if (isWanted?.(this.#window, this.#at) === false) return false;
    this.#at = end + 1;
    return true;
  }

  /** A copy of what was advanced over, after so many bytes to spare. */
  take(spare: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(spare + this.taken);
    bytes.set(this.#window.subarray(this.#from, this.#at), spare);
    this.#from = this.#at;
    return bytes;
  }

  async #read(): Promise<boolean> {
    const kept = this.#window.length - this.#from;
    if (this.#isEnded || kept > MAX_WINDOW_BYTES) return false;
    const window = Buffer.allocUnsafe(kept + Math.max(CHUNK_BYTES, kept));
    this.#window.copy(window, 0, this.#from);
    const { bytesRead } = await this.#file.read(window, kept, window.length - kept);
    this.#isEnded = bytesRead === 0;
    this.#at -= this.#from;
    this.#from = 0;
    this.#window = window.subarray(0, kept + bytesRead);
    return !this.#isEnded;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** Threads that take turns; without any, the work is done where it is asked for. */
class Pool implements AsyncDisposable {
  readonly size: number;
  readonly #terms: BlockTerms;
  readonly #threads: Worker[];
  readonly #waiting = new Map<Worker, PromiseWithResolvers<BlockAnswer>[]>();
  #turn = 0;

  constructor(size: number, terms: BlockTerms) {
    this.size = size;
    this.#terms = terms;
    this.#threads = Array.from({ length: size }, () => {
      const url = new URL('./export-block-thread.ts', import.meta.url);
      const thread = new Worker(url, { workerData: terms });
      const waiting: PromiseWithResolvers<BlockAnswer>[] = [];
      this.#waiting.set(thread, waiting);
      thread.on('message', (answer: BlockAnswer) => waiting.shift()?.resolve(answer));
      thread.on('error', (error) => {
        for (const each of waiting.splice(0)) each.reject(error);
      });
      return thread;
    });
  }

  async check(block: ExportBlock): Promise<CheckedBlock> {
    const { start, count, entries, payloads } = block;
    if (this.size === 0) return { start, count, answer: checkBlock(block, this.#terms) };
    const thread = this.#threads[this.#turn % this.size]!;
    this.#turn += 1;
    const waiting = Promise.withResolvers<BlockAnswer>();
    waiting.promise.catch(() => {});
    this.#waiting.get(thread)!.push(waiting);
    const moved = payloads === null ? [entries.buffer] : [entries.buffer, payloads.buffer];
    thread.postMessage(block, moved as ArrayBuffer[]);
    return { start, count, answer: await waiting.promise };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }
}
