/** Tests or builds that are run again and again and do not get better. */
import type { Reading } from '../read-step.ts';
import { type BreakerState, LIMITS, remember, type RunTracker } from '../state.ts';
import type { Thresholds } from '../thresholds.ts';
import type { Finding } from './finding.ts';

/** A run that fails in a new way has taught something. */
const SAME_TESTS_NEW_WORDS = 0.75;
const OTHER_TESTS = 0.5;
/** Compilers stop at the first error, so another error is usually the next one. */
const OTHER_ERRORS = 0.2;
const WITHOUT_EDIT = 0.5;

/** Keeps the tracker of the run's kind; gives whether the run got better. */
export function judgeRuns(
  state: BreakerState,
  reading: Reading,
  at: number,
  limits: Thresholds,
): { isBetter: boolean; finding?: Finding | undefined } {
  const { run, result } = reading;
  if (run === null) return { isBetter: false };
  const before = state[run.kind];
  if (run.count === 0) {
    state[run.kind] = null;
    return { isBetter: before !== null };
  }
  if (before === null || run.count < before.best) {
    state[run.kind] = startTracker(run.count, before, run.key, result.key, at);
    return { isBetter: before !== null };
  }

  let weight = OTHER_TESTS;
  if (before.keys.includes(run.key)) {
    weight = before.results.includes(result.key) ? 1 : SAME_TESTS_NEW_WORDS;
  } else if (run.kind === 'checks') {
    weight = OTHER_ERRORS;
  }
  // More failures than ever before, in a new set: new tests were written, or more was reached.
  if (weight < SAME_TESTS_NEW_WORDS && run.count > before.best) before.best = run.count;
  before.runs += before.hasEdited ? weight : weight * WITHOUT_EDIT;
  before.hasEdited = false;
  note(before, run.key, result.key, at);
  const { runs, steps } = before;
  if (runs < limits.testRuns - 2) return { isBetter: false };
  const what = run.kind === 'tests' ? 'The failing tests' : 'The errors of the build';
  return {
    isBetter: false,
    finding: {
      rule: 'tests-not-improving',
      level: runs >= limits.testRuns ? 'hit' : 'near',
      reason: `${what} did not get fewer in ${steps.length} runs.`,
      advice:
        'Stop editing. Read one failing test and the code it reaches, state what you expect and what is, then make one change; or ask.',
      evidence: [...steps],
    },
  };
}

function startTracker(
  best: number,
  before: RunTracker | null,
  key: number,
  result: number,
  at: number,
): RunTracker {
  const tracker: RunTracker = {
    best,
    runs: 1,
    keys: before?.keys ?? [],
    results: before?.results ?? [],
    steps: [],
    hasEdited: false,
  };
  note(tracker, key, result, at);
  return tracker;
}

function note(tracker: RunTracker, key: number, result: number, at: number): void {
  if (!tracker.keys.includes(key)) remember(tracker.keys, key, LIMITS.keys);
  if (!tracker.results.includes(result)) remember(tracker.results, result, LIMITS.keys);
  remember(tracker.steps, at, LIMITS.evidence);
}
