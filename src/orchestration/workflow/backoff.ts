/** How long a failed attempt waits before the next one. */
import type { BackoffTerms } from '../workflow-graph.ts';

/** Doubles up to an hour, and loses up to half at random. */
export const USUAL_BACKOFF: BackoffTerms = { factor: 2, longestMs: 3_600_000, jitter: 0.5 };

/**
 * Grows with every attempt up to the longest pause, then loses up to the part called jitter at
 * random, so that what failed together does not come back together. `random` is in [0, 1).
 */
export function backoffDelayMs(
  baseMs: number,
  attempt: number,
  random = Math.random(),
  { factor, longestMs, jitter }: BackoffTerms = USUAL_BACKOFF,
): number {
  const full = Math.min(baseMs * factor ** Math.max(0, attempt - 1), longestMs);
  return Math.round(full * (1 - random * jitter));
}
