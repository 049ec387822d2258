/**
 * Goal: the replay ranks people by the past alone, never the author, and learns who reviews what.
 * Method: a made-up history in which two people review two folders.
 */
import { expect, test } from 'vitest';
import { backtestReviewers, type ReviewRecord } from './reviewers.ts';

function history(count: number): ReviewRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    i,
    t: 1_600_000_000 + i * 40_000,
    u: `u${i % 5}`,
    bot: 0 as const,
    s: 'Change it',
    f: [[i % 2 === 0 ? 'pay/card.ts' : 'shop/cart.ts', 3, 1, 's']] as ReviewRecord['f'],
    nf: 1,
    x: [1, 3, 0, 0, 0, 1, 50] as ReviewRecord['x'],
    rv: [i % 2 === 0 ? 'ada' : 'grace'],
  }));
}

test('the window is ranked, best first, and the reviewer of the folder leads', () => {
  const answers = backtestReviewers(history(200));

  expect(answers.map(({ i }) => i)).toEqual(Array.from({ length: 60 }, (_, k) => 140 + k));
  for (const { i, rank } of answers) {
    expect(rank[0]).toBe(i % 2 === 0 ? 'ada' : 'grace');
    expect(rank).not.toContain(`u${i % 5}`);
    expect(rank.length).toBeLessThanOrEqual(10);
  }
});

test('who reviews a change or a later one never moves its rank', () => {
  const records = history(200);
  const changed = records.map((record) => (record.i >= 170 ? { ...record, rv: ['zoe'] } : record));

  const before = backtestReviewers(records).filter(({ i }) => i <= 170);

  expect(backtestReviewers(changed).filter(({ i }) => i <= 170)).toEqual(before);
});

test('a history that names no reviewers gets no ranks', () => {
  const anonymous = history(50).map(({ rv: _rv, ...record }) => record);

  expect(backtestReviewers(anonymous)).toEqual([]);
});
