/**
 * What the breaker remembers of a session: numbers in lists of bounded length, so that it fits in a row
 * and costs the same after ten calls and after ten thousand. Plain JSON.
 */

export interface RecentStep {
  at: number;
  call: number;
  result: number;
  /** Bits, see FLAGS. */
  flags: number;
}

export const FLAGS = {
  failed: 1,
  waiting: 2,
  live: 4,
  green: 8,
  progress: 16,
  dead: 32,
  fresh: 64,
} as const;

export interface RunTracker {
  /** `tests`, `checks`, or the command whose failures are counted. */
  of: string;
  /** Fewest failures so far. */
  best: number;
  /** Most that passed so far. */
  passed: number;
  /** Weighted runs since it got better. */
  runs: number;
  keys: number[];
  results: number[];
  steps: number[];
  hasEdited: boolean;
  /** A file was edited for the first time since the last run. */
  hasNewFile: boolean;
}

export interface FileTracker {
  file: number;
  now: number;
  /** Contents it has had, oldest first. */
  known: number[];
  /** Returns to a known content, less what was new between. */
  returns: number;
  steps: number[];
}

export interface ErrorTracker {
  error: number;
  score: number;
  steps: number[];
}

export interface BreakerState {
  version: 1;
  /** Steps seen. */
  step: number;
  /** The last step that changed something for the first time; -1 when none. */
  progressAt: number;
  recent: RecentStep[];
  seenCalls: number[];
  seenAnswers: number[];
  errors: ErrorTracker[];
  runs: RunTracker[];
  files: FileTracker[];
  /** Whether anything but an edit gave an answer not seen before, since the last edit. */
  hasNews: boolean;
  /** Steps since the last edit or test: how new each was, in halves. */
  idle: { at: number; halves: number }[];
  talk: { at: number; words: number }[];
  tokens: { counts: Record<string, number>; total: number; bursts: number[] };
  poll: {
    call: number;
    result: number;
    quiet: number;
    waitSeconds: number;
    steps: number[];
  } | null;
  /** Calls that would complete a loop: refused before they run. */
  guarded: { call: number; evidence: number[] }[];
  refusals: number;
  trips: number;
  /** Step of the last nudge by rule. */
  nudged: Record<string, number>;
  /** What the last steps cost, for the receipt. */
  recentTokens: number[];
  spent: { tokens: number; costUsdMicros: number; calls: number; startedAtMs: number | null };
}

export const LIMITS = {
  recent: 48,
  seen: 200,
  errors: 8,
  files: 12,
  runs: 6,
  contents: 12,
  keys: 16,
  evidence: 12,
  idle: 40,
  guarded: 4,
  tokens: 12,
} as const;

export function emptyState(): BreakerState {
  return {
    version: 1,
    step: 0,
    progressAt: -1,
    recent: [],
    seenCalls: [],
    seenAnswers: [],
    errors: [],
    runs: [],
    files: [],
    hasNews: false,
    idle: [],
    talk: [],
    tokens: { counts: {}, total: 0, bursts: [] },
    poll: null,
    guarded: [],
    refusals: 0,
    trips: 0,
    nudged: {},
    recentTokens: [],
    spent: { tokens: 0, costUsdMicros: 0, calls: 0, startedAtMs: null },
  };
}

/** Appends, and forgets the oldest beyond the limit. */
export function remember<Item>(list: Item[], item: Item, limit: number): void {
  list.push(item);
  if (list.length > limit) list.splice(0, list.length - limit);
}

/** A new task, or a trip: what was repeated before no longer counts. What is known stays known. */
export function startAfresh(state: BreakerState): void {
  state.progressAt = state.step - 1;
  state.recent = [];
  state.errors = [];
  state.runs = [];
  for (const file of state.files) file.returns = 0;
  state.idle = [];
  state.talk = [];
  state.tokens.bursts = [];
  state.poll = null;
  state.guarded = [];
  state.refusals = 0;
}
