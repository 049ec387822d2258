/** The same class of error from changing calls: the calls differ, the wall does not. */
import type { Reading } from '../read-step.ts';
import { type BreakerState, LIMITS, remember } from '../state.ts';
import type { Thresholds } from '../thresholds.ts';
import type { Finding } from './finding.ts';

/** Guessing where a file lies is how one looks around. */
const MORE_FOR_LOOKING = 2;
/** What works between two errors of a class speaks against a wall. */
const RELIEF = 0.5;

/** An empty answer is an answer, but a row of them is a wall too. */
const BLANK = 0.5;
const NOTHING_FOUND = 1;

export function judgeErrors(
  state: BreakerState,
  reading: Reading,
  step: { at: number; isNew: boolean; isProgress: boolean },
  limits: Thresholds,
): Finding | undefined {
  const { result, run, poll } = reading;
  if (step.isProgress) {
    for (const it of state.errors) it.score *= RELIEF;
  } else if (!result.hasFailed && !result.isEmpty && step.isNew) {
    for (const it of state.errors) it.score = Math.max(0, it.score - RELIEF);
  }
  state.errors = state.errors.filter(({ score }) => score > 0);
  // Who waits for something asks until the answer is yes.
  const isWaiting = poll !== null && poll.handle !== 'dead';
  const isBlank = !result.hasFailed && result.isEmpty && isLook(reading);
  if (!(result.hasFailed || isBlank) || isWaiting || run?.kind === 'tests') return undefined;

  const error = isBlank ? NOTHING_FOUND : result.error;
  let known = state.errors.find((one) => one.error === error);
  if (known === undefined) {
    known = { error, score: 0, steps: [] };
    remember(state.errors, known, LIMITS.errors);
  }
  known.score += isBlank ? BLANK : 1;
  remember(known.steps, step.at, LIMITS.evidence);

  const limit = limits.sameError + (isLook(reading) ? MORE_FOR_LOOKING : 0);
  if (known.score < limit - 1) return undefined;
  return {
    rule: 'same-error',
    level: known.score >= limit ? 'hit' : 'near',
    reason: isBlank
      ? `${known.steps.length} searches found nothing.`
      : `The same error came ${known.steps.length} times, whatever was called.`,
    advice: isBlank
      ? 'What you look for is not there, or is called otherwise. List what is there, or ask.'
      : 'More variants will meet the same error. Remove its cause (permission, missing tool, network), or report it and stop.',
    evidence: [...known.steps],
  };
}

function isLook({ call, purpose }: Reading): boolean {
  return call.kind === 'read' || call.kind === 'search' || purpose === 'look';
}
