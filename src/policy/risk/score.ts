/**
 * The score of one change: log odds as a sum over factors, told as whole points. Forty points are the
 * typical change of the repository; every factor says how many it adds or takes.
 */
import { contributionsOf, type RiskCalibration } from './calibration.ts';
import { FACTOR_COUNT, FACTORS } from './factors.ts';
import type { RiskModel } from './model.ts';
import { percentileIn } from './percentile.ts';
import { logistic } from './ridge-logit.ts';

export interface ScoredFactor {
  name: string;
  /** Raw value. */
  value: number;
  /** Place among the past changes of the repository, 0 to 1. */
  percentile: number;
  points: number;
}

export interface RiskScore {
  /** 0 to 100; the sum of `typicalPoints` and the points of the factors. */
  score: number;
  typicalPoints: number;
  factors: ScoredFactor[];
  /** Log odds of introducing a defect that is found within 365 days. */
  logit: number;
  probability: number;
  /** Share of past changes of the repository with lower log odds, 0 to 1; null without a past. */
  percentile: number | null;
  /** Points per unit of log odds; less than usual where the score was cut at 0 or 100. */
  pointsPerLogit: number;
}

const TYPICAL_POINTS = 40;
export const POINTS_PER_LOGIT = 15;

export function logitOf(
  values: ArrayLike<number>,
  model: RiskModel,
  calibration: RiskCalibration,
): number {
  const { intercept, byFactor } = contributionsOf(values, model, calibration);
  return byFactor.reduce((sum, part) => sum + part, intercept);
}

export function scoreRiskFactors(
  values: ArrayLike<number>,
  model: RiskModel,
  calibration: RiskCalibration,
): RiskScore {
  const { intercept, byFactor, percentiles } = contributionsOf(values, model, calibration);
  const logit = byFactor.reduce((sum, part) => sum + part, intercept);
  const parts = byFactor.map((part, factor) => part - calibration.typical[factor]!);
  const { points, scale } = shareOut(parts);
  const score = TYPICAL_POINTS + points.reduce((sum, each) => sum + each, 0);
  return {
    score,
    typicalPoints: TYPICAL_POINTS,
    factors: FACTORS.map(({ name }, factor) => ({
      name,
      value: values[factor]!,
      percentile: percentiles[factor]!,
      points: points[factor]!,
    })),
    logit,
    probability: logistic(logit),
    percentile: calibration.logits.length === 0 ? null : percentileIn(calibration.logits, logit),
    pointsPerLogit: scale,
  };
}

/** Most whole points a change may have whose log odds are at most `logit`; cautious by up to one. */
export function pointsWithin(
  logit: number,
  model: RiskModel,
  { intercept, slope, typical }: RiskCalibration,
): number {
  if (logit === Number.NEGATIVE_INFINITY) return -1;
  let typicalLogit = intercept + slope * model.base;
  for (let factor = 0; factor < FACTOR_COUNT; factor += 1) typicalLogit += typical[factor]!;
  return Math.floor(TYPICAL_POINTS + POINTS_PER_LOGIT * (logit - typicalLogit) - 0.5);
}

/** Whole points whose sum is that of the parts, rounded and kept within 0 to 100 of the score. */
function shareOut(parts: Float64Array): { points: number[]; scale: number } {
  const wanted = parts.reduce((sum, part) => sum + part, 0) * POINTS_PER_LOGIT;
  const total = Math.round(Math.min(100 - TYPICAL_POINTS, Math.max(-TYPICAL_POINTS, wanted)));
  const scale = wanted === 0 ? POINTS_PER_LOGIT : (POINTS_PER_LOGIT * total) / wanted;
  const exact = Array.from(parts, (part) => part * scale);
  const points = exact.map((part) => Math.floor(part));
  const rest = total - points.reduce((sum, each) => sum + each, 0);
  const byRemainder = exact
    .map((part, factor) => ({ factor, remainder: part - points[factor]! }))
    .sort((a, b) => b.remainder - a.remainder || a.factor - b.factor);
  for (let k = 0; k < rest; k += 1) points[byRemainder[k % FACTOR_COUNT]!.factor]! += 1;
  return { points, scale };
}
