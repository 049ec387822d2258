/**
 * Models of many small decision trees. A tree is one line of text, read in order: `title<0.2` asks, first
 * comes what holds below, then what holds from there on; a bare number is what the tree adds to the
 * log-odds. Pure.
 */
import type { Features } from './models.ts';

export interface TreeModel {
  /** Log-odds before any tree. */
  bias: number;
  trees: readonly string[];
}

/** A leaf is the number it adds. */
export type Tree = { feature: string; limit: number; below: Tree; above: Tree } | { adds: number };

const read = new WeakMap<TreeModel, readonly Tree[]>();

/** The likelihood, 0 to 1. A feature the model names and the evidence lacks is our bug. */
export function scoreOfTrees(model: TreeModel, features: Features): number {
  return 1 / (1 + Math.exp(-oddsOfTrees(model, features)));
}

/** The same as log-odds. */
export function oddsOfTrees(model: TreeModel, features: Features): number {
  let trees = read.get(model);
  if (trees === undefined) read.set(model, (trees = model.trees.map(readTree)));
  return trees.reduce((sum, tree) => sum + leafOf(tree, features), model.bias);
}

/** What one tree adds. */
export function leafOf(tree: Tree, features: Features): number {
  let at = tree;
  while ('feature' in at) {
    const value = features[at.feature];
    if (value === undefined) throw new Error(`no feature ${at.feature}`);
    at = value < at.limit ? at.below : at.above;
  }
  return at.adds;
}

export function writeTree(tree: Tree): string {
  if ('adds' in tree) return String(tree.adds);
  return `${tree.feature}<${tree.limit} ${writeTree(tree.below)} ${writeTree(tree.above)}`;
}

export function readTree(text: string): Tree {
  const words = text.split(' ');
  let at = 0;
  const next = (): Tree => {
    const word = words[at++];
    if (word === undefined) throw new Error(`a tree that ends too early: ${text}`);
    const [feature, limit] = word.split('<');
    if (limit === undefined) return { adds: Number(feature) };
    return { feature: feature!, limit: Number(limit), below: next(), above: next() };
  };
  return next();
}
