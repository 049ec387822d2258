/** Hashes of proofs, read from the stored tiles. */
import type { Queryable } from '#kernel';
import { readTiles } from './log-store.ts';
import { joinNodes, type LeafRange, nodesOf } from './transparency/merkle.ts';
import { hashInTile, placeInTile } from './transparency/tiles.ts';

/** Hashes over ranges of leaves, read from the tiles in one query. */
export async function hashRanges(
  db: Queryable,
  ranges: readonly LeafRange[],
): Promise<Uint8Array[]> {
  const nodes = ranges.map((range) =>
    nodesOf(range).map(({ height, index }) => placeInTile(height, index)),
  );
  const wanted = new Map(nodes.flat().map((place) => [`${place.level}/${place.index}`, place]));
  const tiles = await readTiles(db, [...wanted.values()]);
  const byPlace = new Map(tiles.map((tile) => [`${tile.level}/${tile.index}`, tile.hashes]));
  return nodes.map((places) =>
    joinNodes(
      places.map(({ level, index, from, count }) => {
        const hashes = byPlace.get(`${level}/${index}`);
        if (hashes === undefined) throw new Error(`tile ${level}/${index} of the log is missing`);
        return hashInTile(hashes, from, count);
      }),
    ),
  );
}
