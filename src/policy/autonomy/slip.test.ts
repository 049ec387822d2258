import { assert, double, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { binomialTail, isBoundPassed, tighteningFor } from './slip.ts';

/** The textbook sum over counts, with whole binomial coefficients. */
function tailBySum(trials: number, least: number, each: number): number {
  let sum = 0;
  for (let count = least; count <= trials; count += 1) {
    let ways = 1;
    for (let step = 0; step < count; step += 1) ways = (ways * (trials - step)) / (step + 1);
    sum += ways * each ** count * (1 - each) ** (trials - count);
  }
  return sum;
}

test('the chance of so many or more is that of the binomial distribution', () => {
  const cases = property(
    integer({ min: 0, max: 40 }),
    integer({ min: 0, max: 45 }),
    double({ min: 0.001, max: 0.999, noNaN: true }),
    (trials, least, each) => {
      expect(binomialTail(trials, least, each)).toBeCloseTo(tailBySum(trials, least, each), 9);
    },
  );
  assert(cases);
});

test('the chance stays a number for a long history', () => {
  expect(binomialTail(100_000, 5_000, 0.05)).toBeGreaterThan(0.4);
  expect(binomialTail(100_000, 6_000, 0.05)).toBeLessThan(1e-6);
});

test('one defect is no alarm, a row of them is, and few of many are not', () => {
  expect(isBoundPassed(0.05, { defects: 1, slipped: 1 })).toBe(false);
  expect(isBoundPassed(0.05, { defects: 2, slipped: 2 })).toBe(true);
  expect(isBoundPassed(0.05, { defects: 60, slipped: 3 })).toBe(false);
  expect(isBoundPassed(0.05, { defects: 0, slipped: 0 })).toBe(false);
});

test('more slip never leaves more of the bound, and no slip never widens it', () => {
  const cases = property(
    double({ min: 0.005, max: 0.5, noNaN: true }),
    integer({ min: 0, max: 200 }),
    integer({ min: 0, max: 200 }),
    (bound, defects, slipped) => {
      const less = tighteningFor(bound, { defects, slipped: Math.min(slipped, defects) });
      const more = tighteningFor(bound, { defects, slipped: Math.min(slipped + 1, defects) });
      expect(less).toBeGreaterThan(0);
      expect(less).toBeLessThanOrEqual(1);
      expect(more).toBeLessThanOrEqual(less);
    },
  );
  assert(cases);
});
