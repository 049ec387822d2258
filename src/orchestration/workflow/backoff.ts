/** How long a failed attempt waits before the next one. */

const LONGEST_MS = 60 * 60 * 1_000;

/**
 * Doubles with every attempt up to an hour, then loses up to half at random, so that what failed
 * together does not come back together. `random` is in [0, 1).
 */
export function backoffDelayMs(baseMs: number, attempt: number, random = Math.random()): number {
  const full = Math.min(baseMs * 2 ** Math.max(0, attempt - 1), LONGEST_MS);
  return Math.round(full * (1 - random / 2));
}
