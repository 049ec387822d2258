/**
 * Goal: the points of a score sum to it, more risk in a curve is more points, a bound is aimed at from
 * below, and nothing in the model knows a person.
 * Method: properties over made-up values with the shipped model.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { targetSlip, thresholdAt } from './bound.ts';
import {
  calibrate,
  coldCalibration,
  contributionsOf,
  type PastChange,
  slipCurveOf,
} from './calibration.ts';
import { FACTOR_COUNT, FACTORS } from './factors.ts';
import { factorCurves, fitOf } from './curves.ts';
import { discoveredShare, findRiskModel, loadRiskModel } from './model.ts';
import { percentileIn } from './percentile.ts';
import { calibrationError, reliabilityOf } from './reliability.ts';
import { scoreRiskFactors } from './score.ts';

const MODEL = loadRiskModel();
const DAY = 86_400;
const values = fc
  .array(fc.double({ min: 0, max: 12, noNaN: true }), {
    minLength: FACTOR_COUNT,
    maxLength: FACTOR_COUNT,
  })
  .map((each) => Float64Array.from(each));

/** A past in which the first factor alone decides, found after ten days. */
function pastOf(count: number): PastChange[] {
  return Array.from({ length: count }, (_, index) => {
    const row = new Float64Array(FACTOR_COUNT);
    for (let factor = 0; factor < FACTOR_COUNT; factor += 1)
      row[factor] = ((index * 31 + factor * 17) % 97) / 97;
    const isDefective = row[0]! > 0.7;
    const landedAt = index * DAY;
    return {
      index,
      landedAt,
      values: row,
      percentiles: row,
      foundAt: isDefective ? landedAt + 10 * DAY : null,
    };
  });
}

const { calibration: TAUGHT } = calibrate(MODEL, pastOf(600), 700 * DAY);

test.each([
  ['shipped', coldCalibration(MODEL)],
  ['fitted to a repository', TAUGHT],
])('points are whole and sum to a score from 0 to 100: %s', (_name, calibration) => {
  fc.assert(
    fc.property(values, (row) => {
      const { score, typicalPoints, factors } = scoreRiskFactors(row, MODEL, calibration);

      const sum = factors.reduce((total, { points }) => total + points, typicalPoints);
      expect(sum).toBe(score);
      expect(factors.every(({ points }) => Number.isInteger(points))).toBe(true);
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(100);
    }),
  );
});

test('what is in a patch that nobody kept weighs nothing', () => {
  fc.assert(
    fc.property(values, (row) => {
      const known = row.map((value, k) => (FACTORS[k]!.group === 'content' ? Number.NaN : value));

      const { byFactor } = contributionsOf(known, MODEL, TAUGHT);

      const ofContent = byFactor.filter((_, k) => FACTORS[k]!.group === 'content');
      // Curves are kept with four digits.
      for (const part of ofContent) expect(part).toBeCloseTo(0, 3);
    }),
  );
});

test('a verdict is drawn by the curves of the version it was made by, while that is shipped', () => {
  const before = findRiskModel('risk-1', 'acme/shop')!;

  expect(before.version).toBe('risk-1');
  expect(before.factors).not.toContain('names');
  expect(MODEL.factors).toContain('names');
  expect(before.curves).toHaveLength(before.factors.length);
  expect(findRiskModel('../risk-1', 'acme/shop')).toBeUndefined();
});

test('a factor has as many points as its curve has at its place', () => {
  fc.assert(
    fc.property(values, (row) => {
      const score = scoreRiskFactors(row, MODEL, TAUGHT);
      const curves = factorCurves(MODEL, fitOf(score, TAUGHT));

      expect(curves.map(({ name }) => name)).toEqual(
        score.factors.filter(({ points }) => points !== 0).map(({ name }) => name),
      );
      for (const { name, percentile, curve } of curves) {
        const step = Math.min(curve.length - 2, Math.floor(percentile * (curve.length - 1)));
        const near = [curve[step]!, curve[step + 1]!];
        const points = score.factors.find((factor) => factor.name === name)!.points;
        // Points are whole; steps are wide enough for a bend between two of them.
        expect(points).toBeGreaterThan(Math.min(...near) - 1.5);
        expect(points).toBeLessThan(Math.max(...near) + 1.5);
      }
    }),
  );
});

test('what was declared is held against what was found, from the safest bin to the riskiest', () => {
  const settled = Array.from({ length: 1_000 }, (_, index) => ({
    probability: index / 1_000,
    isDefective: index % 10 < Math.floor(index / 100),
  }));

  const bins = reliabilityOf(settled);

  expect(bins.reduce((sum, { changes }) => sum + changes, 0)).toBe(1_000);
  expect(bins[0]).toMatchObject({ declared: 0.0495, realised: 0 });
  expect(bins[9]).toMatchObject({ declared: 0.9495, realised: 0.9 });
  expect(calibrationError(bins)).toBeCloseTo(0.0495, 6);
  expect(reliabilityOf(settled.slice(0, 99))).toEqual([]);
  expect(calibrationError([])).toBeNull();
});

test('a higher probability never has a lower score or percentile', () => {
  fc.assert(
    fc.property(values, values, (one, other) => {
      const [low, high] = [one, other]
        .map((row) => scoreRiskFactors(row, MODEL, TAUGHT))
        .toSorted((a, b) => a.logit - b.logit);

      expect(high!.score).toBeGreaterThanOrEqual(low!.score);
      expect(high!.percentile).toBeGreaterThanOrEqual(low!.percentile!);
    }),
  );
});

test('a repository teaches which of its changes fail', () => {
  const risky = Float64Array.from({ length: FACTOR_COUNT }, (_, factor) =>
    factor === 0 ? 0.95 : 0.5,
  );
  const safe = Float64Array.from({ length: FACTOR_COUNT }, (_, factor) =>
    factor === 0 ? 0.05 : 0.5,
  );

  const [a, b] = [risky, safe].map((row) => scoreRiskFactors(row, MODEL, TAUGHT));

  expect(a!.probability).toBeGreaterThan(3 * b!.probability);
  expect(a!.factors[0]!.points).toBeGreaterThan(b!.factors[0]!.points);
});

test('the same past gives the same fit, and what is not found yet is no proof of soundness', () => {
  const again = calibrate(MODEL, pastOf(600), 700 * DAY).calibration;
  const quiet = pastOf(600).map((change) => ({ ...change, foundAt: null }));

  expect(again).toEqual(TAUGHT);
  const { defectShares } = calibrate(MODEL, quiet, 600 * DAY);
  expect(defectShares.get(599)).toBeGreaterThan(defectShares.get(0)!);
  expect(defectShares.get(0)).toBe(0);
});

test('the aim stays within the bound until less than planned slips, and falls when more does', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 0.5, noNaN: true }),
      fc.integer({ min: 0, max: 500 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (bound, defects, share) => {
        const aim = targetSlip(bound, { defects, slipped: share * defects });

        expect(aim).toBeGreaterThan(0);
        expect(aim).toBeLessThanOrEqual(1.15 * bound);
        if (share > bound) expect(aim).toBeLessThan(bound);
      },
    ),
  );
  const worse = { defects: 100, slipped: 12 };
  expect(targetSlip(0.05, worse)).toBeLessThan(targetSlip(0.05, { defects: 100, slipped: 4 }));
});

test('a threshold lets through no more than its share of the expected defects', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -6, max: 2, noNaN: true }), { minLength: 20, maxLength: 300 }),
      fc.double({ min: 0.01, max: 0.5, noNaN: true }),
      (logits, target) => {
        const threshold = thresholdAt(slipCurveOf(logits), target);

        const odds = (logit: number) => 1 / (1 + Math.exp(-logit));
        const all = logits.reduce((sum, logit) => sum + odds(logit), 0);
        const shipped = logits
          .filter((logit) => logit < threshold)
          .reduce((sum, logit) => sum + odds(logit), 0);
        expect(shipped / all).toBeLessThanOrEqual(target + 1e-9);
      },
    ),
  );
});

test('percentiles give equal values one place, and an empty past the middle', () => {
  expect(percentileIn([1, 2, 2, 3], 2)).toBe(0.5);
  expect(percentileIn([], 7)).toBe(0.5);
  expect(percentileIn([1, 2], 9)).toBe(1);
});

test('defects become known with time, all of them within the year', () => {
  const shares = [0, 10, 45, 200, 365, 900].map((days) => discoveredShare(MODEL.discovery, days));

  expect(shares.toSorted((a, b) => a - b)).toEqual(shares);
  expect(shares[0]).toBeLessThan(0.2);
  expect(shares.at(-1)).toBe(1);
});

test('no factor speaks of a person', () => {
  const words = /author|owner|experience|people|person|reviewer|team|self|newcomer/i;

  expect(FACTORS.filter(({ name, meaning }) => words.test(`${name} ${meaning}`))).toEqual([]);
});
