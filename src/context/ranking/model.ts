/**
 * The ranker: a linear part, and small trees over it. Every tree asks the same few questions of each row
 * (an oblivious tree), so its answer is one entry of a short list. Pure.
 */
import { z } from 'zod';

export const Tree = z.object({
  /** Column of each question. */
  columns: z.array(z.number().int().nonnegative()),
  /** A row answers yes when its value is above. */
  thresholds: z.array(z.number()),
  /** 2^questions values; question i sets bit i. */
  leaves: z.array(z.number()),
});
export type Tree = z.infer<typeof Tree>;

export const RankingModel = z.object({
  /** Repositories whose changes it was fitted to, where that is known of this model alone. */
  fittedOn: z.array(z.string()).optional(),
  columns: z.array(z.string()),
  /** Per column; a row's score begins with the sum of products. */
  linear: z.array(z.number()),
  trees: z.array(Tree),
});
export type RankingModel = z.infer<typeof RankingModel>;

/** All models that ship, by task, with what they were fitted on. */
export const RankingWeights = z.object({
  version: z.number().int(),
  fittedOn: z.array(z.string()),
  models: z.record(z.string(), RankingModel),
});
export type RankingWeights = z.infer<typeof RankingWeights>;

/** One score per row. `values` is row by row, in the model's columns. */
export function scoreRows(model: RankingModel, values: Float32Array): Float64Array {
  const width = model.columns.length;
  const rows = values.length / width;
  const scores = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    const at = row * width;
    let score = 0;
    for (let column = 0; column < width; column += 1)
      score += model.linear[column]! * values[at + column]!;
    for (const tree of model.trees) score += tree.leaves[leafOf(tree, values, at)]!;
    scores[row] = score;
  }
  return scores;
}

function leafOf(tree: Tree, values: Float32Array, at: number): number {
  let leaf = 0;
  for (let question = 0; question < tree.columns.length; question += 1) {
    if (values[at + tree.columns[question]!]! > tree.thresholds[question]!) leaf |= 1 << question;
  }
  return leaf;
}
