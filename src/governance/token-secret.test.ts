/**
 * Goal: a secret is recognised by its shape, and a typo never reaches the database.
 * Method: fresh secrets, with one character changed anywhere.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashSecret, isTokenSecret, newTokenSecret } from './token-secret.ts';

test('a new secret has the documented shape and shows only its beginning', () => {
  const { secret, hint } = newTokenSecret('agent');

  expect(secret).toMatch(/^loom_agent_[a-z2-7]{26}_[0-9a-f]{8}$/);
  expect(hint).toBe(secret.slice(0, 15));
  expect(isTokenSecret(secret)).toBe(true);
  expect(hashSecret(secret)).toHaveLength(32);
});

test('any one changed character is noticed', () => {
  const { secret } = newTokenSecret('api');

  fc.assert(
    fc.property(fc.nat(secret.length - 1), fc.stringMatching(/^[a-z0-9_]$/), (at, character) => {
      fc.pre(secret[at] !== character);
      expect(isTokenSecret(secret.slice(0, at) + character + secret.slice(at + 1))).toBe(false);
    }),
  );
});

test('two secrets are never the same', () => {
  const secrets = new Set(Array.from({ length: 200 }, () => newTokenSecret('api').secret));

  expect(secrets.size).toBe(200);
});
