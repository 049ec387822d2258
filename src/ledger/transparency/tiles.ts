/** The tree cut into tiles of 256 hashes (c2sp.org/tlog-tiles), and a tree that grows by leaves. */
import { HASH_BYTES, joinNodes, joinPairs, type LeafRange, nodeHash, nodesOf } from './merkle.ts';

export const TILE_WIDTH = 256;
/** Levels of the tree in one level of tiles: 2^8 = 256. */
const TILE_HEIGHT = 8;

export interface Tile {
  level: number;
  index: number;
  /** `width` hashes of complete subtrees, one after the other. */
  hashes: Buffer;
}

export function widthOf(tile: Tile): number {
  return tile.hashes.length / HASH_BYTES;
}

/**
 * The entries below the first hash in which a tile differs from what it should be; all below the
 * tile when it is missing.
 */
export function differingEntries(tile: Tile, found: Uint8Array | undefined): LeafRange {
  const entries = TILE_WIDTH ** tile.level;
  const first = tile.index * TILE_WIDTH;
  if (found === undefined) return { start: first * entries, end: (first + TILE_WIDTH) * entries };
  let at = 0;
  while (at < found.length && found[at] === tile.hashes[at]) at += 1;
  const position = first + Math.floor(at / HASH_BYTES);
  return { start: position * entries, end: (position + 1) * entries };
}

/** Path of a tile below the log: index in groups of three digits, partial tiles by width. */
export function tilePath(level: number, index: number, width: number): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? [];
  const name = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${name}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

export interface TilePlace {
  level: number;
  index: number;
  width: number;
}

/** Every tile of a tree: full ones, and at the end of each level the partial one. */
export function* tilesOf(size: number): Generator<TilePlace> {
  for (let level = 0, count = size; count > 0; level += 1, count = Math.floor(count / TILE_WIDTH)) {
    const full = Math.floor(count / TILE_WIDTH);
    for (let index = 0; index < full; index += 1) yield { level, index, width: TILE_WIDTH };
    if (count % TILE_WIDTH > 0) yield { level, index: full, width: count % TILE_WIDTH };
  }
}

/** Which tile holds the hashes under a complete subtree, and where in it they are. */
export function placeInTile(
  height: number,
  index: number,
): { level: number; index: number; from: number; count: number } {
  const level = Math.floor(height / TILE_HEIGHT);
  const count = 2 ** (height % TILE_HEIGHT);
  const first = index * count;
  return { level, index: Math.floor(first / TILE_WIDTH), from: first % TILE_WIDTH, count };
}

/** The root over `count` (a power of two) hashes of a tile. */
export function hashInTile(hashes: Uint8Array, from: number, count: number): Uint8Array {
  if (count === 1) return hashes.subarray(from * HASH_BYTES, (from + 1) * HASH_BYTES);
  const half = count / 2;
  return nodeHash(hashInTile(hashes, from, half), hashInTile(hashes, from + half, half));
}

/** The root over a whole tile. */
export function tileRoot(hashes: Uint8Array): Uint8Array {
  const row = Buffer.from(hashes);
  for (let count = TILE_WIDTH / 2; count >= 1; count /= 2) joinPairs(row, count);
  return row.subarray(0, HASH_BYTES);
}

/**
 * A tree to which leaves are appended. It remembers only the last tile of each level and the
 * complete subtrees on its right edge, so its size in memory does not grow.
 */
export class GrowingTree {
  #size: number;
  /** Complete subtrees from left to right, one for each bit of the size. */
  readonly #edge: { height: number; hash: Uint8Array }[] = [];
  /** Hashes of the unfinished tile of each level. */
  readonly #unfinished: Uint8Array[][] = [];
  readonly #changed = new Map<string, Tile>();
  /** Unfinished tile of each level that is among the changed, so that it is put there once. */
  readonly #noted: number[] = [];

  /** Goes on with a tree of `size` from its tiles: `tileAt` gives those on the right edge. */
  constructor(size = 0, tileAt?: (level: number, index: number) => Uint8Array) {
    this.#size = size;
    if (size === 0 || tileAt === undefined) return;
    for (
      let level = 0, count = size;
      count > 0;
      level += 1, count = Math.floor(count / TILE_WIDTH)
    ) {
      const width = count % TILE_WIDTH;
      const tile = width === 0 ? new Uint8Array() : tileAt(level, Math.floor(count / TILE_WIDTH));
      this.#unfinished[level] = Array.from({ length: width }, (_, at) => hashInTile(tile, at, 1));
    }
    for (const { height, index } of nodesOf({ start: 0, end: size })) {
      const place = placeInTile(height, index);
      const tile = tileAt(place.level, place.index);
      this.#edge.push({ height, hash: hashInTile(tile, place.from, place.count) });
    }
  }

  get size(): number {
    return this.#size;
  }

  append(leaf: Uint8Array): void {
    this.#addToTile(0, leaf, this.#size);
    this.#join({ height: 0, hash: leaf }, this.#size);
    this.#size += 1;
  }

  /** Appends a whole tile of leaves at once, whose root is known. The tree must end with a tile. */
  appendTile(leaves: Buffer, root: Uint8Array): void {
    const index = this.#size / TILE_WIDTH;
    this.#changed.set(`0/${index}`, { level: 0, index, hashes: leaves });
    this.#addToTile(1, root, index);
    this.#join({ height: TILE_HEIGHT, hash: root }, index);
    this.#size += TILE_WIDTH;
  }

  /** Puts a complete subtree, the `index`-th of its height, at the right edge. */
  #join(subtree: { height: number; hash: Uint8Array }, place: number): void {
    let node = subtree;
    let index = place;
    while (index % 2 === 1) {
      const left = this.#edge.pop()!;
      index = (index - 1) / 2;
      node = { height: node.height + 1, hash: nodeHash(left.hash, node.hash) };
      if (node.height % TILE_HEIGHT === 0) {
        this.#addToTile(node.height / TILE_HEIGHT, node.hash, index);
      }
    }
    this.#edge.push(node);
  }

  root(): Uint8Array {
    return joinNodes(this.#edge.map(({ hash }) => hash));
  }

  /** The tiles that grew since the last call, each once and as it is now. */
  takeChangedTiles(): Tile[] {
    for (const tile of this.#changed.values()) {
      // A finished tile was built when its last hash came; an unfinished one only now.
      if (tile.hashes.length === 0) tile.hashes = Buffer.concat(this.#unfinished[tile.level]!);
    }
    const tiles = [...this.#changed.values()];
    this.#changed.clear();
    this.#noted.length = 0;
    return tiles;
  }

  /** The last tile of each level, where it is not full. */
  unfinishedTiles(): Tile[] {
    return this.#unfinished.flatMap((hashes, level) => {
      const index = Math.floor(this.#size / TILE_WIDTH ** (level + 1));
      return hashes.length === 0 ? [] : [{ level, index, hashes: Buffer.concat(hashes) }];
    });
  }

  #addToTile(level: number, hash: Uint8Array, position: number): void {
    const hashes = (this.#unfinished[level] ??= []);
    hashes.push(hash);
    const index = Math.floor(position / TILE_WIDTH);
    const isFull = hashes.length === TILE_WIDTH;
    if (!isFull && this.#noted[level] === index) return;
    this.#noted[level] = index;
    this.#changed.set(`${level}/${index}`, {
      level,
      index,
      hashes: isFull ? Buffer.concat(hashes) : Buffer.alloc(0),
    });
    if (isFull) this.#unfinished[level] = [];
  }
}
