/**
 * Learns how much each signal says about who reviews, from who really did: a conditional logit (the
 * choice of one among the candidates of a change), by Newton's method, drawn to given weights.
 */
import { solveCholesky } from '../linear-solve.ts';
import { REVIEW_SIGNALS } from './review-history.ts';

/** One reviewed change of the past, with the signals as they were then. */
export interface ReviewExample {
  candidates: readonly { person: string; signals: Float64Array }[];
  reviewers: readonly string[];
}

export type ReviewWeights = Float64Array;

const WIDTH = REVIEW_SIGNALS.length;
const PULL = 3;
const STEPS = 6;

/** Usable before a repository has told anything: habits that hold nearly everywhere. */
export function defaultReviewWeights(): ReviewWeights {
  const weights = new Float64Array(WIDTH);
  const usual: Partial<Record<(typeof REVIEW_SIGNALS)[number], number>> = {
    'author-familiarity': 0.5,
    'author-familiarity-recent': 0.3,
    'file-reviews': 0.2,
    'folder-reviews': 0.3,
    'popularity-recent': 0.7,
    'file-authorship': 0.8,
    'folder-authorship': 0.8,
    recency: 1,
    'recency-short': 0.5,
  };
  REVIEW_SIGNALS.forEach((name, index) => {
    weights[index] = usual[name] ?? 0;
  });
  return weights;
}

export function scoreOf(signals: Float64Array, weights: ReviewWeights): number {
  let sum = 0;
  for (let k = 0; k < WIDTH; k += 1) sum += signals[k]! * weights[k]!;
  return sum;
}

/** Deterministic: the same examples in the same order give the same weights. */
export function learnReviewWeights(
  examples: readonly ReviewExample[],
  prior: ReviewWeights = defaultReviewWeights(),
): ReviewWeights {
  const weights = Float64Array.from(prior);
  const gradient = new Float64Array(WIDTH);
  const hessian = new Float64Array(WIDTH * WIDTH);
  for (let step = 0; step < STEPS; step += 1) {
    gradient.fill(0);
    hessian.fill(0);
    for (const example of examples) addChoice(example, weights, gradient, hessian);
    for (let k = 0; k < WIDTH; k += 1) {
      gradient[k]! -= PULL * (weights[k]! - prior[k]!);
      hessian[k * WIDTH + k]! += PULL;
    }
    const move = solveCholesky(hessian, gradient, WIDTH);
    for (let k = 0; k < WIDTH; k += 1) weights[k]! += move[k]!;
  }
  return weights;
}

function addChoice(
  { candidates, reviewers }: ReviewExample,
  weights: ReviewWeights,
  gradient: Float64Array,
  hessian: Float64Array,
): void {
  const chosen = candidates.filter(({ person }) => reviewers.includes(person));
  if (chosen.length === 0) return;
  const scores = candidates.map(({ signals }) => scoreOf(signals, weights));
  const highest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const odds = scores.map((score) => Math.exp(score - highest));
  const total = odds.reduce((sum, each) => sum + each, 0);
  const mean = new Float64Array(WIDTH);
  candidates.forEach(({ signals }, index) => {
    const share = odds[index]! / total;
    if (share < 1e-6) return;
    for (let k = 0; k < WIDTH; k += 1) {
      const weighted = share * signals[k]!;
      mean[k]! += weighted;
      for (let m = 0; m <= k; m += 1) hessian[k * WIDTH + m]! += weighted * signals[m]!;
    }
  });
  for (let k = 0; k < WIDTH; k += 1) {
    for (let m = 0; m <= k; m += 1) hessian[k * WIDTH + m]! -= mean[k]! * mean[m]!;
    for (const { signals } of chosen) gradient[k]! += (signals[k]! - mean[k]!) / chosen.length;
  }
}
