/**
 * Boosting with trees of one cut: the sum of all cuts in one factor is that factor's curve. Rows are
 * bins of percentiles, one array per factor. The random choices come from a fixed seed.
 */
import { BINS } from '../src/policy/risk/model.ts';

export interface Curves {
  base: number;
  curves: Float64Array[];
}

const ROUNDS = 500;
const RATE = 0.08;
const ROW_SHARE = 0.5;
const FACTOR_SHARE = 0.5;
const SHRINKAGE = 3;
const MIN_CURVATURE = 5;
const MIN_GAIN = 0.2;

/** The rows of one round; gradients and curvatures are in their order. */
interface Sample {
  rows: Int32Array;
  size: number;
  gradients: Float64Array;
  curvatures: Float64Array;
}

interface Cut {
  gain: number;
  factor: number;
  bin: number;
  below: number;
  above: number;
}

/** @param onto log odds by row that the curves are to add to; the base is then 0. */
export function boostCurves(
  bins: readonly Uint8Array[],
  labels: Float64Array,
  weights: Float64Array,
  { onto, rounds = ROUNDS }: { onto?: Float64Array; rounds?: number } = {},
): Curves {
  const random = createRandom(7);
  const count = labels.length;
  const base = onto === undefined ? baseOf(labels, weights) : 0;
  const logits = onto?.slice() ?? new Float64Array(count).fill(base);
  const curves = bins.map(() => new Float64Array(BINS));
  const sample: Sample = {
    rows: new Int32Array(count),
    size: 0,
    gradients: new Float64Array(count),
    curvatures: new Float64Array(count),
  };
  for (let round = 0; round < rounds; round += 1) {
    sample.size = 0;
    for (let row = 0; row < count; row += 1) {
      if (random() >= ROW_SHARE) continue;
      const probability = 1 / (1 + Math.exp(-logits[row]!));
      sample.rows[sample.size] = row;
      sample.gradients[sample.size] = weights[row]! * (labels[row]! - probability);
      sample.curvatures[sample.size] = weights[row]! * probability * (1 - probability);
      sample.size += 1;
    }
    let best: Cut | undefined;
    for (const [factor, column] of bins.entries()) {
      if (random() >= FACTOR_SHARE) continue;
      const cut = bestCut(factor, column, sample);
      if (cut !== undefined && (best === undefined || cut.gain > best.gain)) best = cut;
    }
    if (best === undefined || best.gain < MIN_GAIN) continue;
    const curve = curves[best.factor]!;
    for (let bin = 0; bin < BINS; bin += 1)
      curve[bin]! += bin <= best.bin ? best.below : best.above;
    const column = bins[best.factor]!;
    for (let row = 0; row < count; row += 1)
      logits[row]! += column[row]! <= best.bin ? best.below : best.above;
  }
  return { base, curves };
}

function baseOf(labels: Float64Array, weights: Float64Array): number {
  let defective = 0;
  let all = 0;
  for (let row = 0; row < labels.length; row += 1) {
    defective += weights[row]! * labels[row]!;
    all += weights[row]!;
  }
  return Math.log(defective / (all - defective));
}

const gradientOf = new Float64Array(BINS);
const curvatureOf = new Float64Array(BINS);

function bestCut(
  factor: number,
  column: Uint8Array,
  { rows, size, gradients, curvatures }: Sample,
): Cut | undefined {
  gradientOf.fill(0);
  curvatureOf.fill(0);
  for (let k = 0; k < size; k += 1) {
    const bin = column[rows[k]!]!;
    gradientOf[bin]! += gradients[k]!;
    curvatureOf[bin]! += curvatures[k]!;
  }
  const gradient = gradientOf.reduce((sum, each) => sum + each, 0);
  const curvature = curvatureOf.reduce((sum, each) => sum + each, 0);
  let below = 0;
  let belowCurvature = 0;
  let best: Cut | undefined;
  for (let bin = 0; bin < BINS - 1; bin += 1) {
    below += gradientOf[bin]!;
    belowCurvature += curvatureOf[bin]!;
    const aboveCurvature = curvature - belowCurvature;
    if (belowCurvature < MIN_CURVATURE || aboveCurvature < MIN_CURVATURE) continue;
    const above = gradient - below;
    const gain =
      (below * below) / (belowCurvature + SHRINKAGE) +
      (above * above) / (aboveCurvature + SHRINKAGE) -
      (gradient * gradient) / (curvature + SHRINKAGE);
    if (best !== undefined && gain <= best.gain) continue;
    best = {
      gain,
      factor,
      bin,
      below: (RATE * below) / (belowCurvature + SHRINKAGE),
      above: (RATE * above) / (aboveCurvature + SHRINKAGE),
    };
  }
  return best;
}

/** A linear congruential generator: the same numbers everywhere. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}
