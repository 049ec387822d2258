/**
 * Fits models of small trees: gradient boosting of the logistic loss with Newton leaves (Friedman 2001,
 * Chen and Guestrin 2016), over features cut into a few steps. The same examples give the same model. Pure.
 */
import type { Example } from './fit.ts';
import { leafOf, type Tree, type TreeModel, writeTree } from './trees.ts';

const TREES = 100;
const DEPTH = 3;
/** How much of what a leaf would say it may say. */
const RATE = 0.1;
/** The pull of a leaf towards saying nothing. */
const CAUTION = 5;
const STEPS = 16;
const MIN_EXAMPLES = 40;
const MIN_GAIN = 0.01;
/** Each tree sees a part of the examples and of the features: together they err less. */
const EXAMPLE_SHARE = 0.6;
const FEATURE_SHARE = 0.5;
const DIGITS = 4;

interface Sums {
  slope: Float64Array;
  curve: Float64Array;
  count: Int32Array;
}

export function fitTrees(examples: readonly Example[], names: readonly string[]): TreeModel {
  const random = dice(1);
  const total = examples.reduce((sum, { weight }) => sum + weight, 0);
  const weights = examples.map(({ weight }) => (weight * examples.length) / total);
  const positive = examples.reduce((sum, one, at) => sum + (one.isPositive ? weights[at]! : 0), 0);
  const bias = Math.log(positive / (examples.length - positive));
  const limits = names.map((name) => limitsOf(examples.map(({ features }) => features[name]!)));
  const steps = names.map((name, at) =>
    Uint8Array.from(examples, ({ features }) => stepOf(limits[at]!, features[name]!)),
  );
  const odds = new Float64Array(examples.length).fill(bias);
  const slope = new Float64Array(examples.length);
  const curve = new Float64Array(examples.length);

  function grow(members: Int32Array, depth: number, features: readonly number[]): Tree {
    const split =
      depth === 0 || members.length < 2 * MIN_EXAMPLES ? undefined : bestSplit(members, features);
    if (split === undefined) {
      let [up, down] = [0, CAUTION];
      for (const at of members) {
        up += slope[at]!;
        down += curve[at]!;
      }
      return { adds: round((RATE * up) / down) };
    }
    const isBelow = (at: number) => steps[split.feature]![at]! < split.step;
    return {
      feature: names[split.feature]!,
      limit: limits[split.feature]![split.step - 1]!,
      below: grow(members.filter(isBelow), depth - 1, features),
      above: grow(
        members.filter((at) => !isBelow(at)),
        depth - 1,
        features,
      ),
    };
  }

  function bestSplit(
    members: Int32Array,
    features: readonly number[],
  ): { feature: number; step: number } | undefined {
    let best: { feature: number; step: number } | undefined;
    let bestGain = MIN_GAIN;
    for (const feature of features) {
      const sums = sumBySteps(members, steps[feature]!);
      const [slopes, curves] = [sum(sums.slope), sum(sums.curve)];
      let [slopeBelow, curveBelow, below] = [0, 0, 0];
      for (let step = 1; step <= limits[feature]!.length; step += 1) {
        slopeBelow += sums.slope[step - 1]!;
        curveBelow += sums.curve[step - 1]!;
        below += sums.count[step - 1]!;
        if (below < MIN_EXAMPLES || members.length - below < MIN_EXAMPLES) continue;
        const gain =
          slopeBelow ** 2 / (curveBelow + CAUTION) +
          (slopes - slopeBelow) ** 2 / (curves - curveBelow + CAUTION) -
          slopes ** 2 / (curves + CAUTION);
        if (gain > bestGain) [best, bestGain] = [{ feature, step }, gain];
      }
    }
    return best;
  }

  function sumBySteps(members: Int32Array, of: Uint8Array): Sums {
    const sums = {
      slope: new Float64Array(STEPS + 1),
      curve: new Float64Array(STEPS + 1),
      count: new Int32Array(STEPS + 1),
    };
    for (const at of members) {
      const step = of[at]!;
      sums.slope[step]! += slope[at]!;
      sums.curve[step]! += curve[at]!;
      sums.count[step]! += 1;
    }
    return sums;
  }

  const trees: string[] = [];
  for (let turn = 0; turn < TREES; turn += 1) {
    for (const [at, { isPositive }] of examples.entries()) {
      const likelihood = 1 / (1 + Math.exp(-odds[at]!));
      slope[at] = weights[at]! * ((isPositive ? 1 : 0) - likelihood);
      curve[at] = weights[at]! * likelihood * (1 - likelihood);
    }
    const members = Int32Array.from(examples.keys()).filter(() => random() < EXAMPLE_SHARE);
    const features = [...names.keys()].filter(() => random() < FEATURE_SHARE);
    const tree = grow(members, DEPTH, features);
    for (const [at, example] of examples.entries()) odds[at]! += leafOf(tree, example.features);
    trees.push(writeTree(tree));
  }
  return { bias: round(bias), trees };
}

/** The values that cut a feature into steps of as many examples each, rising. */
function limitsOf(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const limits = new Set<number>();
  for (let step = 1; step < STEPS; step += 1) {
    const limit = round(sorted[Math.floor((step * sorted.length) / STEPS)]!);
    if (limit > sorted[0]!) limits.add(limit);
  }
  return [...limits];
}

/** How many limits a value reaches. */
function stepOf(limits: readonly number[], value: number): number {
  let step = 0;
  while (step < limits.length && value >= limits[step]!) step += 1;
  return step;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function round(value: number): number {
  return Number(value.toFixed(DIGITS));
}

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
