/** Goal: what is sealed opens only whole, in its place and with its key. Method: generated texts. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSecretBox } from './secret-box.ts';

const OLD = 'a'.repeat(32);
const NEW = 'b'.repeat(32);

test('any text opens again for its owner, and for no other owner, key or edit', () => {
  const box = createSecretBox([OLD]);
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat(), (text, owner, place) => {
      const sealed = box.seal(text, owner);
      expect(box.open(sealed, owner)).toBe(text);
      expect(() => box.open(sealed, `${owner}x`)).toThrow(/changed since/);
      expect(() => createSecretBox([NEW]).open(sealed, owner)).toThrow(/does not have/);
      const bytes = Buffer.from(sealed.split('.')[2]!, 'base64url');
      bytes[place % bytes.length]! ^= 1;
      const edited = [...sealed.split('.').slice(0, 2), bytes.toString('base64url')].join('.');
      expect(() => box.open(edited, owner)).toThrow(/changed since/);
    }),
    { numRuns: 50 },
  );
});

test('the key before still opens, and what it sealed is outdated, as plain text is', () => {
  const sealed = createSecretBox([OLD]).seal('whsec_1', 'sub_1');
  const box = createSecretBox([NEW, OLD]);

  expect(box.open(sealed, 'sub_1')).toBe('whsec_1');
  expect([sealed, 'whsec_1', box.seal('x', 'y')].map(box.isOutdated)).toEqual([true, true, false]);
  expect(box.open('whsec_1', 'sub_1')).toBe('whsec_1');
  expect(() => createSecretBox(['short'])).toThrow(/32 characters/);
});
