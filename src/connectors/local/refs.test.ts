/**
 * Goal: what moved between two looks is all that moved, in a stable order.
 * Method: any two sets of branches.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { findMoves } from './refs.ts';

const branches = fc.dictionary(
  fc.constantFrom('main', 'a', 'b', 'c/d', 'constructor', 'toString'),
  fc.constantFrom('1', '2', '3'),
  { noNullPrototype: true },
);
const isMain = (branch: string): boolean => branch === 'main';

test('the moves lead from the first look to the second', () => {
  fc.assert(
    fc.property(branches, branches, (before, after) => {
      const seen = new Map<string, string>(Object.entries(before));

      for (const move of findMoves(before, after, isMain)) {
        expect(seen.get(move.branch) ?? null).toBe(move.before);
        if (move.after === null) seen.delete(move.branch);
        else seen.set(move.branch, move.after);
      }

      expect(Object.fromEntries(seen)).toEqual(after);
    }),
  );
});

test('nothing moved where nothing changed', () => {
  fc.assert(
    fc.property(branches, (same) => {
      expect(findMoves(same, same, isMain)).toEqual([]);
    }),
  );
});

test('protected branches come first, so that merges are told before what follows from them', () => {
  const moves = findMoves({}, { a: '1', main: '1', b: '1' }, isMain);

  expect(moves.map(({ branch }) => branch)).toEqual(['main', 'a', 'b']);
});
