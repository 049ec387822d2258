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
/** Work that moves on beside tests that failed before it began. */
const WITH_NEW_FILE = 0.5;

/** Keeps the tracker of the run's kind; gives whether the run got better. */
export function judgeRuns(
  state: BreakerState,
  reading: Reading,
  at: number,
  limits: Thresholds,
): { isBetter: boolean; finding?: Finding | undefined } {
  const { run, result, call } = reading;
  if (run === null) return { isBetter: false };
  const of = run.kind === 'command' ? String(call.key) : run.kind;
  const before = state.runs.find((one) => one.of === of);
  state.runs = state.runs.filter((one) => one !== before);
  if (run.count === 0) return { isBetter: before !== undefined };
  const isBetter =
    before !== undefined && (run.count < before.best || run.passed > before.passed + 1);
  const tracker = before === undefined || isBetter ? startTracker(of, run.count, before) : before;
  remember(state.runs, tracker, LIMITS.runs);
  tracker.runs += before === undefined || isBetter ? 1 : weigh(before, reading);
  // More failures than ever before, in a new set: new tests were written, or more was reached.
  if (!tracker.keys.includes(run.key)) tracker.best = Math.max(tracker.best, run.count);
  tracker.passed = Math.max(tracker.passed, run.passed);
  tracker.hasEdited = false;
  tracker.hasNewFile = false;
  note(tracker, run.key, result.key, at);
  const { runs, steps } = tracker;
  if (runs < limits.testRuns - 2) return { isBetter };
  return {
    isBetter,
    finding: {
      rule: 'tests-not-improving',
      level: runs >= limits.testRuns ? 'hit' : 'near',
      reason: `${WORDS[run.kind]} in ${steps.length} runs.`,
      advice:
        'Stop editing. Read one failure and the code it reaches, state what you expect and what is, then make one change; or ask.',
      evidence: [...steps],
    },
  };
}

const WORDS = {
  tests: 'The failing tests did not get fewer',
  checks: 'The errors of the build did not get fewer',
  command: 'The same command failed the same way under new edits',
} as const;

/** How much a run that did not get better speaks for a loop. */
function weigh(tracker: RunTracker, { run, result }: Reading): number {
  let weight = run!.kind === 'tests' ? OTHER_TESTS : OTHER_ERRORS;
  if (tracker.keys.includes(run!.key)) {
    weight = tracker.results.includes(result.key) ? 1 : SAME_TESTS_NEW_WORDS;
  }
  if (!tracker.hasEdited) weight *= WITHOUT_EDIT;
  if (tracker.hasNewFile) weight *= WITH_NEW_FILE;
  return weight;
}

function startTracker(of: string, best: number, before: RunTracker | undefined): RunTracker {
  return {
    of,
    best,
    passed: before?.passed ?? 0,
    runs: 0,
    keys: before?.keys ?? [],
    results: before?.results ?? [],
    steps: [],
    hasEdited: false,
    hasNewFile: false,
  };
}

function note(tracker: RunTracker, key: number, result: number, at: number): void {
  if (!tracker.keys.includes(key)) remember(tracker.keys, key, LIMITS.keys);
  if (!tracker.results.includes(result)) remember(tracker.results, result, LIMITS.keys);
  remember(tracker.steps, at, LIMITS.evidence);
}
