/**
 * The curve of a factor as a repository has it, in the points of a score: shipped curve and local fit
 * together, and the shipped one alone beside it. Drawn from what a verdict keeps, so that the picture
 * is that of the day the verdict was made. Pure.
 */
import { factorIndex, FACTORS } from './factors.ts';
import { curveAt, type RiskModel } from './model.ts';
import { POINTS_PER_LOGIT, type RiskScore } from './score.ts';
import type { RiskCalibration } from './calibration.ts';
import { ownShareOf } from './percentile.ts';

/** What a curve is drawn from besides the shipped model; kept with the verdict. */
export interface RiskFit {
  slope: number;
  /** Points per unit of log odds; less than usual where a score was cut at 0 or 100. */
  pointsPerLogit: number;
  /** Weight of the repository's own past in its percentiles, 0 to 1; the rest is all repositories. */
  ownShare: number;
  knownDefects: number;
  /** Of the factors that weigh here: log odds per half of the scale, and those of the mean change. */
  factors: { name: string; percentile: number; offset: number; typical: number }[];
}

export interface FactorCurve {
  name: string;
  group: string;
  meaning: string;
  /** Place of the change among those of the repository, 0 to 1. */
  percentile: number;
  /** Points at equal steps of percentile, from 0 to 1. */
  curve: number[];
  /** The same without the local fit. */
  shipped: number[];
}

const STEPS = 32;

/** What to keep of a calibration, so that the curves of a score can be drawn later. */
export function fitOf(score: RiskScore, calibration: RiskCalibration): RiskFit {
  const { slope, knownDefects, changes, offsets, typical } = calibration;
  return {
    slope: rounded(slope),
    pointsPerLogit: rounded(score.pointsPerLogit),
    ownShare: rounded(ownShareOf(changes)),
    knownDefects,
    factors: score.factors
      .filter(({ points }) => points !== 0)
      .map(({ name, percentile }) => ({
        name,
        percentile: rounded(percentile),
        offset: rounded(offsets[factorIndex(name)]!),
        typical: rounded(typical[factorIndex(name)]!),
      })),
  };
}

/** One curve per factor that weighs, in the order of the fit. */
export function factorCurves(model: RiskModel, fit: RiskFit): FactorCurve[] {
  return fit.factors.map(({ name, percentile, offset, typical }) => {
    const { group, meaning } = FACTORS[factorIndex(name)]!;
    const shape = model.curves[model.factors.indexOf(name)]!;
    const at = (place: number) =>
      tenth(
        fit.pointsPerLogit *
          (fit.slope * curveAt(shape, place) + offset * (2 * place - 1) - typical),
      );
    const mean = meanOf(shape);
    const places = Array.from({ length: STEPS + 1 }, (_, step) => step / STEPS);
    return {
      name,
      group,
      meaning,
      percentile,
      curve: places.map(at),
      shipped: places.map((place) => tenth(POINTS_PER_LOGIT * (curveAt(shape, place) - mean))),
    };
  });
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
