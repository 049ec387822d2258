/**
 * Goal: patterns cover what a reader expects, and none can be made to take long.
 * Method: examples, and hostile patterns that would exhaust a regular expression.
 */
import { expect, test } from 'vitest';
import { createPathMatcher, globProblem } from './glob.ts';

test.each([
  ['src/**', 'src/a/b.ts', true],
  ['src/**', 'src', true],
  ['src/**', 'lib/src/a.ts', false],
  ['src/*', 'src/a.ts', true],
  ['src/*', 'src/a/b.ts', false],
  ['src', 'src/a/b.ts', true],
  ['src/', 'src/a/b.ts', true],
  ['/src/a.ts', 'src/a.ts', true],
  ['**/card/**', 'services/x/card/y.ts', true],
  ['**/card/**', 'card/y.ts', true],
  ['**/card/**', 'services/discard/y.ts', false],
  ['**/*.sql', 'a.sql', true],
  ['**/*.sql', 'db/m/1.sql', true],
  ['*.sql', 'db/1.sql', false],
  ['a/**/z', 'a/z', true],
  ['a/**/z', 'a/b/c/z', true],
  ['a?c.ts', 'abc.ts', true],
  ['a?c.ts', 'a/c.ts', false],
  ['app/[id]/page.tsx', 'app/[id]/page.tsx', true],
  ['app/[id]/page.tsx', 'app/i/page.tsx', false],
  ['src/*.{ts,tsx}', 'src/a.tsx', true],
  ['src/*.{ts,tsx}', 'src/a.js', false],
  ['.loom/**', '.loom/policy.yaml', true],
  ['**', 'anything/at/all', true],
])('%s on %s: %s', (pattern, path, expected) => {
  expect(createPathMatcher([pattern])(path)).toBe(expected);
});

test.each(['', '!src', 'a\\b', '../etc', 'a/./b', 'a/{b', 'a}', '{a,{b,c}}', '{a,b}'.repeat(7)])(
  'the pattern %s is a problem',
  (pattern) => {
    expect(globProblem(pattern)).toBeTypeOf('string');
  },
);

test('stars upon stars do not take exponential time', () => {
  const deep = createPathMatcher([`${'**/a/'.repeat(60)}z`]);
  const wide = createPathMatcher([`${'*a'.repeat(200)}z`]);

  expect(deep('a/'.repeat(400))).toBe(false);
  expect(wide('a'.repeat(4_000))).toBe(false);
});
