/**
 * Goal: churn follows lines as its definition says.
 * Method: small hand-made histories, and a property against a line-by-line model.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CommitWithHunks } from '#git';
import { CHURN_DAYS, tallyChurn } from './churn.ts';

const DAY_MS = 86_400_000;
const start = Date.UTC(2026, 0, 1);
const until = new Date(start + 90 * DAY_MS);

function change(
  sha: string,
  day: number,
  hunks: [number, number, number, number][],
  path = 'a.ts',
): CommitWithHunks {
  return {
    sha,
    committedAt: new Date(start + day * DAY_MS),
    renames: [],
    hunks: hunks.map(([oldStart, oldCount, newStart, newCount]) => ({
      path,
      oldStart,
      oldCount,
      newStart,
      newCount,
    })),
  };
}

test('lines replaced within fourteen days churned, later ones did not', async () => {
  const history = [
    change('one', 0, [[0, 0, 1, 10]]),
    change('two', 5, [[1, 4, 1, 2]]),
    change('three', 30, [[3, 6, 3, 1]]),
  ];

  const tally = await tallyChurn(history, until);

  expect(tally).toEqual({ bornLines: 13, churnedLines: 4, bySha: [{ sha: 'one', churned: 4 }] });
});

test('lines too young to be judged are neither born nor churned', async () => {
  const history = [change('one', 85, [[0, 0, 1, 10]]), change('two', 86, [[1, 10, 1, 1]])];

  expect(await tallyChurn(history, until)).toEqual({ bornLines: 0, churnedLines: 0, bySha: [] });
});

test('a rename keeps the birth of its lines', async () => {
  const renamed: CommitWithHunks = {
    ...change('two', 3, [[1, 1, 1, 1]], 'b.ts'),
    renames: [{ from: 'a.ts', to: 'b.ts' }],
  };

  const tally = await tallyChurn([change('one', 0, [[0, 0, 1, 3]]), renamed], until);

  expect(tally.churnedLines).toBe(1);
});

test('several hunks of one change agree with a model that edits text line by line', async () => {
  const edit = fc.record({
    day: fc.integer({ min: 0, max: 10 }),
    cuts: fc.array(fc.record({ at: fc.nat(30), remove: fc.nat(4), add: fc.nat(4) }), {
      minLength: 1,
      maxLength: 3,
    }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 8 }), async (edits) => {
      let text: { day: number }[] = [];
      let day = 0;
      let born = 0;
      let churned = 0;
      const history = edits.map((step, index): CommitWithHunks => {
        day += step.day;
        const next: { day: number }[] = [];
        const hunks: [number, number, number, number][] = [];
        let read = 0;
        for (const cut of [...step.cuts].sort((a, b) => a.at - b.at)) {
          const at = Math.min(Math.max(cut.at, read), text.length);
          next.push(...text.slice(read, at));
          const removed = text.slice(at, at + cut.remove);
          churned += removed.filter((line) => day - line.day <= CHURN_DAYS).length;
          if (removed.length > 0 || cut.add > 0) {
            hunks.push([
              removed.length === 0 ? at : at + 1,
              removed.length,
              next.length + 1,
              cut.add,
            ]);
          }
          for (let line = 0; line < cut.add; line += 1) next.push({ day });
          born += cut.add;
          read = at + removed.length;
        }
        text = [...next, ...text.slice(read)];
        return change(`c${index}`, day, hunks);
      });

      const tally = await tallyChurn(history, new Date(start + 400 * DAY_MS));

      expect([tally.bornLines, tally.churnedLines]).toEqual([born, churned]);
    }),
  );
});
