/**
 * The promise against what happened: how much of the harm shipped alone, whether that is more than was
 * declared beyond chance, and how much tighter that makes the threshold. Pure.
 */
import { type RealisedSlip, targetSlip } from '../risk/index.ts';

/** Chance below which more harm than declared is no accident any more. */
const ALARM_CHANCE = 0.05;
const NOTHING_YET: RealisedSlip = { defects: 0, slipped: 0 };

/**
 * Whether the declared bound (a share, such as 0.05) is passed: so many slipped that, were the bound
 * kept, this many or more would be seen in less than one case of twenty.
 */
export function isBoundPassed(bound: number, { defects, slipped }: RealisedSlip): boolean {
  return slipped > 0 && binomialTail(defects, slipped, bound) < ALARM_CHANCE;
}

/** Part of the bound that is left to use, above 0 to 1: 1 while no more slipped than was aimed at. */
export function tighteningFor(bound: number, realised: RealisedSlip): number {
  if (bound <= 0) return 1;
  return Math.min(1, targetSlip(bound, realised) / targetSlip(bound, NOTHING_YET));
}

/** Chance of `least` or more successes in `trials`, each with chance `each`. Summed term by term. */
export function binomialTail(trials: number, least: number, each: number): number {
  if (least <= 0) return 1;
  if (least > trials || each <= 0) return 0;
  if (each >= 1) return 1;
  let below = 0;
  // Logarithms, for the first term is far below what a double holds.
  let term = trials * Math.log1p(-each);
  for (let count = 0; count < least; count += 1) {
    below += Math.exp(term);
    term += Math.log((trials - count) / (count + 1)) + Math.log(each) - Math.log1p(-each);
  }
  return Math.max(0, 1 - below);
}
