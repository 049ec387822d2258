/**
 * Goal: a deployment ends up the same in whatever order, and however often, its words arrive.
 * Method: examples, and shuffled lists of words.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DeploymentState, foldDeployment, newsOf } from './deployment.ts';

type Status = DeploymentState['status'];
const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));

function fold(words: readonly (readonly [Status, number])[]): DeploymentState {
  let known: DeploymentState | undefined;
  for (const [status, minute] of words) {
    known = foldDeployment(known, { status, at: at(minute), said: true });
  }
  return known!;
}

test('a start that is heard of after the end is when it began', () => {
  expect(
    fold([
      ['succeeded', 9],
      ['started', 2],
    ]),
  ).toEqual({ status: 'succeeded', startedAt: at(2), finishedAt: at(9) });
});

test('what is tried again and then succeeds has succeeded; what is rolled back stays so', () => {
  const retried = [
    ['failed', 3],
    ['succeeded', 5],
  ] as const;

  expect(fold(retried)).toMatchObject({ status: 'succeeded', finishedAt: at(5) });
  expect(fold([...retried, ['rolled-back', 4]])).toMatchObject({ status: 'rolled-back' });
});

test('a word without a moment that was said already adds nothing', () => {
  const known = fold([['succeeded', 5]]);

  const again = foldDeployment(known, { status: 'succeeded', at: at(9), said: false });

  expect(newsOf(known, again)).toBe('nothing');
});

test('any order and any repetition end in the same', () => {
  const word = fc.tuple(
    fc.constantFrom<Status[]>('started', 'succeeded', 'failed', 'rolled-back'),
    fc.integer({ min: 0, max: 6 }),
  );
  const told = fc.array(word, { minLength: 1, maxLength: 8 }).chain((words) =>
    fc.tuple(
      fc.constant(words),
      fc
        .shuffledSubarray([...words, ...words], { minLength: words.length })
        .map((some) => [...some, ...words])
        .chain((all) => fc.shuffledSubarray(all, { minLength: all.length })),
    ),
  );

  fc.assert(
    fc.property(told, ([words, storm]) => {
      expect(fold(storm)).toEqual(fold(words));
    }),
  );
});
