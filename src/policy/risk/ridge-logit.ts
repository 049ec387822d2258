/**
 * Logistic regression whose weights are drawn to given ones (a Gaussian prior), by Newton's method with
 * a Cholesky factorisation. Rows lie flat in one array. Plain arithmetic in a fixed order: the same rows
 * give the same weights, byte for byte.
 */
import { solveCholesky } from '../linear-solve.ts';

export interface RidgeProblem {
  rows: Float64Array;
  width: number;
  /** 0 to 1; a share is a label that is only probably true. */
  labels: Float64Array;
  /** How much each row counts; rows of weight 0 are skipped. */
  weights: Float64Array;
  prior: Float64Array;
  /** How strongly each weight is drawn to its prior. */
  pull: Float64Array;
}

const SMALL_STEP = 1e-3;

export const logistic = (logit: number) => 1 / (1 + Math.exp(-logit));

export function dot(rows: Float64Array, row: number, width: number, weights: Float64Array): number {
  let sum = 0;
  const offset = row * width;
  for (let k = 0; k < width; k += 1) sum += rows[offset + k]! * weights[k]!;
  return sum;
}

export function fitRidgeLogit(
  problem: RidgeProblem,
  start: Float64Array,
  maxSteps: number,
): Float64Array {
  const { width, prior, pull } = problem;
  const weights = Float64Array.from(start);
  const gradient = new Float64Array(width);
  const hessian = new Float64Array(width * width);
  for (let step = 0; step < maxSteps; step += 1) {
    accumulate(problem, weights, gradient, hessian);
    for (let k = 0; k < width; k += 1) {
      gradient[k]! -= pull[k]! * (weights[k]! - prior[k]!);
      hessian[k * width + k]! += pull[k]! + 1e-9;
    }
    const move = solveCholesky(hessian, gradient, width);
    let largest = 0;
    for (let k = 0; k < width; k += 1) {
      weights[k]! += move[k]!;
      largest = Math.max(largest, Math.abs(move[k]!));
    }
    if (largest < SMALL_STEP) break;
  }
  return weights;
}

function accumulate(
  { rows, width, labels, weights: counts }: RidgeProblem,
  weights: Float64Array,
  gradient: Float64Array,
  hessian: Float64Array,
): void {
  gradient.fill(0);
  hessian.fill(0);
  for (let row = 0; row < labels.length; row += 1) {
    const count = counts[row]!;
    if (count === 0) continue;
    const offset = row * width;
    const probability = logistic(dot(rows, row, width, weights));
    const error = count * (labels[row]! - probability);
    const curvature = count * Math.max(1e-4, probability * (1 - probability));
    for (let k = 0; k < width; k += 1) {
      const value = rows[offset + k]!;
      gradient[k]! += error * value;
      const scaled = curvature * value;
      for (let m = 0; m <= k; m += 1) hessian[k * width + m]! += scaled * rows[offset + m]!;
    }
  }
}
