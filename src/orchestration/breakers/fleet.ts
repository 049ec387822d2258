/** When starts of many sessions are held back. Pure. */

export interface FleetLimits {
  /** Failed sessions within the window that open a breaker, when most failed. */
  failures: number;
  windowMinutes: number;
  /** First wait before a probe; doubled with each failed probe, up to eight times. */
  cooldownMinutes: number;
  /** Days of reviewing that may wait before new starts are held back. */
  reviewDays: number;
  /** Waiting reviews that are always fine. */
  reviewFloor: number;
}

const MOST_FAILED = 0.8;
const LONGEST = 8;
/** An outage shows at once, on every session. */
const PROVIDER_FAILURES = 3;
export const PROVIDER_WINDOW_MINUTES = 5;
/** How long a probe may take before another is allowed. */
export const PROBE_MINUTES = 15;
/** How long somebody waits who is held back by the queue of reviews. */
export const REVIEW_WAIT_MINUTES = 10;

export function opensForFailures(
  { failed, total }: { failed: number; total: number },
  limits: FleetLimits,
): boolean {
  return failed >= limits.failures && failed >= MOST_FAILED * total;
}

export function opensForProvider(troubles: number): boolean {
  return troubles >= PROVIDER_FAILURES;
}

/** `openings` counts from 1. In minutes. */
export function cooldownMinutes(openings: number, limits: FleetLimits): number {
  return limits.cooldownMinutes * Math.min(LONGEST, 2 ** Math.max(0, openings - 1));
}

/** How many reviews may wait: what people decided per day of the last two weeks, times the days allowed. */
export function reviewCapacity(
  { decided, days }: { decided: number; days: number },
  limits: FleetLimits,
): number {
  return Math.max(limits.reviewFloor, Math.round((decided / days) * limits.reviewDays));
}
