/**
 * Compares a log that is walked through leaf by leaf with the checkpoints it released: each must be
 * the root of a prefix. That is what makes rewriting history show.
 */
import type { Checkpoint } from './transparency/checkpoint.ts';
import { equalHashes, HASH_BYTES } from './transparency/merkle.ts';
import { type GrowingTree, TILE_WIDTH, tileRoot } from './transparency/tiles.ts';
import type { Findings } from './verify-report.ts';

const TILE_BYTES = TILE_WIDTH * HASH_BYTES;

export interface Promised extends Pick<Checkpoint, 'size' | 'root'> {
  /** How it is named to a person: `the pinned checkpoint`. */
  name: string;
}

export class PromiseKeeper {
  readonly #findings: Findings;
  readonly #promised: Promised[] = [];
  #next = 0;
  #keptSize = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Adds checkpoints that are still ahead of the walk, in any order. */
  expect(promised: readonly Promised[]): void {
    this.#promised.splice(0, this.#next);
    this.#next = 0;
    this.#promised.push(...promised);
    this.#promised.sort((a, b) => a.size - b.size);
  }

  /** Size of the nearest checkpoint ahead; without end where there is none. */
  get nextSize(): number {
    return this.#promised[this.#next]?.size ?? Infinity;
  }

  /** Compares the tree with every checkpoint of exactly its size. */
  reached(tree: GrowingTree): void {
    for (; this.nextSize <= tree.size; this.#next += 1) {
      const promised = this.#promised[this.#next]!;
      if (promised.size < tree.size) continue;
      this.#findings.checked.checkpoints += 1;
      if (equalHashes(tree.root(), promised.root)) {
        this.#keptSize = tree.size;
        continue;
      }
      const which = `entries ${this.#keptSize} to ${promised.size - 1}`;
      this.#findings.addWithin(
        `${promised.name} (size ${promised.size}) was signed over other ${which}`,
        this.#keptSize,
        promised.size,
      );
    }
  }

  /**
   * Appends the next leaf hashes to the tree, by a whole tile where one can be and no checkpoint ends
   * within it, and compares. Gives the bytes it used; the caller goes on with the rest.
   */
  grow(tree: GrowingTree, hashes: Buffer, root?: Uint8Array): number {
    const isWhole =
      tree.size % TILE_WIDTH === 0 &&
      hashes.length >= TILE_BYTES &&
      this.nextSize >= tree.size + TILE_WIDTH;
    const used = isWhole ? TILE_BYTES : HASH_BYTES;
    const taken = hashes.subarray(0, used);
    if (isWhole) tree.appendTile(taken, root ?? tileRoot(taken));
    else tree.append(taken);
    this.reached(tree);
    return used;
  }

  /** Says what was promised beyond the end of the log; false when something was. */
  ended(size: number): boolean {
    const promised = this.#promised.slice(this.#next).find((each) => each.size > size);
    if (promised === undefined) return true;
    this.#findings.add(
      `the log ends after ${size} entries, but ${promised.name} promised ${promised.size}`,
      size,
    );
    return false;
  }
}
