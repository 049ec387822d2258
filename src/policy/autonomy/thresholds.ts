/**
 * Thresholds by kind of change and tier: how far each keeps the declared bound, and what that leaves to
 * ship alone. Pure; where they stand is kept by threshold-store.ts.
 */
import { z } from 'zod';
import type { Limits, Place } from '../facts.ts';
import { type AssessedRisk, ceilingOf } from '../repository-risk.ts';
import { MIN_KNOWN_DEFECTS } from '../risk/index.ts';
import { isBoundPassed, tighteningFor } from './slip.ts';

/** Every kind of change, or every tier. */
export const ALL = '*';

export const AutonomyThreshold = z.object({
  repository: z.string(),
  /** `code`, `operations`, `docs-and-tests`, or `*` for all of them. */
  changeClass: z.string(),
  /** `*` is every tier. */
  tier: z.string(),
  boundPerMille: z.int().nullable(),
  landed: z.int(),
  shippedAlone: z.int(),
  defects: z.int(),
  /** Of these, shipped alone. */
  slipped: z.int(),
  /** Part of the bound that is left to use, above 0 to 1. */
  tightening: z.number(),
  /** Most points that ship alone by the scores of harmful changes; null where the model of code says it, or too little is known. */
  ceiling: z.int().nullable(),
  /** `cold`: fewer known defects than a threshold of one's own takes. */
  phase: z.enum(['cold', 'warm']),
  alarmSince: z.date().nullable(),
  changedAt: z.date(),
});
export type AutonomyThreshold = z.infer<typeof AutonomyThreshold>;

export interface ThresholdCounts {
  boundPerMille: number | null;
  landed: number;
  shippedAlone: number;
  defects: number;
  slipped: number;
  /** Scores of the harmful changes, rising; of changes that are scored by counting. */
  harmfulScores: readonly number[];
}

/** Where a threshold stands by what happened. `since`: when its alarm began, if it is on. */
export function thresholdBy(counts: ThresholdCounts, since: Date | null, now: Date) {
  const bound = (counts.boundPerMille ?? 0) / 1000;
  const tightening = counts.boundPerMille === null ? 1 : tighteningFor(bound, counts);
  const isAlarmed = counts.boundPerMille !== null && isBoundPassed(bound, counts);
  return {
    tightening: Math.round(tightening * 1000) / 1000,
    ceiling:
      counts.boundPerMille === null
        ? null
        : ceilingByScores(counts.harmfulScores, bound * tightening),
    alarmSince: isAlarmed ? (since ?? now) : null,
  };
}

/**
 * Highest whole score below which at most `bound` of the harmful changes lie, with the (k / (n + 1))
 * correction of split conformal prediction; null with fewer than it takes to say anything.
 */
export function ceilingByScores(harmful: readonly number[], bound: number): number | null {
  if (harmful.length < MIN_KNOWN_DEFECTS) return null;
  const slipping = Math.floor(bound * (harmful.length + 1));
  const first = harmful[slipping];
  return first === undefined ? 100 : Math.max(0, Math.ceil(first) - 1);
}

/** What a change may use, of its kind and of every tier it touches; the tightest counts. */
export function limitsFor(
  thresholds: readonly AutonomyThreshold[],
  place: Place,
  promise: { boundPerMille: number | null; assessed: AssessedRisk | null },
): Limits {
  const { boundPerMille, assessed } = promise;
  if (boundPerMille === null)
    return { ceiling: undefined, isCold: false, isOperationsAlarmed: false };
  const { changeClass, tiers } = place;
  const own = thresholds.filter(
    (each) =>
      (each.changeClass === ALL || each.changeClass === changeClass) &&
      (each.tier === ALL || tiers.includes(each.tier)),
  );
  const ofClass = thresholds.find((each) => each.changeClass === changeClass && each.tier === ALL);
  const tightening = Math.min(1, ...own.map((each) => each.tightening));
  const known = assessed?.knownDefects ?? ofClass?.defects ?? 0;
  return {
    ceiling:
      changeClass === 'code'
        ? ceilingOf(boundPerMille * tightening, assessed)
        : least(own.flatMap(({ ceiling }) => ceiling ?? [])),
    isCold: changeClass !== 'docs-and-tests' && known < MIN_KNOWN_DEFECTS,
    isOperationsAlarmed:
      place.touchesOperations &&
      thresholds.some(
        (each) =>
          each.changeClass === 'operations' &&
          (each.tier === ALL || tiers.includes(each.tier)) &&
          each.alarmSince !== null,
      ),
  };
}

function least(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values);
}

/** The thresholds an outcome counts for. */
export function placesOf({
  changeClass,
  tiers,
}: {
  changeClass: string;
  tiers: readonly string[];
}): { changeClass: string; tier: string }[] {
  return [
    { changeClass: ALL, tier: ALL },
    { changeClass, tier: ALL },
    ...tiers.map((tier) => ({ changeClass, tier })),
  ];
}
