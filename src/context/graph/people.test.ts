/**
 * Goal: identities become people by evidence, and what a person says outweighs it.
 * Method: examples, and evidence in any order.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinIdentities, type SameAs } from './people.ts';

const same = (a: string, b: string, confidence = 0.8, isHuman = false): SameAs => ({
  a,
  b,
  confidence,
  isHuman,
});

describe('joining identities', () => {
  test('an address people write from stands for a private one and an account', () => {
    const joined = joinIdentities(
      [
        same('email:1+ada@users.noreply.github.com', 'github:ada', 0.99),
        same('email:1+ada@users.noreply.github.com', 'email:ada@example.org', 0.7),
      ],
      [],
    );

    expect(new Set(joined.values())).toEqual(new Set(['email:ada@example.org']));
    expect(joined.size).toBe(3);
  });

  test('two whom a person told apart never meet, not even through a third', () => {
    const joined = joinIdentities(
      [same('email:a@x', 'email:b@x', 0.9), same('email:b@x', 'email:c@x', 0.8)],
      [{ a: 'email:a@x', b: 'email:c@x' }],
    );

    expect(joined.get('email:a@x')).toBe(joined.get('email:b@x'));
    expect(joined.get('email:c@x')).toBe('email:c@x');
  });

  test('the word of a person is heard before stronger evidence', () => {
    const joined = joinIdentities(
      [same('email:a@x', 'email:b@x', 1), same('email:b@x', 'email:c@x', 0.1, true)],
      [{ a: 'email:a@x', b: 'email:c@x' }],
    );

    expect(joined.get('email:b@x')).toBe(joined.get('email:c@x'));
    expect(joined.get('email:a@x')).toBe('email:a@x');
  });
});

const key = fc.constantFrom('email:a@x', 'email:b@x', 'email:c@x', 'email:d@x', 'github:e');
const pair = fc.tuple(key, key).filter(([a, b]) => a !== b);

test('the outcome depends on the evidence, not on its order', () => {
  const evidence = fc.array(
    fc.tuple(pair, fc.constantFrom(0.7, 0.8, 1)).map(([[a, b], sure]) => same(a, b, sure)),
  );
  fc.assert(
    fc.property(evidence, fc.array(pair.map(([a, b]) => ({ a, b }))), (list, apart) => {
      const joined = joinIdentities(list, apart);

      expect(joinIdentities(list.toReversed(), apart.toReversed())).toEqual(joined);
      for (const { a, b } of apart) {
        if (joined.has(a) && joined.has(b)) expect(joined.get(a)).not.toBe(joined.get(b));
      }
    }),
  );
});
