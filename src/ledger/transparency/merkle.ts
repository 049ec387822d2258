/**
 * The Merkle tree of RFC 6962: hashes, and proofs made and checked. A proof is first a list of
 * ranges of leaves, so that the same rule serves a tree in memory and one in tiles.
 */
import { hash } from 'node:crypto';

export const HASH_BYTES = 32;
/** Root of the tree without leaves. */
export const EMPTY_ROOT: Buffer = sha256('');

const LEAF_PREFIX = Buffer.of(0);
const NODE = Buffer.alloc(1 + 2 * HASH_BYTES, 1);

/** A string from the hash and pooled bytes from the string take a third of the time of a new buffer. */
export function sha256(bytes: Uint8Array | string): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');
}

export function leafHash(entry: Uint8Array): Buffer {
  return sha256(Buffer.concat([LEAF_PREFIX, entry]));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  // One scratch buffer for all calls: hashing is synchronous, and allocation would cost as much.
  NODE.set(left, 1);
  NODE.set(right, 1 + HASH_BYTES);
  return sha256(NODE);
}

/** Puts the roots over `count` pairs of hashes in their place at the start of the row. */
export function joinPairs(row: Buffer, count: number): void {
  for (let at = 0; at < count; at += 1) {
    row.copy(NODE, 1, 2 * at * HASH_BYTES, 2 * (at + 1) * HASH_BYTES);
    row.write(hash('sha256', NODE, 'binary'), at * HASH_BYTES, 'latin1');
  }
}

/** Leaves from `start` up to, not including, `end`. */
export interface LeafRange {
  start: number;
  end: number;
}

/** Where a tree of this many leaves is cut in two: the largest power of two below the size. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** The ranges whose hashes prove that a leaf is in a tree of `size`, from the leaf upwards. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  const ranges: LeafRange[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/** The ranges whose hashes prove that the tree of `oldSize` is a prefix of the one of `size`. */
export function consistencyRanges(oldSize: number, size: number): LeafRange[] {
  if (oldSize === 0 || oldSize === size) return [];
  const ranges: LeafRange[] = [];
  let [start, end] = [0, size];
  // Whether the part looked at is still the whole old tree, whose root the verifier has already.
  let isOldRoot = true;
  while (oldSize !== end) {
    const middle = start + splitOf(end - start);
    if (oldSize <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
      isOldRoot = false;
    }
  }
  if (!isOldRoot) ranges.push({ start, end });
  return ranges.reverse();
}

/** The complete subtrees a range of a proof is made of, from left to right, largest first. */
export function nodesOf({ start, end }: LeafRange): { height: number; index: number }[] {
  const nodes: { height: number; index: number }[] = [];
  for (let at = start; at < end;) {
    let height = 0;
    while (at % 2 ** (height + 1) === 0 && at + 2 ** (height + 1) <= end) height += 1;
    nodes.push({ height, index: at / 2 ** height });
    at += 2 ** height;
  }
  return nodes;
}

/** Joins the hashes of complete subtrees, from left to right, into the root over them. */
export function joinNodes(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.length === 0
    ? EMPTY_ROOT
    : hashes.reduceRight((right, left) => nodeHash(left, right));
}

/** Checks that a leaf is entry `index` of the tree with this size and root (RFC 9162, 2.1.3.2). */
export function verifyInclusion(claim: {
  leaf: Uint8Array;
  index: number;
  size: number;
  proof: readonly Uint8Array[];
  root: Uint8Array;
}): boolean {
  if (claim.index < 0 || claim.index >= claim.size) return false;
  let [at, last, hashed] = [claim.index, claim.size - 1, claim.leaf];
  for (const sibling of claim.proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hashed = nodeHash(sibling, hashed);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      hashed = nodeHash(hashed, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && equalHashes(hashed, claim.root);
}

/** Checks that the old tree is a prefix of the new one (RFC 9162, 2.1.4.2). */
export function verifyConsistency(claim: {
  oldSize: number;
  oldRoot: Uint8Array;
  size: number;
  root: Uint8Array;
  proof: readonly Uint8Array[];
}): boolean {
  const { oldSize, oldRoot, size, root, proof } = claim;
  if (oldSize < 0 || oldSize > size) return false;
  if (oldSize === size) return proof.length === 0 && equalHashes(oldRoot, root);
  if (oldSize === 0) return proof.length === 0 && equalHashes(oldRoot, EMPTY_ROOT);

  let [at, last] = [oldSize - 1, size - 1];
  while (at % 2 === 1) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  // An old tree that is one complete subtree is not repeated in the proof.
  const path = at === 0 ? [oldRoot, ...proof] : [...proof];
  const first = path.shift();
  if (first === undefined || path.length === 0) return false;
  let [older, newer] = [first, first];
  for (const sibling of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      newer = nodeHash(newer, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && equalHashes(older, oldRoot) && equalHashes(newer, root);
}

export function equalHashes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
