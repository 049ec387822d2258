/**
 * Keeps a declared bound: of all defective changes, at most this share ships alone. The threshold is
 * taken from what past changes would have slipped, and moves with what really slipped.
 */
import type { SlipCurve } from './model.ts';

/** What happened under a bound so far, among changes whose defects had time to be found. */
export interface RealisedSlip {
  /** Defective changes, shipped or not. */
  defects: number;
  /** Of these, shipped alone. */
  slipped: number;
}

/** Part of the bound that is aimed at; the rest is for chance and drift. */
const SAFETY = 0.82;
/** Defects that a repository must show before its own slip outweighs the plan. */
const PRIOR_DEFECTS = 20;
const LOWEST = 0.4;
const HIGHEST = 1.15;

/** The slip to aim at now, 0 to 1: below the bound, lower after too much slipped, higher after little. */
export function targetSlip(bound: number, { defects, slipped }: RealisedSlip): number {
  const aim = SAFETY * bound;
  const realised = (slipped + PRIOR_DEFECTS * aim) / (defects + PRIOR_DEFECTS);
  const steered = aim * (2 - realised / aim);
  return Math.min(bound * HIGHEST, Math.max(aim * LOWEST, steered));
}

/** Highest log odds that keep the expected slip within `target`; -Infinity where nothing does. */
export function thresholdAt({ logits, shares }: SlipCurve, target: number): number {
  let threshold = Number.NEGATIVE_INFINITY;
  for (let point = 0; point < shares.length && shares[point]! <= target; point += 1)
    threshold = logits[point]!;
  return threshold;
}

/** Log odds at or below which a change may ship alone under a bound (a share, such as 0.05). */
export function thresholdFor(slip: SlipCurve, bound: number, realised: RealisedSlip): number {
  return thresholdAt(slip, targetSlip(bound, realised));
}
