/**
 * Goal: an edit of JSON text changes the value as asked and nothing else, however it is laid out.
 * Method: properties over random documents and layouts, against plain edits of the parsed value.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { appendItem, removeAt, setMember } from './json-text.ts';

const word = fc.constantFrom('a', 'b', 'ü"', '{', '\\', 'long name');
const document = fc.dictionary(word, fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true });
const text = fc
  .tuple(document, fc.constantFrom(0, 1, 2, 4, '\t'))
  .map(([value, indent]) => JSON.stringify(value, null, indent));

test('a member is set, whatever stood there before', () => {
  fc.assert(
    fc.property(text, word, fc.jsonValue(), (before, key, value) => {
      const after = JSON.parse(setMember(before, [key], value)) as unknown;

      expect(after).toEqual({ ...(JSON.parse(before) as object), [key]: fromJson(value) });
    }),
  );
});

test('a member that was added and taken out again leaves every byte as it was', () => {
  fc.assert(
    fc.property(text, fc.jsonValue(), (before, value) => {
      fc.pre(before !== '{}');

      const after = removeAt(setMember(before, ['not there'], value), ['not there']);

      expect(after).toBe(before);
    }),
  );
});

test('an item is added last and can be taken out without a trace', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue({ maxDepth: 2 }), { minLength: 1 }),
      fc.jsonValue(),
      fc.constantFrom(0, 2, '\t'),
      (items, item, indent) => {
        const before = JSON.stringify({ list: items }, null, indent);

        const after = appendItem(before, ['list'], item);

        expect(JSON.parse(after)).toEqual({ list: [...items, item].map(fromJson) });
        expect(removeAt(after, ['list', items.length])).toBe(before);
      },
    ),
  );
});

test('taking out a path that is not there changes nothing', () => {
  expect(removeAt('{ "a": [1, 2] }', ['a', 5])).toBe('{ "a": [1, 2] }');
  expect(removeAt('{ "a": [1, 2] }', ['b', 0])).toBe('{ "a": [1, 2] }');
});

test('the first of several leaves with its own comma', () => {
  expect(removeAt('{\n  "a": 1,\n  "b": 2\n}', ['a'])).toBe('{\n  "b": 2\n}');
});

/** -0 and the like become what JSON can hold. */
function fromJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
