/**
 * Goal: proofs hold for every tree and every entry, and no proof survives a changed bit.
 * Method: a plain recursive tree straight from RFC 6962 as the judge, properties over sizes, and the
 * known answers every implementation shares.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  consistencyRanges,
  EMPTY_ROOT,
  inclusionRanges,
  joinNodes,
  leafHash,
  type LeafRange,
  nodeHash,
  nodesOf,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
import {
  GrowingTree,
  hashInTile,
  placeInTile,
  type Tile,
  tilePath,
  tileRoot,
  tilesOf,
} from './tiles.ts';

/** RFC 6962, 2.1, word for word. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0]!;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
}

const leavesOf = (size: number) =>
  Array.from({ length: size }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));
const proofOf = (leaves: readonly Uint8Array[], ranges: readonly LeafRange[]) =>
  ranges.map(({ start, end }) => rootOf(leaves.slice(start, end)));
/** A tree and one of its prefixes. */
const sizes = fc
  .integer({ min: 1, max: 700 })
  .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 0, max: size })));
const flipped = (hash: Uint8Array, bit: number) => {
  const copy = Buffer.from(hash);
  copy[Math.floor(bit / 8)]! ^= 1 << (bit % 8);
  return copy;
};

test('the roots known from the RFC test vectors come out', () => {
  const inputs = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ];
  const leaves = inputs.map((hex) => leafHash(Buffer.from(hex, 'hex')));

  expect(Buffer.from(rootOf(leaves)).toString('hex')).toBe(
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  );
  expect(Buffer.from(rootOf([])).toString('hex')).toBe(
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  );
});

test('every entry of every small tree has a proof that holds', () => {
  for (let size = 1; size <= 70; size += 1) {
    const leaves = leavesOf(size);
    const root = rootOf(leaves);
    for (let index = 0; index < size; index += 1) {
      const proof = proofOf(leaves, inclusionRanges(index, size));
      const claim = { leaf: leaves[index]!, index, size, proof, root };
      expect(verifyInclusion(claim), `${index} of ${size}`).toBe(true);
    }
  }
});

test('every prefix of every small tree has a proof that holds', () => {
  for (let size = 1; size <= 70; size += 1) {
    const leaves = leavesOf(size);
    for (let oldSize = 0; oldSize <= size; oldSize += 1) {
      const claim = {
        oldSize,
        oldRoot: rootOf(leaves.slice(0, oldSize)),
        size,
        root: rootOf(leaves),
        proof: proofOf(leaves, consistencyRanges(oldSize, size)),
      };
      expect(verifyConsistency(claim), `${oldSize} of ${size}`).toBe(true);
    }
  }
});

test('an inclusion proof fails with any bit flipped, for another place and for another length', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), ([size, at], which, bit) => {
      const leaves = leavesOf(size);
      const index = at % size;
      const proof = proofOf(leaves, inclusionRanges(index, size));
      const claim = { leaf: leaves[index]!, index, size, proof, root: rootOf(leaves) };
      const part = which % (proof.length + 2);
      const broken = {
        ...claim,
        leaf: part === proof.length ? flipped(claim.leaf, bit % 256) : claim.leaf,
        root: part === proof.length + 1 ? flipped(claim.root, bit % 256) : claim.root,
        proof: proof.map((hash, each) => (each === part ? flipped(hash, bit % 256) : hash)),
      };

      expect(verifyInclusion(claim)).toBe(true);
      expect(verifyInclusion(broken)).toBe(false);
      expect(verifyInclusion({ ...claim, proof: [...proof, claim.leaf] })).toBe(false);
      if (proof.length > 0) {
        expect(verifyInclusion({ ...claim, proof: proof.slice(1) })).toBe(false);
        expect(verifyInclusion({ ...claim, index: (index + 1) % size })).toBe(false);
      }
    }),
    { numRuns: 200 },
  );
});

test('a consistency proof fails with any bit flipped', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat({ max: 255 }), ([size, oldSize], which, bit) => {
      fc.pre(oldSize > 0 && oldSize < size);
      const leaves = leavesOf(size);
      const proof = proofOf(leaves, consistencyRanges(oldSize, size));
      const oldRoot = rootOf(leaves.slice(0, oldSize));
      const claim = { oldSize, oldRoot, size, root: rootOf(leaves), proof };
      const part = which % (proof.length + 2);
      const broken = {
        ...claim,
        oldRoot: part === proof.length ? flipped(oldRoot, bit) : oldRoot,
        root: part === proof.length + 1 ? flipped(claim.root, bit) : claim.root,
        proof: proof.map((hash, each) => (each === part ? flipped(hash, bit) : hash)),
      };

      expect(verifyConsistency(claim)).toBe(true);
      expect(verifyConsistency(broken)).toBe(false);
      expect(verifyConsistency({ ...claim, proof: proof.slice(1) })).toBe(false);
      expect(verifyConsistency({ ...claim, proof: [] })).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test('a growing tree has the root and the tiles of the plain one, also when it is taken up again', () => {
  fc.assert(
    fc.property(sizes, ([size, pause]) => {
      const leaves = leavesOf(size);
      const stored = new Map<string, Buffer>();
      const save = (tiles: readonly Tile[]) =>
        tiles.forEach(({ level, index, hashes }) => stored.set(`${level}/${index}`, hashes));
      let tree = new GrowingTree();
      leaves.slice(0, pause).forEach((leaf) => tree.append(leaf));
      save(tree.takeChangedTiles());
      tree = new GrowingTree(pause, (level, index) => stored.get(`${level}/${index}`)!);
      leaves.slice(pause).forEach((leaf) => tree.append(leaf));
      save(tree.takeChangedTiles());

      expect(Buffer.from(tree.root())).toEqual(Buffer.from(rootOf(leaves)));
      const widths = [...stored].map(([place, hashes]) => `${place} ${hashes.length / 32}`);
      const expected = [...tilesOf(size)].map(
        (tile) => `${tile.level}/${tile.index} ${tile.width}`,
      );
      expect(widths.sort()).toEqual(expected.sort());
      const read = (range: LeafRange) =>
        joinNodes(
          nodesOf(range).map(({ height, index }) => {
            const place = placeInTile(height, index);
            const tile = stored.get(`${place.level}/${place.index}`)!;
            return hashInTile(tile, place.from, place.count);
          }),
        );
      for (const range of inclusionRanges(pause % size, size)) {
        const plain = rootOf(leaves.slice(range.start, range.end));
        expect(Buffer.from(read(range))).toEqual(Buffer.from(plain));
      }
    }),
    { numRuns: 100 },
  );
});

test('a tree deeper than one level of tiles is taken up again at every awkward size', () => {
  const leaves = leavesOf(66_000);
  const stored = new Map<string, Buffer>();
  const whole = new GrowingTree();
  let tree = new GrowingTree();
  for (const [index, leaf] of leaves.entries()) {
    whole.append(leaf);
    tree.append(leaf);
    if (![255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_999].includes(index)) continue;
    for (const tile of tree.takeChangedTiles())
      stored.set(`${tile.level}/${tile.index}`, tile.hashes);
    tree = new GrowingTree(index + 1, (level, at) => stored.get(`${level}/${at}`)!);
    expect(Buffer.from(tree.root())).toEqual(Buffer.from(whole.root()));
  }
  // Grown by whole tiles as long as there are any, it is the same tree in the same tiles.
  const byTiles = new GrowingTree();
  for (let at = 0; at < leaves.length; at += 256) {
    const some = leaves.slice(at, at + 256);
    if (some.length === 256) byTiles.appendTile(Buffer.concat(some), tileRoot(Buffer.concat(some)));
    else some.forEach((leaf) => byTiles.append(leaf));
  }
  expect(Buffer.from(byTiles.root())).toEqual(Buffer.from(whole.root()));
  expect(byTiles.takeChangedTiles()).toEqual(whole.takeChangedTiles());
  expect(stored.get('2/0')).toHaveLength(32);
});

test.each([
  [0, 0, 256, 'tile/0/000'],
  [0, 7, 3, 'tile/0/007.p/3'],
  [1, 1_234, 256, 'tile/1/x001/234'],
  [3, 1_234_067, 1, 'tile/3/x001/x234/067.p/1'],
])('tile %i/%i of width %i is at %s+%s', (level, index, width, path) => {
  expect(tilePath(level, index, width)).toBe(path);
});
