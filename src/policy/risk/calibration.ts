/**
 * Fits the shipped curves to one repository: an intercept, a slope and a small offset per factor, drawn
 * to the shipped model the harder the less the repository has told. Learns from changes whose defects
 * had time to be found; a younger one counts as probably sound, by how much time it had.
 */
import { DAY_SECONDS } from './change.ts';
import { FACTOR_COUNT } from './factors.ts';
import { curveAt, discoveredShare, type RiskModel, type SlipCurve } from './model.ts';
import { percentilesOf, sampleColumns } from './percentile.ts';
import { dot, fitRidgeLogit, logistic, type RidgeProblem } from './ridge-logit.ts';

/** A landed code change with its raw factor values. */
export interface PastChange {
  index: number;
  landedAt: number;
  values: Float64Array;
  /** Where each value stood among the past when the change landed: histories grow, places do not. */
  percentiles: Float64Array;
  /** When a fix, a revert or an incident first pointed at it; null while nothing did. */
  foundAt: number | null;
}

/** What a repository taught. Plain numbers: it is stored, and a verdict names it. */
export interface RiskCalibration {
  modelVersion: string;
  fittedAt: number;
  changes: number;
  knownDefects: number;
  /** Sorted values by factor. */
  columns: readonly ArrayLike<number>[];
  intercept: number;
  slope: number;
  /** By factor, log odds per half of the percentile scale. */
  offsets: ArrayLike<number>;
  /** Log odds each factor adds to the mean change here; points are told against it. */
  typical: ArrayLike<number>;
  /** Log odds of past changes, sorted: the percentile of a change is its place among them. */
  logits: ArrayLike<number>;
  slip: SlipCurve;
}

export const MAX_PAST = 4_000;
/** With fewer known defects a repository keeps the threshold of all repositories. */
export const MIN_KNOWN_DEFECTS = 15;
const RIPE_DAYS = 30;
const SLIP_WINDOW_DAYS = 1_100;
const FOLDS = 4;
const SHIFT = 2;
const OFFSET_PULL = 40;
const SLOPE_PULL = 40;
const SLIP_POINTS = 400;
const WHOLE_DEFECTS = 0.5;
/** How fast the defect rate of a repository moves away from that of its whole past. */
const DRIFT_HALF_LIFE_DAYS = 500;
const DRIFT_PULL = 5;
const DRIFT_STEPS = 6;

/** Before a repository has told anything: the shipped model as it is. */
export function coldCalibration(model: RiskModel): RiskCalibration {
  return {
    modelVersion: model.version,
    fittedAt: 0,
    changes: 0,
    knownDefects: 0,
    columns: model.reference,
    intercept: 0,
    slope: 1,
    offsets: new Float64Array(FACTOR_COUNT),
    typical: new Float64Array(FACTOR_COUNT),
    logits: [],
    slip: model.slip,
  };
}

/** Log odds each factor adds under a calibration, and the rest that no factor holds. */
export function contributionsOf(
  values: ArrayLike<number>,
  model: RiskModel,
  calibration: RiskCalibration,
): { intercept: number; byFactor: Float64Array; percentiles: Float64Array } {
  const { columns, changes, slope, offsets } = calibration;
  const percentiles = percentilesOf(values, columns, model.reference, changes);
  const byFactor = percentiles.map(
    (percentile, factor) =>
      slope * curveAt(model.curves[factor]!, percentile) + offsets[factor]! * (2 * percentile - 1),
  );
  return { intercept: calibration.intercept + slope * model.base, byFactor, percentiles };
}

export interface Calibrated {
  calibration: RiskCalibration;
  /** By index of the change: 1 where a defect is known, else how likely one is still to come. */
  defectShares: ReadonlyMap<number, number>;
}

/**
 * @param past in landing order; only the last MAX_PAST count.
 * @param now seconds; nothing that became known later may be in `past`.
 */
export function calibrate(model: RiskModel, past: readonly PastChange[], now: number): Calibrated {
  const recent = past.slice(-MAX_PAST);
  const knownDefects = recent.filter(({ foundAt }) => foundAt !== null).length;
  const columns = sampleColumns(
    recent.map(({ values }) => values),
    FACTOR_COUNT,
  );
  const width = FACTOR_COUNT + 2;
  const rows = new Float64Array(recent.length * width);
  recent.forEach(({ percentiles }, row) => {
    let logit = model.base;
    const offset = row * width;
    for (let factor = 0; factor < FACTOR_COUNT; factor += 1) {
      const percentile = percentiles[factor]!;
      logit += curveAt(model.curves[factor]!, percentile);
      rows[offset + 2 + factor] = 2 * percentile - 1;
    }
    rows[offset] = 1;
    rows[offset + 1] = logit + SHIFT;
  });

  const prior = new Float64Array(width);
  prior[0] = -SHIFT;
  prior[1] = 1;
  const pull = new Float64Array(width).fill(OFFSET_PULL);
  pull[0] = 1;
  pull[1] = SLOPE_PULL;
  const labels = new Float64Array(recent.length);
  const weights = Float64Array.from(recent, ({ landedAt, foundAt }) =>
    foundAt === null && now - landedAt < RIPE_DAYS * DAY_SECONDS ? 0 : 1,
  );
  const problem: RidgeProblem = { rows, width, labels, weights, prior, pull };
  let fitted: Float64Array = prior;
  for (const steps of [5, 3]) {
    label(recent, problem, fitted, model, now);
    fitted = fitRidgeLogit(problem, fitted, steps);
  }
  label(recent, problem, fitted, model, now);
  const crossFitted = crossFit(problem, fitted);
  const drift = driftOf(
    crossFitted,
    labels,
    Float64Array.from(
      recent,
      ({ landedAt }, row) =>
        weights[row]! * 0.5 ** ((now - landedAt) / DAY_SECONDS / DRIFT_HALF_LIFE_DAYS),
    ),
  );
  fitted = fitted.map((weight, column) => (column === 0 ? weight + drift : weight));
  const held = crossFitted.map((logit) => logit + drift);

  const slope = fitted[1]!;
  const offsets = fitted.slice(2);
  const logits = Float64Array.from(recent, (_, row) => dot(rows, row, width, fitted));
  const calibration: RiskCalibration = {
    modelVersion: model.version,
    fittedAt: now,
    changes: recent.length,
    knownDefects,
    columns,
    intercept: fitted[0]! + slope * SHIFT,
    slope,
    offsets,
    typical: typicalOf(model, problem, slope, offsets),
    logits: sampleColumns(
      Array.from(logits, (logit) => Float64Array.of(logit)),
      1,
    )[0]!,
    slip:
      knownDefects < MIN_KNOWN_DEFECTS
        ? model.slip
        : slipCurveOf(
            recent.flatMap(({ landedAt }, row) =>
              weights[row]! > 0 && landedAt > now - SLIP_WINDOW_DAYS * DAY_SECONDS
                ? [held[row]!]
                : [],
            ),
          ),
  };
  return {
    calibration,
    defectShares: new Map(recent.map(({ index }, row) => [index, labels[row]!] as const)),
  };
}

/** Bayes: a change that stayed quiet for a while is a defect less likely, by what was found by then. */
function label(
  recent: readonly PastChange[],
  { rows, width, labels }: RidgeProblem,
  fitted: Float64Array,
  model: RiskModel,
  now: number,
): void {
  recent.forEach(({ landedAt, foundAt }, row) => {
    if (foundAt !== null) {
      labels[row] = 1;
      return;
    }
    const probability = logistic(dot(rows, row, width, fitted));
    const found = discoveredShare(model.discovery, (now - landedAt) / DAY_SECONDS);
    labels[row] = (probability * (1 - found)) / (1 - probability * found);
  });
}

/** Log odds of every row by weights that were fitted without its part of the past. */
function crossFit(problem: RidgeProblem, fitted: Float64Array): Float64Array {
  const count = problem.labels.length;
  const held = new Float64Array(count);
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const from = Math.floor((count * fold) / FOLDS);
    const to = Math.floor((count * (fold + 1)) / FOLDS);
    const weights = Float64Array.from(problem.weights).fill(0, from, to);
    const without = fitRidgeLogit({ ...problem, weights }, fitted, 2);
    for (let row = from; row < to; row += 1)
      held[row] = dot(problem.rows, row, problem.width, without);
  }
  return held;
}

/**
 * Log odds by which the newest changes, weighed down with age, are riskier than the whole past says; drawn
 * to nothing by a ridge. Newton's method in one dimension. It moves every change alike, so no order of
 * two changes judged by one fit is changed.
 */
function driftOf(logits: Float64Array, labels: Float64Array, weights: Float64Array): number {
  let drift = 0;
  for (let step = 0; step < DRIFT_STEPS; step += 1) {
    let slope = DRIFT_PULL * drift;
    let curvature = DRIFT_PULL;
    logits.forEach((logit, row) => {
      const probability = logistic(logit + drift);
      slope += weights[row]! * (probability - labels[row]!);
      curvature += weights[row]! * probability * (1 - probability);
    });
    drift -= slope / curvature;
  }
  return drift;
}

function typicalOf(
  model: RiskModel,
  { rows, width }: RidgeProblem,
  slope: number,
  offsets: Float64Array,
): Float64Array {
  const count = rows.length / width;
  const typical = new Float64Array(FACTOR_COUNT);
  for (let row = 0; row < count; row += 1) {
    for (let factor = 0; factor < FACTOR_COUNT; factor += 1) {
      const centred = rows[row * width + 2 + factor]!;
      typical[factor]! +=
        (slope * curveAt(model.curves[factor]!, (centred + 1) / 2) + offsets[factor]! * centred) /
        count;
    }
  }
  return typical;
}

/**
 * Expected share of defects at or below each log odds. Taken from the probabilities themselves, whose
 * low end is far steadier than a count of the few defects there. Half a defect is taken to lie below all
 * of them: defects come whole, and among fifty of them a bound of 2 % is one.
 */
export function slipCurveOf(logits: readonly number[]): SlipCurve {
  const sorted = Float64Array.from(logits).sort();
  let total = 0;
  for (const logit of sorted) total += logistic(logit);
  const points: { logits: number[]; shares: number[] } = { logits: [], shares: [] };
  let sum = 0;
  const every = Math.max(1, Math.floor(sorted.length / SLIP_POINTS));
  sorted.forEach((logit, place) => {
    sum += logistic(logit);
    if (place % every !== every - 1) return;
    points.logits.push(logit);
    points.shares.push((sum + WHOLE_DEFECTS) / (total + WHOLE_DEFECTS));
  });
  return points;
}
