/**
 * Fits a ranking model to questions whose answers are known: a pairwise logistic linear part, then
 * LambdaMART (gradients weighted by what swapping two rows would change in NDCG) with oblivious trees.
 * https://www.microsoft.com/en-us/research/publication/from-ranknet-to-lambdarank-to-lambdamart-an-overview/
 * Deterministic: the same rows and settings give the same model. Pure.
 */
import { fitListwise, type ListwiseOptions } from './listwise.ts';
import type { RankingModel, Tree } from './model.ts';
import { scoreRows } from './model.ts';

/** The candidates of one question. */
export interface LabelledRows {
  /** Row by row. */
  values: Float32Array;
  /** Row numbers of right answers. */
  right: readonly number[];
  /** How much the question counts; 1 unless given. */
  weight?: number;
}

export interface TrainOptions {
  columns: readonly string[];
  trees: number;
  depth: number;
  learningRate: number;
  /** Share of questions, and of columns, each tree looks at. */
  questionShare: number;
  columnShare: number;
  /** Adds to the second derivatives of a leaf: larger means smaller steps. */
  leafRegularisation: number;
  linearEpochs: number;
  linearDecay: number;
  bins: number;
  /** The linear part is the mean of the pairwise fit and a listwise one. Not together with `from`. */
  listwise?: ListwiseOptions;
  /** Begin with this model and stay close to it; its trees are kept, and counted with, as they are. */
  from?: RankingModel;
}

export const TRAIN_DEFAULTS: Omit<TrainOptions, 'columns' | 'from' | 'listwise'> = {
  trees: 200,
  depth: 4,
  learningRate: 0.08,
  questionShare: 0.6,
  columnShare: 0.5,
  leafRegularisation: 5,
  linearEpochs: 12,
  linearDecay: 1e-3,
  bins: 32,
};

const NDCG_DEPTH = 20;

export function trainModel(
  questions: readonly LabelledRows[],
  given: Partial<TrainOptions> & Pick<TrainOptions, 'columns'>,
): RankingModel {
  const options = { ...TRAIN_DEFAULTS, ...given };
  const random = makeRandom(7);
  const usable = questions.filter(
    ({ right, values }) =>
      right.length > 0 && values.length / options.columns.length > right.length,
  );
  const pairwise = fitLinear(usable, options, random);
  const linear =
    options.listwise === undefined
      ? pairwise
      : meanOf(
          pairwise,
          fitListwise(usable, spreadOf(usable, options.columns.length), options.listwise),
          usable,
          options.columns,
        );
  const trees = options.from?.trees ?? [];
  const start: RankingModel = { columns: [...options.columns], linear, trees };
  return { ...start, trees: [...trees, ...boost(usable, start, options, random)] };
}

/**
 * Pairwise logistic regression by AdaGrad steps: each right row against hard and random wrong ones. The
 * decay pulls towards the weights it begins with: 0, or those of another model.
 */
function fitLinear(
  questions: readonly LabelledRows[],
  options: TrainOptions,
  random: () => number,
): number[] {
  const width = options.columns.length;
  const { mean, scale } = spreadOf(questions, width);
  const { from } = options;
  const before = Float64Array.from(scale, (it, column) => (from?.linear[column] ?? 0) * it);
  const weights = before.slice();
  const squares = new Float64Array(width).fill(from === undefined ? 1e-6 : 1);
  const zeros = Array.from(before, () => 0);
  const kept = questions.map(({ values }) =>
    from === undefined ? undefined : scoreRows({ ...from, linear: zeros }, values),
  );
  for (let epoch = 0; epoch < options.linearEpochs; epoch += 1) {
    for (const [index, { values, right, weight = 1 }] of questions.entries()) {
      const rows = values.length / width;
      const scores = Float64Array.from({ length: rows }, (_, row) => {
        let score = kept[index]?.[row] ?? 0;
        for (let column = 0; column < width; column += 1)
          score +=
            (weights[column]! * (values[row * width + column]! - mean[column]!)) / scale[column]!;
        return score;
      });
      const isRight = new Set(right);
      const wrong = Array.from({ length: rows }, (_, row) => row).filter(
        (row) => !isRight.has(row),
      );
      if (wrong.length === 0) continue;
      const hard = wrong.toSorted((a, b) => scores[b]! - scores[a]!).slice(0, 30);
      for (const row of right) {
        for (let turn = 0; turn < 9; turn += 1) {
          const pool = turn % 3 < 2 ? hard : wrong;
          const other = pool[Math.floor(random() * pool.length)]!;
          const push =
            -weight / (1 + Math.exp(scores[row]! - scores[other]!)) / Math.sqrt(right.length);
          for (let column = 0; column < width; column += 1) {
            const difference =
              (values[row * width + column]! - values[other * width + column]!) / scale[column]!;
            const gradient =
              push * difference + options.linearDecay * (weights[column]! - before[column]!);
            squares[column]! += gradient * gradient;
            weights[column]! -= (0.05 * gradient) / Math.sqrt(squares[column]!);
          }
        }
      }
    }
  }
  return Array.from(weights, (weight, column) => round(weight / scale[column]!));
}

/** The mean of two linear models, each first brought to the same spread of scores within a question. */
function meanOf(
  a: readonly number[],
  b: readonly number[],
  questions: readonly LabelledRows[],
  columns: readonly string[],
): number[] {
  const spread = (linear: readonly number[]) => {
    let squares = 0;
    let rows = 0;
    for (const { values } of questions) {
      const scores = scoreRows({ columns: [...columns], linear: [...linear], trees: [] }, values);
      const mean = scores.reduce((sum, it) => sum + it, 0) / Math.max(1, scores.length);
      squares += scores.reduce((sum, it) => sum + (it - mean) ** 2, 0);
      rows += scores.length;
    }
    return Math.sqrt(squares / Math.max(1, rows)) || 1;
  };
  const left = spread(a);
  const right = spread(b);
  return a.map((weight, at) => round(((weight / left + b[at]! / right) * (left + right)) / 4));
}

function spreadOf(
  questions: readonly LabelledRows[],
  width: number,
): { mean: Float64Array; scale: Float64Array } {
  const mean = new Float64Array(width);
  const square = new Float64Array(width);
  let rows = 0;
  for (const { values } of questions) {
    for (let at = 0; at < values.length; at += 1) {
      mean[at % width]! += values[at]!;
      square[at % width]! += values[at]! ** 2;
    }
    rows += values.length / width;
  }
  const scale = new Float64Array(width);
  for (let column = 0; column < width; column += 1) {
    mean[column]! /= Math.max(1, rows);
    const variance = square[column]! / Math.max(1, rows) - mean[column]! ** 2;
    scale[column] = variance > 1e-9 ? Math.sqrt(variance) : 1;
  }
  return { mean, scale };
}

function boost(
  questions: readonly LabelledRows[],
  start: RankingModel,
  options: TrainOptions,
  random: () => number,
): Tree[] {
  const width = options.columns.length;
  const borders = bordersOf(questions, width, options.bins);
  const binned = questions.map(({ values }) => {
    const bins = new Uint8Array(values.length);
    for (let at = 0; at < values.length; at += 1)
      bins[at] = binOf(borders[at % width]!, values[at]!);
    return bins;
  });
  const scores = questions.map(({ values }) => scoreRows(start, values));
  const trees: Tree[] = [];
  for (let turn = 0; turn < options.trees; turn += 1) {
    const chosen = questions.flatMap((_, index) =>
      random() < options.questionShare ? [index] : [],
    );
    const columns = pickColumns(width, options.columnShare, random);
    const sample = gatherSample(questions, scores, chosen);
    const tree = growTree(sample, binned, { borders, columns, width }, options);
    if (tree === undefined) continue;
    trees.push(tree);
    questions.forEach(({ values }, index) => {
      const own = scores[index]!;
      const added = scoreRows(
        { ...start, linear: Array.from({ length: width }, () => 0), trees: [tree] },
        values,
      );
      for (let row = 0; row < own.length; row += 1) own[row]! += added[row]!;
    });
  }
  return trees;
}

interface Sample {
  question: Int32Array;
  row: Int32Array;
  gradient: Float64Array;
  curvature: Float64Array;
}

function gatherSample(
  questions: readonly LabelledRows[],
  scores: readonly Float64Array[],
  chosen: readonly number[],
): Sample {
  const total = chosen.reduce((sum, index) => sum + scores[index]!.length, 0);
  const sample: Sample = {
    question: new Int32Array(total),
    row: new Int32Array(total),
    gradient: new Float64Array(total),
    curvature: new Float64Array(total),
  };
  let at = 0;
  for (const index of chosen) {
    const rows = scores[index]!.length;
    const { right, weight = 1 } = questions[index]!;
    addLambdas(scores[index]!, right, weight, sample, at);
    for (let row = 0; row < rows; row += 1) {
      sample.question[at + row] = index;
      sample.row[at + row] = row;
    }
    at += rows;
  }
  return sample;
}

/** Each right row is pushed up past each wrong one, as much as NDCG would gain if they swapped. */
function addLambdas(
  scores: Float64Array,
  right: readonly number[],
  weight: number,
  { gradient, curvature }: Sample,
  at: number,
): void {
  const order = Array.from(scores.keys()).toSorted((a, b) => scores[b]! - scores[a]! || a - b);
  const discount = new Float64Array(scores.length);
  order.forEach((row, place) => {
    discount[row] = place < NDCG_DEPTH ? 1 / Math.log2(place + 2) : 0.1 / Math.log2(place + 2);
  });
  let ideal = 0;
  for (let place = 0; place < Math.min(right.length, NDCG_DEPTH); place += 1)
    ideal += 1 / Math.log2(place + 2);
  const isRight = new Set(right);
  for (const up of right) {
    for (let down = 0; down < scores.length; down += 1) {
      if (isRight.has(down)) continue;
      const gain = (Math.abs(discount[up]! - discount[down]!) / ideal) * weight;
      const doubt = 1 / (1 + Math.exp(scores[up]! - scores[down]!));
      const push = gain * doubt;
      const bend = gain * doubt * (1 - doubt);
      gradient[at + up]! += push;
      gradient[at + down]! -= push;
      curvature[at + up]! += bend;
      curvature[at + down]! += bend;
    }
  }
}

function growTree(
  sample: Sample,
  binned: readonly Uint8Array[],
  shape: { borders: readonly Float64Array[]; columns: readonly number[]; width: number },
  options: TrainOptions,
): Tree | undefined {
  const { borders, columns, width } = shape;
  const total = sample.row.length;
  const leaf = new Uint8Array(total);
  const tree: Tree = { columns: [], thresholds: [], leaves: [] };
  for (let level = 0; level < options.depth; level += 1) {
    const leaves = 1 << level;
    let best = { gain: 1e-9, column: -1, border: -1 };
    for (const column of columns) {
      const count = borders[column]!.length;
      if (count === 0) continue;
      const gradients = new Float64Array(leaves * (count + 1));
      const curvatures = new Float64Array(leaves * (count + 1));
      for (let at = 0; at < total; at += 1) {
        const cell =
          leaf[at]! * (count + 1) +
          binned[sample.question[at]!]![sample.row[at]! * width + column]!;
        gradients[cell]! += sample.gradient[at]!;
        curvatures[cell]! += sample.curvature[at]!;
      }
      const gains = splitGains(gradients, curvatures, leaves, count, options.leafRegularisation);
      gains.forEach((gain, border) => {
        if (gain > best.gain) best = { gain, column, border };
      });
    }
    if (best.column < 0) break;
    for (let at = 0; at < total; at += 1) {
      const bin = binned[sample.question[at]!]![sample.row[at]! * width + best.column]!;
      if (bin > best.border) leaf[at]! |= leaves;
    }
    tree.columns.push(best.column);
    tree.thresholds.push(borders[best.column]![best.border]!);
  }
  if (tree.columns.length === 0) return undefined;
  const gradients = new Float64Array(1 << tree.columns.length);
  const curvatures = new Float64Array(gradients.length);
  for (let at = 0; at < total; at += 1) {
    gradients[leaf[at]!]! += sample.gradient[at]!;
    curvatures[leaf[at]!]! += sample.curvature[at]!;
  }
  tree.leaves = Array.from(gradients, (gradient, index) =>
    round((options.learningRate * gradient) / (curvatures[index]! + options.leafRegularisation)),
  );
  return tree;
}

/** What each border gains over all leaves together. */
function splitGains(
  gradients: Float64Array,
  curvatures: Float64Array,
  leaves: number,
  borders: number,
  regularisation: number,
): Float64Array {
  const gains = new Float64Array(borders);
  for (let leaf = 0; leaf < leaves; leaf += 1) {
    const start = leaf * (borders + 1);
    let allGradient = 0;
    let allCurvature = 0;
    for (let bin = 0; bin <= borders; bin += 1) {
      allGradient += gradients[start + bin]!;
      allCurvature += curvatures[start + bin]!;
    }
    const whole = allGradient ** 2 / (allCurvature + regularisation);
    let gradient = 0;
    let curvature = 0;
    for (let border = 0; border < borders; border += 1) {
      gradient += gradients[start + border]!;
      curvature += curvatures[start + border]!;
      gains[border]! +=
        gradient ** 2 / (curvature + regularisation) +
        (allGradient - gradient) ** 2 / (allCurvature - curvature + regularisation) -
        whole;
    }
  }
  return gains;
}

/** Borders between bins, at quantiles of the values that occur. */
function bordersOf(
  questions: readonly LabelledRows[],
  width: number,
  bins: number,
): Float64Array[] {
  return Array.from({ length: width }, (_, column) => {
    const seen: number[] = [];
    questions.forEach(({ values }, index) => {
      for (let at = column; at < values.length; at += width * 4) seen.push(values[at]!);
      // Places near the top are few among all rows and matter most.
      for (const row of questions[index]!.right) seen.push(values[row * width + column]!);
    });
    const sorted = Float64Array.from(seen).toSorted();
    const distinct = [...new Set(sorted)];
    if (distinct.length <= bins) {
      return Float64Array.from(distinct.slice(0, -1), (value, at) =>
        round((value + distinct[at + 1]!) / 2),
      );
    }
    const borders = new Set<number>();
    // Half of the borders divide the rows evenly, half divide the positive values.
    const positive = sorted.subarray(sorted.findIndex((value) => value > sorted[0]!));
    for (const list of [sorted, positive]) {
      for (let at = 1; at < bins / 2; at += 1)
        borders.add(round(list[Math.floor((at * list.length) / (bins / 2))]!));
    }
    for (const share of [0.95, 0.975, 0.99, 0.995])
      borders.add(round(positive[Math.floor(share * positive.length)]!));
    return Float64Array.from(borders).toSorted();
  });
}

/** The number of borders below the value. */
function binOf(borders: Float64Array, value: number): number {
  let low = 0;
  let high = borders.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value > borders[middle]!) low = middle + 1;
    else high = middle;
  }
  return low;
}

function pickColumns(width: number, share: number, random: () => number): number[] {
  return Array.from({ length: width }, (_, column) => column).filter(() => random() < share);
}

/** A small generator of our own, so that models can be made again on any machine. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
