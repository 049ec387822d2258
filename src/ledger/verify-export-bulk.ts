/**
 * Walks through an export block by block. It either finds all of it sound or gives nothing: then
 * the exact check goes through it entry by entry and says what is wrong.
 */
import type { ExportFolder } from './export-folder.ts';
import { checkBlocks, type CheckedBlock, type Cut } from './export-blocks.ts';
import { SALT_BYTES } from './prepare.ts';
import { PromiseKeeper, type Promised } from './promises.ts';
import type { Checkpoint } from './transparency/checkpoint.ts';
import { ENTRY_VERSION, MAX_ENTRY_BYTES } from './transparency/entry.ts';
import { HASH_BYTES } from './transparency/merkle.ts';
import { GrowingTree, TILE_WIDTH, tilePath, widthOf } from './transparency/tiles.ts';
import { Findings } from './verify-report.ts';

const TILE_BYTES = TILE_WIDTH * HASH_BYTES;

export interface BulkWalk {
  checked: Findings['checked'];
  /** Hashes of the entries that were asked for. */
  leaves: ReadonlyMap<number, Uint8Array>;
}

export async function walkInBulk(
  folder: ExportFolder,
  options: {
    newest: Checkpoint;
    promised: readonly Promised[];
    /** Entries whose hashes are wanted. */
    wanted: readonly number[];
    cut?: Partial<Cut>;
  },
): Promise<BulkWalk | undefined> {
  const walk = new Walk(folder, options.promised, options.wanted);
  const terms = {
    tilesIn: walk.hasTiles ? folder.path : null,
    version: ENTRY_VERSION,
    maxEntryBytes: MAX_ENTRY_BYTES,
    saltBytes: SALT_BYTES,
  };
  const files = { dir: folder.path, hasPayloads: walk.hasPayloads };
  for await (const block of checkBlocks(files, terms, options.cut)) {
    if (block === undefined || !walk.take(block)) return undefined;
  }
  const isSound = walk.size === options.newest.size && (await walk.isEndedWell());
  return isSound ? { checked: walk.findings.checked, leaves: walk.leaves } : undefined;
}

class Walk {
  readonly findings = new Findings();
  readonly leaves = new Map<number, Uint8Array>();
  readonly hasTiles: boolean;
  readonly hasPayloads: boolean;
  readonly #folder: ExportFolder;
  readonly #keeper = new PromiseKeeper(this.findings);
  readonly #tree = new GrowingTree();
  readonly #wanted: readonly number[];
  readonly #withoutPayload = new Set<number>();
  readonly #redacted = new Set<number>();
  #lastTime = 0;

  constructor(folder: ExportFolder, promised: readonly Promised[], wanted: readonly number[]) {
    this.#folder = folder;
    this.hasTiles = folder.has('tile');
    this.hasPayloads = folder.has('payloads.ndjson');
    this.#wanted = wanted;
    this.#keeper.expect(promised);
    this.#keeper.reached(this.#tree);
  }

  get size(): number {
    return this.#tree.size;
  }

  /** False when anything about the block is not as it should be, or may not be. */
  take({ start, count, answer }: CheckedBlock): boolean {
    if (!answer.isSound || answer.firstTime < this.#lastTime) return false;
    this.#lastTime = answer.lastTime;
    const { checked } = this.findings;
    checked.entries += count;
    checked.payloads += answer.payloads;
    for (const { index } of answer.missing) this.#withoutPayload.add(index);
    for (const { index, target } of answer.redactions) {
      if (!this.#excuse(index, target)) return false;
    }
    const hashes = Buffer.from(answer.hashes.buffer, answer.hashes.byteOffset, count * HASH_BYTES);
    for (const index of this.#wanted) {
      if (index < start || index >= start + count) continue;
      this.leaves.set(index, hashes.subarray((index - start) * HASH_BYTES).subarray(0, HASH_BYTES));
    }
    this.#grow(hashes, answer.roots);
    return true;
  }

  #excuse(index: number, target: number): boolean {
    if (!this.hasPayloads) return true;
    if (this.#withoutPayload.delete(target)) {
      this.findings.checked.redacted += 1;
      this.#redacted.add(target);
      // One that redacts what comes after it is left to the exact check.
      return target < index;
    }
    return this.#redacted.has(target);
  }

  #grow(hashes: Buffer, roots: Uint8Array): void {
    for (let at = 0; at < hashes.length;) {
      const tile = Math.floor(at / TILE_BYTES) * HASH_BYTES;
      const root = roots.subarray(tile, tile + HASH_BYTES);
      at += this.#keeper.grow(this.#tree, hashes.subarray(at), root);
    }
  }

  async isEndedWell(): Promise<boolean> {
    if (!this.#keeper.ended(this.#tree.size) || this.#withoutPayload.size > 0) return false;
    return (!this.hasTiles || (await this.#hasUpperTiles())) && this.findings.isClean;
  }

  /** Compares the tiles that no block holds: those above the leaves, and the last ones. */
  async #hasUpperTiles(): Promise<boolean> {
    for (const tile of this.#tree.takeChangedTiles()) {
      const width = widthOf(tile);
      this.findings.checked.tiles += 1;
      if (tile.level === 0 && width === TILE_WIDTH) continue;
      const found = await this.#folder.read(tilePath(tile.level, tile.index, width));
      if (found?.equals(tile.hashes) !== true) return false;
    }
    return true;
  }
}
