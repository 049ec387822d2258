/**
 * Goal: an id says what it names, is unique, and carries its time.
 * Method: a clock that stands still, and properties over times.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { testClock } from '#testing';
import { createNewId, ID_PREFIXES, type IdPrefix, idSchema, isId } from './ids.ts';

const prefixes = Object.keys(ID_PREFIXES) as IdPrefix[];

test('ids made in one millisecond are all different', () => {
  const newId = createNewId(testClock());

  const ids = new Set(Array.from({ length: 10_000 }, () => newId('evt')));

  expect(ids.size).toBe(10_000);
});

test('an id is a UUIDv7 of its moment behind its prefix', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
      fc.constantFrom(...prefixes),
      (now, prefix) => {
        const [given, hex = ''] = createNewId({ now: () => now })(prefix).split('_');

        expect(given).toBe(prefix);
        expect(Number.parseInt(hex.slice(0, 12), 16)).toBe(now.getTime());
        expect(hex[12]).toBe('7');
        expect('89ab').toContain(hex[16]);
      },
    ),
  );
});

test('an id of one kind is never taken for another', () => {
  const newId = createNewId(testClock());

  for (const made of prefixes) {
    const accepting = prefixes.filter((prefix) => isId(prefix, newId(made)));
    const parsing = prefixes.filter((prefix) => idSchema(prefix).safeParse(newId(made)).success);
    expect([accepting, parsing]).toEqual([[made], [made]]);
  }
});

test.each(['', 'evt_', 'evt_1', 'evt_019ABC00000070008000000000000000', `evt_${'0'.repeat(33)}`])(
  '"%s" is no id, and the refusal names the kind',
  (text) => {
    const result = idSchema('evt').safeParse(text);

    expect(isId('evt', text)).toBe(false);
    expect(result.error?.issues[0]?.message).toBe(
      'must be the id of an event: "evt_" and 32 hexadecimal digits',
    );
  },
);
