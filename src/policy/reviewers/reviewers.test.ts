/**
 * Goal: people are suggested by what they reviewed and wrote here, hard filters always win, and weights
 * follow who really reviews.
 * Method: a small made-up repository with two areas, each with its reviewer.
 */
import { expect, test } from 'vitest';
import {
  createReviewHistory,
  defaultReviewWeights,
  learnReviewWeights,
  rankReviewers,
  type ReviewExample,
} from './index.ts';

const DAY = 86_400;

const change = (day: number, author: string, path: string) => ({
  landedAt: day * DAY,
  author,
  subject: 'Change it',
  paths: [path],
});

/** Ada reviews payments, Grace the shop; Alan and Edsger write both. */
function taught() {
  const history = createReviewHistory();
  const examples: ReviewExample[] = [];
  for (let day = 0; day < 120; day += 1) {
    const isPayment = day % 2 === 0;
    const landed = change(
      day,
      day % 3 === 0 ? 'alan' : 'edsger',
      isPayment ? 'pay/card.ts' : 'shop/cart.ts',
    );
    const reviewers = [isPayment ? 'ada' : 'grace'];
    if (day > 20) examples.push({ candidates: history.candidates(landed), reviewers });
    history.land({ ...landed, reviewers });
  }
  return { history, weights: learnReviewWeights(examples) };
}

test('the reviewer of the area comes first, also for somebody new', () => {
  const { history, weights } = taught();
  const first = (path: string, author: string) => {
    const candidates = history.candidates(change(121, author, path));
    return rankReviewers(candidates, { weights, now: 121 * DAY })[0]?.person;
  };

  expect(first('pay/card.ts', 'alan')).toBe('ada');
  expect(first('shop/cart.ts', 'edsger')).toBe('grace');
  expect(first('pay/refund.ts', 'barbara')).toBe('ada');
});

test('neither the author nor anybody excluded is ever suggested', () => {
  const { history, weights } = taught();
  const candidates = history.candidates(change(121, 'ada', 'pay/card.ts'));

  const ranked = rankReviewers(candidates, {
    weights,
    now: 121 * DAY,
    excluded: new Set(['edsger']),
  });

  expect(ranked.map(({ person }) => person)).not.toContain('ada');
  expect(ranked.map(({ person }) => person)).not.toContain('edsger');
  expect(ranked.length).toBeGreaterThan(0);
});

test('whoever has been away for a quarter of a year is not asked', () => {
  const { history, weights } = taught();

  const candidates = history.candidates(change(250, 'barbara', 'pay/card.ts'));

  expect(rankReviewers(candidates, { weights, now: 250 * DAY })).toEqual([]);
});

test('load moves the busy one down, and never changes who may be asked', () => {
  const { history } = taught();
  const weights = defaultReviewWeights();
  const candidates = history.candidates(change(121, 'alan', 'pay/card.ts'));
  const load = new Map([['ada', 1_000]]);

  const fresh = rankReviewers(candidates, { weights, now: 121 * DAY });
  const busy = rankReviewers(candidates, { weights, now: 121 * DAY, load, loadWeight: 1_000 });

  expect(fresh[0]?.person).toBe('ada');
  expect(busy[0]?.person).not.toBe('ada');
  expect(busy.map(({ person }) => person).toSorted()).toEqual(
    fresh.map(({ person }) => person).toSorted(),
  );
});
