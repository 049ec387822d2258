/**
 * Goal: equal values are equal bytes, and what crosses the boundary is checked or refused by name.
 * Method: properties over JSON values.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { canonicalJson, checkValue, parseJson } from './json.ts';

/** The same value with the keys of every object in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, entry]) => [key, reordered(entry)] as const);
  return Object.fromEntries(entries.reverse());
}

test('the canonical text does not depend on the order of keys, and says the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);

      expect(canonicalJson(reordered(value))).toBe(text);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
      expect(JSON.stringify(JSON.parse(text))).toHaveLength(JSON.stringify(value).length);
    }),
  );
});

test('keys are sorted by code unit, absent values left out, times written as text', () => {
  const value = { b: 1, a: { y: undefined, x: [undefined, 2] }, Z: new Date(0), é: null };

  expect(canonicalJson(value)).toBe(
    '{"Z":"1970-01-01T00:00:00.000Z","a":{"x":[null,2]},"b":1,"é":null}',
  );
});

const Order = z.object({ items: z.array(z.object({ count: z.int() })) });

test('a body that is not JSON, or not of the shape, is refused under the given code', () => {
  const refusal = { kind: 'invalid', code: 'order.unreadable' };

  expect(() => parseJson(Order, '{', 'order.unreadable')).toThrow(expect.objectContaining(refusal));
  expect(() => checkValue(Order, { items: [{ count: 'x' }] }, 'order.unreadable')).toThrow(
    expect.objectContaining({ ...refusal, message: expect.stringContaining('items.0.count: ') }),
  );
});

test('bytes are read as UTF-8', () => {
  const body = Buffer.from('{"items":[]}');

  expect(parseJson(Order, body, 'order.unreadable')).toEqual({ items: [] });
});
