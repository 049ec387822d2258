/**
 * Goal: an edit of JSON text changes the value as asked and nothing else, however it is laid out.
 * Method: properties over random documents and layouts, against plain edits of the parsed value.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { appendItem, readJson, removeAt, setMember } from './json-text.ts';

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

const COMMENTED = [
  '{\n  // mine\n  "a": 1, // one\n  "b": [ /* none */ ]\n}\n',
  '{\n  "a": [1, 2,], // trailing\n}\n',
  '{ "a": 1 /* x */ }',
  '{\r\n\t"a": [ // first\r\n\t\t1\r\n\t]\r\n}',
  '{ // only words\n}',
  '{ "a": "// no comment", "b": 2 }',
  '{\n  "a": 1\n  // the end\n}',
];

test.each(COMMENTED)(
  'comments and commas at the end survive an edit and its undoing: %j',
  (before) => {
    const comments = before.match(/\/\/ (?!no)[a-z ]+|\/\*.*?\*\//g) ?? [];
    const plain = valueOf(before) as object;

    const member = setMember(before, ['ours'], { x: [1] });
    const item = appendItem(before, ['list'], 'ours');

    for (const comment of comments) expect(member).toContain(comment);
    expect(valueOf(member)).toEqual({ ...plain, ours: { x: [1] } });
    expect(valueOf(item)).toEqual({ ...plain, list: ['ours'] });
    const undone = removeAt(member, ['ours']);
    expect(undone.replaceAll(/\s+/g, '')).toBe(before.replaceAll(/\s+/g, ''));
    if (Object.keys(plain).length > 0) expect(undone).toBe(before);
  },
);

test('a neighbour of what leaves never slips into a comment', () => {
  const left = removeAt('{ "l": [ // why\n  1, 2] }', ['l', 0]);

  expect(valueOf(left)).toEqual({ l: [2] });
  expect(left).toContain('// why');
});

test('text that is no JSON is said to be none, with the line', () => {
  expect(readJson('{\n  "a": \n')).toEqual({ problem: expect.stringContaining('line') });
});

function valueOf(text: string): unknown {
  const read = readJson(text);
  if ('problem' in read) throw new Error(`${read.problem}: ${text}`);
  return read.value;
}

/** -0 and the like become what JSON can hold. */
function fromJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
