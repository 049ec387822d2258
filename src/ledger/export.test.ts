/**
 * Goal: an export leaves nothing out, however large the log is.
 * Method: the cutting into groups alone; whole exports are verified in verify.test.ts.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { inGroups } from './export.ts';
import { tilesOf } from './transparency/tiles.ts';

test('every tile is in one group, and no group is larger than the limit', () => {
  fc.assert(
    fc.property(fc.nat({ max: 200_000 }), fc.integer({ min: 1, max: 50 }), (size, limit) => {
      const groups = [...inGroups(tilesOf(size), limit)];

      expect(groups.flat()).toEqual([...tilesOf(size)]);
      expect(groups.every((group) => group.length > 0 && group.length <= limit)).toBe(true);
    }),
    { numRuns: 50 },
  );
});
