/**
 * Goal: every path has one text and every text leads back to its path.
 * Method: properties over any bytes git allows in a path, and a comparison with git's own quoting.
 */
import { assert, property, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { decodePath, encodePath, readGitPath } from './path.ts';

const anyPath = uint8Array({ min: 1, max: 255, minLength: 1, maxLength: 40 });

test('bytes survive the way to text and back', () => {
  assert(
    property(anyPath, (bytes) => {
      expect(encodePath(decodePath(Buffer.from(bytes))).equals(Buffer.from(bytes))).toBe(true);
    }),
  );
});

test('two paths never share a text', () => {
  assert(
    property(anyPath, anyPath, (a, b) => {
      const same = Buffer.from(a).equals(Buffer.from(b));
      expect(decodePath(Buffer.from(a)) === decodePath(Buffer.from(b))).toBe(same);
    }),
  );
});

test('ordinary paths are themselves, blanks and letters of any language included', () => {
  for (const path of ['a', 'src/a b.ts', 'dökument/文.md', "it's"]) {
    expect(decodePath(Buffer.from(path))).toBe(path);
  }
});

test('what git quotes in a patch is the same path', () => {
  expect(readGitPath('"caf\\303\\251\\t.txt"')).toBe('café\t.txt');
  expect(readGitPath('"caf\\351.txt"')).toBe('"caf\\351.txt"');
  expect(readGitPath('plain "inner" quotes')).toBe('plain "inner" quotes');
});
