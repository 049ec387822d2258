/**
 * Goal: a path has one spelling, and two claims touch exactly when one could change what the other
 * names.
 * Method: examples, and properties over small paths.
 */
import { array, assert, boolean, constant, constantFrom, oneof, property, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { covers, holdersOf, normalisePath, outermost, overlaps, rangeBelow } from './path.ts';

const name = constantFrom('a', 'b', 'src', 'a0', 'A', 'a-b', 'ä');
const path = tuple(array(name, { minLength: 1, maxLength: 4 }), boolean()).map(
  ([parts, isFolder]) => parts.join('/') + (isFolder ? '/' : ''),
);

test.each([
  ['src/./pay//refund.ts', 'src/pay/refund.ts'],
  ['./src/', 'src/'],
  ['Src/Pay.ts', 'Src/Pay.ts'],
  ['.', '/'],
  ['./', '/'],
])('%s is spelled %s', (given, expected) => {
  expect(normalisePath(given)).toBe(expected);
});

test.each(['', '/etc/passwd', '../x', 'src/../../x', 'C:\\x', 'a\0b', 'x'.repeat(1_001)])(
  'the path %j is refused',
  (given) => {
    expect(() => normalisePath(given)).toThrow(
      expect.objectContaining({ code: 'claims.bad_path', kind: 'invalid' }),
    );
  },
);

test('a folder stands for the files in it', () => {
  expect(outermost(['src/b.ts', 'src/', 'docs/x.md', 'src/'])).toEqual(['docs/x.md', 'src/']);
});

test('touching is mutual, and whatever covers a path touches it', () => {
  assert(
    property(path, path, (a, b) => {
      expect(overlaps(a, b)).toBe(overlaps(b, a));
      if (covers(a, b)) expect(overlaps(a, b)).toBe(true);
    }),
  );
});

test('two paths touch exactly when one is among the holders of the other or in the range below it', () => {
  const isBelow = (a: string, b: string) => {
    const { low, high } = rangeBelow(b);
    return (
      Buffer.compare(Buffer.from(a), Buffer.from(low)) >= 0 &&
      Buffer.compare(Buffer.from(a), Buffer.from(high)) < 0
    );
  };

  assert(
    property(oneof(path, constant('/')), path, (wanted, held) => {
      const isFound = holdersOf(wanted).includes(held) || isBelow(held, wanted);

      expect(isFound).toBe(overlaps(wanted, held));
    }),
  );
});

test('the whole repository touches everything, and is among the holders of every path', () => {
  assert(
    property(path, (any) => {
      expect(overlaps('/', any)).toBe(true);
      expect(holdersOf(any)).toContain('/');
    }),
  );
});
