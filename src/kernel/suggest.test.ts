/**
 * Goal: a misspelt name finds the one that was meant, and nothing is suggested where none is near.
 * Method: examples, and the laws of a distance.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, suggest } from './suggest.ts';

const known = ['port', 'host', 'database.poolSize', 'database.url', 'log.level'];

test.each([
  ['prot', 'port'],
  ['PORT', 'port'],
  ['databse.poolsize', 'database.poolSize'],
  ['loglevel', 'log.level'],
  ['colour', undefined],
  ['zzzzzzzzzz', undefined],
])('%s suggests %s', (word, expected) => {
  expect(suggest(word, known)).toBe(expected);
});

test('nothing known, nothing suggested', () => {
  expect(suggest('port', [])).toBeUndefined();
});

test('the distance is zero only for equal words, the same both ways, and at most the longer word', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      const distance = editDistance(a, b);

      expect(distance === 0).toBe(a === b);
      expect(editDistance(b, a)).toBe(distance);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }),
  );
});

test('two letters that changed places count once', () => {
  expect(editDistance('ab', 'ba')).toBe(1);
});
