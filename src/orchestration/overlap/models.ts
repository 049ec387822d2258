/** Small fixed models over named features. Pure. */
import type { TreeModel } from './trees.ts';
import trees from './same-work-trees.json' with { type: 'json' };
import shipped from './weights.json' with { type: 'json' };

export type Features = Readonly<Record<string, number>>;

export interface LinearModel {
  bias: number;
  weights: Readonly<Record<string, number>>;
}

export type ModelName = 'lines' | 'prefix' | 'intent' | 'sameWorkWithFiles';

/** The weights that come with the program; how they were found is told in docs/overlap.md. */
export const SHIPPED: Readonly<Record<ModelName, LinearModel>> = shipped;

/** Whether two texts ask for the same work. */
export const SAME_WORK: TreeModel = trees;

/** A likelihood, 0 to 1. A feature the model names and the evidence lacks is our bug. */
export function scoreOf(model: LinearModel, features: Features): number {
  let sum = model.bias;
  for (const [name, weight] of Object.entries(model.weights)) {
    const value = features[name];
    if (value === undefined) throw new Error(`no feature ${name}`);
    sum += weight * value;
  }
  return 1 / (1 + Math.exp(-sum));
}
