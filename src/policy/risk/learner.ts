/**
 * A repository's risk over time: told every change that lands and every defect that is found, it scores
 * the next change by the past alone. One object serves the replay of history and the product.
 */
import { type RealisedSlip, thresholdFor } from './bound.ts';
import {
  calibrate,
  coldCalibration,
  MAX_PAST,
  type PastChange,
  type RiskCalibration,
} from './calibration.ts';
import { DAY_SECONDS, type RiskChange } from './change.ts';
import { FACTOR_COUNT } from './factors.ts';
import { createRiskHistory } from './history.ts';
import type { RiskModel } from './model.ts';
import { percentilesOf, sampleColumns } from './percentile.ts';
import { type ReliabilityBin, reliabilityOf } from './reliability.ts';
import { pointsWithin, type RiskScore, scoreRiskFactors } from './score.ts';

export interface RiskLearner {
  /** Fits anew where enough has landed since the last time. */
  recalibrate(now: number): void;
  /** Fits anew to everything told so far; for the end of a history. */
  settle(): void;
  score(change: RiskChange): RiskScore;
  land(change: RiskChange): void;
  defect(index: number, foundAt: number): void;
  calibration(): RiskCalibration;
  /** Most points that ship alone under one of the learner's bounds; negative where nothing does. */
  ceiling(bound: number): number;
  /** The same as it stands now, whatever is learned later. */
  ceilingNow(): (bound: number) => number;
  /**
   * The smallest of the learner's bounds under which the change would ship alone, Infinity for none.
   * Remembered, so that what really slipped moves the thresholds.
   */
  declare(change: RiskChange, score: RiskScore): number;
  /** What was declared of changes whose year is over at `now` (seconds), against what was found. */
  reliability(now: number): ReliabilityBin[];
}

export interface LearnerOptions {
  model: RiskModel;
  /** Rising shares of defects that may ship alone. */
  bounds: readonly number[];
  /** Code changes between two fits. */
  refitEvery?: number;
}

interface Declared {
  index: number;
  landedAt: number;
  bound: number;
  probability: number;
}

const REFIT_EVERY = 100;
const SETTLED_DAYS = 30;
const YEAR_SECONDS = 365 * DAY_SECONDS;

export function createRiskLearner(options: LearnerOptions): RiskLearner {
  const { model, bounds, refitEvery = REFIT_EVERY } = options;
  const history = createRiskHistory();
  const past: PastChange[] = [];
  const byIndex = new Map<number, PastChange>();
  const declared: Declared[] = [];
  const foundDefects = new Map<number, number>();
  let calibration = coldCalibration(model);
  let thresholds = bounds.map((bound) =>
    thresholdFor(calibration.slip, bound, { defects: 0, slipped: 0 }),
  );
  let columns: readonly ArrayLike<number>[] = model.reference;
  let columnChanges = 0;
  let landedAtFit = Number.NEGATIVE_INFINITY;
  let landedCode = 0;
  let measured: { index: number; values: Float64Array } | undefined;

  function refreshColumns(): void {
    const recent = past.slice(-MAX_PAST).map(({ values }) => values);
    columns = recent.length === 0 ? model.reference : sampleColumns(recent, FACTOR_COUNT);
    columnChanges = recent.length;
  }

  function valuesOf(change: RiskChange): Float64Array {
    if (measured?.index !== change.index)
      measured = { index: change.index, values: history.measure(change) };
    return measured.values;
  }

  function recalibrate(now: number): void {
    if (landedCode - landedAtFit < refitEvery || past.length === 0) return;
    fit(now);
  }

  function fit(now: number): void {
    landedAtFit = landedCode;
    const fitted = calibrate(model, past, now);
    calibration = fitted.calibration;
    thresholds = bounds.map((bound) =>
      thresholdFor(calibration.slip, bound, realisedSlip(bound, now, fitted.defectShares)),
    );
  }

  function realisedSlip(
    bound: number,
    now: number,
    defectShares: ReadonlyMap<number, number>,
  ): RealisedSlip {
    const realised = { defects: 0, slipped: 0 };
    for (const { index, landedAt, bound: own } of declared) {
      const isFound = foundDefects.has(index);
      if (!isFound && now - landedAt < SETTLED_DAYS * DAY_SECONDS) continue;
      const share = isFound ? 1 : (defectShares.get(index) ?? 0);
      realised.defects += share;
      if (own <= bound) realised.slipped += share;
    }
    return realised;
  }

  function ceilingNow(): (bound: number) => number {
    // Both are replaced by a fit, never written to.
    const [limits, fitted] = [thresholds, calibration];
    return (bound) => {
      // The largest of its bounds that does not exceed the one asked for: never looser.
      const place = bounds.findLastIndex((each) => each <= bound + 1e-9);
      return pointsWithin(limits[place] ?? Number.NEGATIVE_INFINITY, model, fitted);
    };
  }

  return {
    recalibrate,
    settle() {
      const last = past.at(-1);
      if (last !== undefined) fit(last.landedAt);
    },
    score: (change) => scoreRiskFactors(valuesOf(change), model, calibration),
    calibration: () => calibration,
    ceiling: (bound) => ceilingNow()(bound),
    ceilingNow,
    land(change) {
      if (change.isCode) {
        if (landedCode % refitEvery === 0) refreshColumns();
        const values = valuesOf(change);
        const entry: PastChange = {
          index: change.index,
          landedAt: change.landedAt,
          values,
          percentiles: percentilesOf(values, columns, model.reference, columnChanges),
          foundAt: null,
        };
        past.push(entry);
        byIndex.set(change.index, entry);
        landedCode += 1;
        // Twice the window, so that the front is cut now and then, not every time.
        if (past.length > 2 * MAX_PAST)
          for (const old of past.splice(0, MAX_PAST)) byIndex.delete(old.index);
      }
      history.land(change);
    },
    defect(index, foundAt) {
      foundDefects.set(index, Math.min(foundAt, foundDefects.get(index) ?? foundAt));
      const entry = byIndex.get(index);
      if (entry !== undefined) entry.foundAt ??= foundAt;
      history.defect(index, foundAt);
    },
    declare(change, { logit, probability }) {
      const place = thresholds.findIndex((threshold) => logit <= threshold);
      const bound = bounds[place] ?? Number.POSITIVE_INFINITY;
      declared.push({ index: change.index, landedAt: change.landedAt, bound, probability });
      return bound;
    },
    reliability(now) {
      const settled = declared.slice(-2 * MAX_PAST).flatMap(({ index, landedAt, probability }) => {
        const age = now - landedAt;
        if (age < YEAR_SECONDS) return [];
        const foundAt = foundDefects.get(index) ?? Number.POSITIVE_INFINITY;
        return { probability, isDefective: foundAt - landedAt <= YEAR_SECONDS };
      });
      return reliabilityOf(settled);
    },
  };
}
