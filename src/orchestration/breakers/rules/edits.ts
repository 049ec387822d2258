/** Edits that lead a file back to what it was. */
import type { FileEdit } from '../edit-state.ts';
import { type BreakerState, type FileTracker, LIMITS, remember } from '../state.ts';
import type { Thresholds } from '../thresholds.ts';
import type { Finding } from './finding.ts';

/** Where a file starts from: its content before the first edit we saw. */
const BEFORE = 0;

/** Going back after something was learnt is comparing, as with two settings of a benchmark. */
const RETURN_WITH_NEWS = 0.5;

/** Keeps the contents of files; gives whether one of the edits made something new. */
export function judgeEdits(
  state: BreakerState,
  edits: readonly FileEdit[],
  at: number,
  limits: Thresholds,
): { isNew: boolean; isNewFile: boolean; finding?: Finding | undefined } {
  let isNew = false;
  let isNewFile = false;
  let finding: Finding | undefined;
  for (const { file, effect } of edits) {
    isNewFile ||= !state.files.some((one) => one.file === file);
    const tracker = trackerOf(state, file);
    const next = 'whole' in effect ? effect.whole : (tracker.now + effect.delta) >>> 0;
    if (next === tracker.now) continue;
    tracker.now = next;
    if (!tracker.known.includes(next)) {
      isNew = true;
      remember(tracker.known, next, LIMITS.contents);
      // Trying mutants one by one returns to the original each time, but every mutant is new.
      tracker.returns = Math.max(0, tracker.returns - 1);
      continue;
    }
    tracker.returns += state.hasNews ? RETURN_WITH_NEWS : 1;
    remember(tracker.steps, at, LIMITS.evidence);
    if (tracker.returns < limits.editReturns - 1) continue;
    finding = {
      rule: 'edits-undone',
      level: tracker.returns >= limits.editReturns ? 'hit' : 'near',
      reason: `A file went back to an earlier content ${tracker.steps.length} times.`,
      advice:
        'Both versions have been tried. Find out why each fails before the next edit, or keep one and say what is open.',
      evidence: [...tracker.steps],
    };
  }
  return { isNew, isNewFile, finding };
}

function trackerOf(state: BreakerState, file: number): FileTracker {
  const known = state.files.find((one) => one.file === file);
  if (known !== undefined) {
    // The least recently edited is forgotten first.
    state.files = [...state.files.filter((one) => one !== known), known];
    return known;
  }
  const fresh: FileTracker = { file, now: BEFORE, known: [BEFORE], returns: 0, steps: [] };
  remember(state.files, fresh, LIMITS.files);
  return fresh;
}
