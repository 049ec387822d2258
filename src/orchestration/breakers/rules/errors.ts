/** The same class of error from changing calls: the calls differ, the wall does not. */
import type { Reading } from '../read-step.ts';
import { type BreakerState, LIMITS, remember } from '../state.ts';
import type { Thresholds } from '../thresholds.ts';
import type { Finding } from './finding.ts';

/** Guessing where a file lies is how one looks around. */
const MORE_FOR_LOOKING = 2;
/** What works between two errors of a class speaks against a wall. */
const RELIEF = 0.5;

export function judgeErrors(
  state: BreakerState,
  reading: Reading,
  step: { at: number; isNew: boolean; isProgress: boolean },
  limits: Thresholds,
): Finding | undefined {
  const { result, run, call, purpose, poll } = reading;
  if (step.isProgress) {
    for (const it of state.errors) it.score *= RELIEF;
  } else if (!result.hasFailed && !result.isEmpty && step.isNew) {
    for (const it of state.errors) it.score = Math.max(0, it.score - RELIEF);
  }
  state.errors = state.errors.filter(({ score }) => score > 0);
  // Who waits for something asks until the answer is yes.
  const isWaiting = poll !== null && poll.handle !== 'dead';
  if (!result.hasFailed || isWaiting || run?.kind === 'tests') return undefined;

  let known = state.errors.find(({ error }) => error === result.error);
  if (known === undefined) {
    known = { error: result.error, score: 0, steps: [] };
    remember(state.errors, known, LIMITS.errors);
  }
  known.score += 1;
  remember(known.steps, step.at, LIMITS.evidence);

  const isLook = call.kind === 'read' || call.kind === 'search' || purpose === 'look';
  const limit = limits.sameError + (isLook ? MORE_FOR_LOOKING : 0);
  if (known.score < limit - 1) return undefined;
  return {
    rule: 'same-error',
    level: known.score >= limit ? 'hit' : 'near',
    reason: `The same error came ${known.steps.length} times, whatever was called.`,
    advice:
      'More variants will meet the same error. Remove its cause (permission, missing tool, network), or report it and stop.',
    evidence: [...known.steps],
  };
}
