/** Fits the small linear models: weighted logistic regression by gradient descent. Pure. */
import type { Features, LinearModel } from './models.ts';

export interface Example {
  features: Features;
  isPositive: boolean;
  weight: number;
}

const STEPS = 800;
const RATE = 1;

/**
 * Features are brought to mean 0 and deviation 1 first; the model that comes out takes them as they are.
 * @param strength of the pull towards zero (L2)
 */
export function fitLinear(
  examples: readonly Example[],
  names: readonly string[],
  strength: number,
): LinearModel {
  const total = examples.reduce((sum, { weight }) => sum + weight, 0);
  const means = names.map((name) => {
    return (
      examples.reduce((sum, { features, weight }) => sum + weight * features[name]!, 0) / total
    );
  });
  const deviations = names.map((name, at) => {
    const squares = examples.reduce(
      (sum, { features, weight }) => sum + weight * (features[name]! - means[at]!) ** 2,
      0,
    );
    return Math.sqrt(squares / total) || 1;
  });
  const rows = examples.map(({ features }) =>
    names.map((name, at) => (features[name]! - means[at]!) / deviations[at]!),
  );
  const weights = new Float64Array(names.length);
  let bias = 0;
  for (let step = 0; step < STEPS; step += 1) {
    const gradient = new Float64Array(names.length);
    let biasGradient = 0;
    for (const [at, row] of rows.entries()) {
      let sum = bias;
      for (let column = 0; column < row.length; column += 1) sum += weights[column]! * row[column]!;
      const { isPositive, weight } = examples[at]!;
      const error = ((1 / (1 + Math.exp(-sum)) - (isPositive ? 1 : 0)) * weight) / total;
      for (let column = 0; column < row.length; column += 1)
        gradient[column]! += error * row[column]!;
      biasGradient += error;
    }
    for (let column = 0; column < weights.length; column += 1)
      weights[column]! -= RATE * (gradient[column]! + strength * weights[column]!);
    bias -= RATE * biasGradient;
  }
  const scaled = names.map((name, at) => [name, weights[at]! / deviations[at]!] as const);
  return {
    bias: bias - scaled.reduce((sum, [, weight], at) => sum + weight * means[at]!, 0),
    weights: Object.fromEntries(scaled),
  };
}
