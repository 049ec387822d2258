/**
 * Goal: the detectors find what they claim, at a cost of candidates, and never look into the future.
 * Method: properties over generated claims, ranges and pairs, each beside the plain way to compute it.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { answerOverlaps } from './backtest.ts';
import { ClaimIndex } from './claim-index.ts';
import { compareLines, distanceOf, type LineRange, needsMerge, shiftLine } from './line-ranges.ts';
import { fitTrees } from './fit-trees.ts';
import { MainLine } from './main-line.ts';
import { expectedShared, filesOfPrefix } from './predict-files.ts';
import { findSame } from './same-work.ts';
import { readTree, scoreOfTrees, type Tree, writeTree } from './trees.ts';

const Path = fc.constantFrom('a', 'a/', 'a/b', 'a/b/', 'a/b/c.ts', 'a/d.ts', 'e.ts', 'e/f.ts', '/');

test('the claim index finds the very claims that comparing all pairs would find', () => {
  const covers = (holder: string, path: string) =>
    holder === path || holder === '/' || (holder.endsWith('/') && path.startsWith(holder));
  fc.assert(
    fc.property(
      fc.array(fc.array(Path, { minLength: 1, maxLength: 4 }), { maxLength: 12 }),
      fc.array(Path, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(11), { maxLength: 4 }),
      (claims, asked, gone) => {
        const index = new ClaimIndex();
        const open = new Map(claims.map((paths, at) => [`c${at}`, paths]));
        for (const [key, paths] of open) index.set(key, paths);
        for (const at of gone) {
          index.delete(`c${at}`);
          open.delete(`c${at}`);
        }

        const found = [...index.candidates(asked).keys()].sort();

        const expected = [...open]
          .filter(([, paths]) =>
            paths.some((one) => asked.some((two) => covers(one, two) || covers(two, one))),
          )
          .map(([key]) => key)
          .sort();
        expect(found).toEqual(expected);
        expect(index.size).toBe(open.size);
      },
    ),
  );
});

const Range = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(5));

test('ranges are near exactly when some pair of them overlaps or touches', () => {
  fc.assert(
    fc.property(
      fc.array(Range, { minLength: 1, maxLength: 8 }),
      fc.array(Range, { minLength: 1, maxLength: 8 }),
      (a: LineRange[], b: LineRange[]) => {
        const evidence = compareLines(['f'], { f: { a, b } });

        const least = Math.min(...a.flatMap((one) => b.map((other) => distanceOf(one, other))));
        expect(needsMerge(evidence)).toBe(least < 2);
        if (least < 2) expect(evidence.nearest).toBe(least);
        expect(distanceOf(a[0]!, b[0]!)).toBe(distanceOf(b[0]!, a[0]!));
      },
    ),
  );
});

test('a file both touch without comparable ranges is left to a real merge', () => {
  expect(needsMerge(compareLines(['lock'], {}))).toBe(true);
  expect(needsMerge(compareLines([], {}))).toBe(false);
});

test('a line moves by what was added and removed above it, and by nothing below', () => {
  const places = [
    [3, 0, 4, 2],
    [10, 4, 13, 1],
  ] as const;

  expect([2, 4, 9, 20].map((line) => shiftLine(line, places))).toEqual([2, 6, 11, 19]);
});

test('what usually changes together is foreseen, and only from changes that may be seen', () => {
  const line = new MainLine();
  for (let at = 0; at < 20; at += 1)
    line.add({ at: at * 86_400, title: 'Pay', body: '', files: ['pay.ts', 'pay.test.ts'] });
  for (let at = 20; at < 40; at += 1)
    line.add({ at: at * 86_400, title: 'Ship', body: '', files: ['pay.ts', 'ship.ts'] });

  const early = filesOfPrefix(line, ['pay.ts'], 20, 20 * 86_400);
  const late = filesOfPrefix(line, ['pay.ts'], 40, 40 * 86_400);

  expect(early.get('pay.test.ts')).toBeGreaterThan(0.5);
  expect(early.has('ship.ts')).toBe(false);
  expect(late.get('ship.ts')).toBeGreaterThan(0.3);
  expect(expectedShared(early, new Map([['pay.test.ts', 1]]))).toBeGreaterThan(0.5);
});

const SHA = '0'.repeat(40);
const Words = fc
  .array(fc.constantFrom('refund', 'cart', 'login', 'parseHeader', 'cache', 'flaky'), {
    minLength: 1,
    maxLength: 5,
  })
  .map((words) => words.join(' '));
const Side = fc.record({ title: Words, body: Words, opened: fc.nat(1_000) });

test('an answer is the same in any order of rows and without rows that came later', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(Side, Side), { minLength: 2, maxLength: 8 }),
      fc.constantFrom('intent', 'dup', 'prefix', 'full'),
      async (pairs, task) => {
        // Numbers rise with time, as a host gives them.
        const times = [...new Set(pairs.flat())].sort((x, y) => x.opened - y.opened);
        const rows = pairs.map(([a, b]) => {
          const side = (one: typeof a) => ({
            ...one,
            id: `o/r#${times.indexOf(one) + 1}`,
            base: SHA,
            head: SHA,
            files: task === 'full' ? { 'f.ts': [[one.opened + 1, 1, 1, 1]] } : ['f.ts'],
            filesSoFar: ['f.ts'],
          });
          return { repo: 'o/r', a: side(a), b: side(b) };
        });
        const [first, ...rest] = rows;
        const last = Math.max(first!.a.opened, first!.b.opened);
        const earlier = rest.filter(({ a, b }) => a.opened < last && b.opened < last);
        const answer = async (lines: unknown[]) =>
          answerOverlaps(task, lines.map((line) => JSON.stringify(line)).join('\n'));

        const all = await answer(rows);
        const turned = await answer(rows.toReversed());
        const past = await answer([first, ...earlier]);

        expect(turned.toReversed()).toEqual(all);
        if (task !== 'dup') expect(past[0]).toEqual(all[0]);
        expect(all.every(({ score }) => score >= 0 && score <= 1)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test('a line that is no pair is named', async () => {
  await expect(answerOverlaps('intent', '\n{"repo":"o/r"}\n')).rejects.toMatchObject({
    code: 'overlap.bad_input',
    message: expect.stringContaining('Line 2'),
  });
});

const Leaf = fc
  .integer({ min: -9_999, max: 9_999 })
  .map((tenths): Tree => ({ adds: tenths / 1e4 }));
const { tree: AnyTree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    Leaf,
    fc.record({
      feature: fc.constantFrom('title', 'text'),
      limit: fc.integer({ min: 0, max: 99 }).map((hundredths) => hundredths / 100),
      below: tie('tree'),
      above: tie('tree'),
    }),
  ),
}));

test('a tree is read as it was written', () => {
  fc.assert(
    fc.property(AnyTree, (tree) => {
      expect(readTree(writeTree(tree))).toEqual(tree);
    }),
  );
  expect(() => readTree('title<0.5 0.1')).toThrow('ends too early');
});

test('trees learn that two things speak for it together and neither alone', () => {
  const examples = Array.from({ length: 800 }, (_, at) => {
    const [words, files] = [at % 2, (at >> 1) % 2];
    return { features: { words, files }, isPositive: words !== files, weight: 1 };
  });

  const model = fitTrees(examples, ['words', 'files']);

  const score = (words: number, files: number) => scoreOfTrees(model, { words, files });
  expect([score(0, 1), score(1, 0)].every((likelihood) => likelihood > 0.9)).toBe(true);
  expect([score(0, 0), score(1, 1)].every((likelihood) => likelihood < 0.1)).toBe(true);
  expect(fitTrees(examples, ['words', 'files'])).toEqual(model);
});

const WORK = [
  ['Refuse orders without items', 'An empty cart could be ordered.'],
  ['Sign the session cookie', 'It could be forged.'],
  ['Bump the parser to 4.1', 'Reads numbers faster.'],
  ['Bump the parser to 4.2', 'Reads dates faster.'],
].map(([title = '', text = '']) => ({ title, text, keys: [] as string[] }));
const filler = Array.from({ length: 200 }, (_, at) => ({
  title: `Tell module ${at} apart from the others of area ${at % 7}`,
  text: '',
  keys: [],
}));

test.each([
  ['the same title, retold in the body', 'Empty carts', 'Refuse orders without items', 0],
  ['the same words', 'Sign the session cookie', 'It could be forged.', 1],
])('work asked for again is found among many: %s', (_what, title, text, expected) => {
  const found = findSame({ title, text, keys: [] }, [...filler, ...WORK], 5);

  expect(found.map(({ candidate }) => candidate)).toContain(WORK[expected]);
});

test('a bump to another version, and a text of common words, are other work', () => {
  const ask = (title: string) => findSame({ title, text: '', keys: [] }, [...filler, ...WORK], 5);

  expect(ask('Bump the parser to 4.3')).toEqual([]);
  expect(ask('Fix the build and update tests')).toEqual([]);
});
