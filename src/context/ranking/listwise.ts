/**
 * The linear part fitted list by list: the likelihood that each right row comes before all wrong ones of
 * its question (a softmax over them), with a quadratic pull to 0, by limited-memory BFGS.
 * https://www.microsoft.com/en-us/research/publication/learning-to-rank-from-pairwise-approach-to-listwise-approach/
 * Nothing is drawn by chance: the same rows give the same weights. Pure.
 */
import type { LabelledRows } from './train.ts';

export interface ListwiseOptions {
  /** Half of it times the squared weights, of standardised columns, adds to the mean loss. */
  decay: number;
  steps: number;
}

const REMEMBERED_STEPS = 8;
const HALVINGS = 12;
const ENOUGH = 1e-6;

/** Weights by column. `spread` holds mean and scale of each column. */
export function fitListwise(
  questions: readonly LabelledRows[],
  { mean, scale }: { mean: Float64Array; scale: Float64Array },
  options: ListwiseOptions,
): number[] {
  const width = mean.length;
  const lists = questions.map(({ values, right, weight = 1 }) => ({
    values: values.map((value, at) => (value - mean[at % width]!) / scale[at % width]!),
    right,
    isRight: new Set(right),
    weight,
  }));
  const total = lists.reduce((sum, { weight }) => sum + weight, 0);

  function lossAt(weights: Float64Array, gradient: Float64Array): number {
    gradient.fill(0);
    let loss = 0;
    for (const { values, right, isRight, weight } of lists) {
      const odds = oddsOf(values, weights);
      const all = odds.reduce((sum, it) => sum + it, 0);
      const wrong = all - right.reduce((sum, row) => sum + odds[row]!, 0);
      const share = weight / right.length / total;
      let inverse = 0;
      for (const row of right) {
        const rivals = wrong + odds[row]!;
        loss += share * Math.log(rivals / (odds[row]! + Number.MIN_VALUE));
        inverse += 1 / rivals;
      }
      for (let row = 0; row < odds.length; row += 1) {
        const pull = isRight.has(row)
          ? odds[row]! / (wrong + odds[row]!) - 1
          : odds[row]! * inverse;
        for (let column = 0; column < width; column += 1)
          gradient[column]! += share * pull * values[row * width + column]!;
      }
    }
    for (let column = 0; column < width; column += 1) {
      loss += (options.decay / 2) * weights[column]! ** 2;
      gradient[column]! += options.decay * weights[column]!;
    }
    return loss;
  }

  return Array.from(
    descend(lossAt, width, options.steps),
    (weight, column) => weight / scale[column]!,
  );
}

/** exp of each row's score, the best one's being 1. */
function oddsOf(values: Float32Array, weights: Float64Array): Float64Array {
  const width = weights.length;
  const odds = new Float64Array(values.length / width);
  let best = -Infinity;
  for (let row = 0; row < odds.length; row += 1) {
    let score = 0;
    for (let column = 0; column < width; column += 1)
      score += weights[column]! * values[row * width + column]!;
    odds[row] = score;
    best = Math.max(best, score);
  }
  return odds.map((score) => Math.exp(score - best));
}

/** Nocedal and Wright, Numerical Optimization, algorithm 7.5, with halved steps. */
function descend(
  lossAt: (at: Float64Array, gradient: Float64Array) => number,
  size: number,
  steps: number,
): Float64Array {
  let at = new Float64Array(size);
  let gradient = new Float64Array(size);
  let loss = lossAt(at, gradient);
  const moves: { step: Float64Array; bend: Float64Array }[] = [];
  for (let turn = 0; turn < steps; turn += 1) {
    const direction = directionOf(gradient, moves);
    const slope = dot(gradient, direction);
    if (slope > -1e-10) break;
    let length = moves.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    const next = new Float64Array(size);
    const nextGradient = new Float64Array(size);
    let nextLoss = Infinity;
    for (let halving = 0; halving < HALVINGS; halving += 1) {
      for (let it = 0; it < size; it += 1) next[it] = at[it]! + length * direction[it]!;
      nextLoss = lossAt(next, nextGradient);
      if (nextLoss <= loss + 1e-4 * length * slope) break;
      length /= 2;
    }
    if (!(nextLoss < loss)) break;
    const move = {
      step: next.map((value, it) => value - at[it]!),
      bend: nextGradient.map((value, it) => value - gradient[it]!),
    };
    if (dot(move.step, move.bend) > 1e-12) moves.push(move);
    if (moves.length > REMEMBERED_STEPS) moves.shift();
    const gained = loss - nextLoss;
    at = next;
    gradient = nextGradient;
    loss = nextLoss;
    if (gained < ENOUGH) break;
  }
  return at;
}

function directionOf(
  gradient: Float64Array,
  moves: readonly { step: Float64Array; bend: Float64Array }[],
): Float64Array {
  const direction = gradient.map((value) => -value);
  const parts: number[] = [];
  for (const { step, bend } of moves.toReversed()) {
    const part = dot(step, direction) / dot(step, bend);
    parts.unshift(part);
    add(direction, bend, -part);
  }
  const last = moves.at(-1);
  if (last !== undefined) {
    const size = dot(last.step, last.bend) / dot(last.bend, last.bend);
    for (let it = 0; it < direction.length; it += 1) direction[it]! *= size;
  }
  moves.forEach(({ step, bend }, index) => {
    add(direction, step, parts[index]! - dot(bend, direction) / dot(step, bend));
  });
  return direction;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let it = 0; it < a.length; it += 1) sum += a[it]! * b[it]!;
  return sum;
}

function add(to: Float64Array, other: Float64Array, times: number): void {
  for (let it = 0; it < to.length; it += 1) to[it]! += times * other[it]!;
}
