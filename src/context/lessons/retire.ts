/**
 * When a lesson has lost: the changes of sessions that heard it failed (were rejected, reverted or
 * merged only after a refusal) more often than those of agents in the repository do at large, by more
 * than chance. Pure.
 */
import type { Tally } from './outcome-store.ts';

/** Fewer changes than this say nothing. */
const MIN_SETTLED = 6;
/** One-sided 90 %. */
const Z = 1.2816;

export function isLosing(own: Tally, all: Tally): boolean {
  if (own.settled < MIN_SETTLED || all.settled === 0) return false;
  const others = { settled: all.settled - own.settled, failed: all.failed - own.failed };
  // Where nobody worked without the lesson, there is nothing to compare with but a coin.
  const usual = others.settled < MIN_SETTLED ? 0.5 : others.failed / others.settled;
  return wilsonLow(own.failed, own.settled) > usual;
}

/** Lower end of Wilson's score interval for a share (Wilson 1927). */
export function wilsonLow(hits: number, trials: number): number {
  if (trials === 0) return 0;
  const share = hits / trials;
  const square = Z * Z;
  const centre = share + square / (2 * trials);
  const spread = Z * Math.sqrt((share * (1 - share)) / trials + square / (4 * trials * trials));
  return Math.max(0, (centre - spread) / (1 + square / trials));
}
