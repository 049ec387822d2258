/**
 * The circuit breaker of one session: fed step by step, it says after each whether to go on. It judges
 * normalised results and the state of files and tests, not calls alone, knows nothing but the steps
 * it was given, and remembers a bounded amount. Pure but for the state it is made with.
 */
import { type Budget, judgeBudget, NO_BUDGET } from './budget.ts';
import { readCall } from './call.ts';
import { hash } from './normalise.ts';
import { readStep, type Reading } from './read-step.ts';
import { judgeTokens } from './rules/bursts.ts';
import { judgeEdits } from './rules/edits.ts';
import { judgeErrors } from './rules/errors.ts';
import type { Finding } from './rules/finding.ts';
import { judgeNovelty, judgePoll, judgeTalk } from './rules/idling.ts';
import { judgeRepeats } from './rules/repeats.ts';
import { judgeRuns } from './rules/runs.ts';
import { type BreakerState, emptyState, FLAGS, LIMITS, remember, startAfresh } from './state.ts';
import { type BreakerStep, GO_ON, type Verdict } from './step.ts';
import { DEFAULT_THRESHOLDS, type Thresholds } from './thresholds.ts';

export interface Breaker {
  /** What to do after a step. `atMs`: when it happened, for budgets in minutes. */
  observe(step: BreakerStep & { costUsdMicros?: number; atMs?: number }): Verdict;
  /** What to do with a call that is about to be made. It is counted only when it is refused. */
  judgeCall(call: { tool: string; args?: unknown }): Verdict;
  /** A person says: go on. Counts of loops and of trips start again; what was spent stays spent. */
  lift(): void;
  /** To be kept and handed to `createBreaker` again. */
  save(): BreakerState;
}

/** At most one nudge per rule in so many steps: it is advice, not nagging. */
const NUDGE_EVERY = 10;

export function createBreaker(
  options: {
    thresholds?: Partial<Thresholds>;
    budget?: Budget;
    state?: BreakerState | null;
    /** Spend that others know of; it counts where it is more than what was seen here. */
    told?: { tokens: number; costUsdMicros: number };
  } = {},
): Breaker {
  const limits = { ...DEFAULT_THRESHOLDS, ...options.thresholds };
  const budget = options.budget ?? NO_BUDGET;
  const state = options.state ?? emptyState();

  return {
    observe(step) {
      const at = state.step;
      state.step += 1;
      const reading = readStep(step);
      const findings = [...spend(step, reading.tokens, at), ...judge(reading, at)];
      const hit = findings.find(({ level }) => level === 'hit');
      if (hit !== undefined) return trip(hit);
      const near = findings.find(
        ({ rule }) => at - (state.nudged[rule] ?? -NUDGE_EVERY) >= NUDGE_EVERY,
      );
      for (const { guard, evidence } of findings) {
        if (guard !== undefined && !state.guarded.some((it) => it.call === guard)) {
          remember(state.guarded, { call: guard, evidence: last(evidence) }, LIMITS.guarded);
        }
      }
      if (near === undefined) return GO_ON;
      state.nudged[near.rule] = at;
      return toVerdict('nudge', near);
    },

    judgeCall(call) {
      const { key } = readCall(call);
      const guarded = state.guarded.find((it) => it.call === key);
      if (guarded === undefined) return GO_ON;
      state.refusals += 1;
      const finding: Finding = {
        rule: 'same-call',
        level: 'hit',
        reason:
          'This call would repeat what was done before, with the same result and nothing changed since.',
        advice: 'Change something first, or do something else.',
        evidence: guarded.evidence,
      };
      return state.refusals > 1 ? trip(finding) : toVerdict('block-call', finding);
    },

    lift() {
      startAfresh(state);
      state.trips = 0;
      state.nudged = {};
    },

    save: () => state,
  };

  function spend(
    step: { costUsdMicros?: number; atMs?: number },
    tokens: number,
    at: number,
  ): Finding[] {
    const { spent } = state;
    remember(state.recentTokens, tokens, LIMITS.tokens);
    spent.tokens += tokens;
    spent.costUsdMicros += step.costUsdMicros ?? 0;
    spent.calls += 1;
    if (step.atMs !== undefined) spent.startedAtMs ??= step.atMs;
    const { told = { tokens: 0, costUsdMicros: 0 } } = options;
    const known = {
      ...spent,
      tokens: Math.max(spent.tokens, told.tokens),
      costUsdMicros: Math.max(spent.costUsdMicros, told.costUsdMicros),
    };
    const found = judgeBudget(known, budget, { step: at, ms: step.atMs ?? null });
    return found === undefined ? [] : [found];
  }

  function judge(reading: Reading, at: number): Finding[] {
    const { call, words, tokens } = reading;
    if (call.kind === 'user') {
      startAfresh(state);
      return [];
    }
    const burst = call.kind === 'delegate' ? undefined : judgeTokens(state, tokens, at, limits);
    if (call.kind === 'say') return present(judgeTalk(state, words, at, limits), burst);
    state.talk = [];
    return [...judgeAction(reading, at), ...present(burst)];
  }

  function judgeAction(reading: Reading, at: number): Finding[] {
    const { call, result, run, poll, purpose } = reading;
    const edits = judgeEdits(state, reading.edits, at, limits);
    if (reading.edits.length > 0) {
      for (const tracker of state.runs) {
        tracker.hasEdited = true;
        tracker.hasNewFile ||= edits.isNewFile;
      }
    }
    const runs = judgeRuns(state, reading, at, limits);

    const isNewCall = !state.seenCalls.includes(call.key);
    const answer = hash(`${call.key} ${result.key}`);
    const isNewAnswer = !state.seenAnswers.includes(answer);
    if (isNewCall) remember(state.seenCalls, call.key, LIMITS.seen);
    if (isNewAnswer) remember(state.seenAnswers, answer, LIMITS.seen);

    if (reading.edits.length > 0) state.hasNews = false;
    else if (isNewAnswer) state.hasNews = true;

    // A command that may change anything has done so the first time it works.
    const acts = purpose === 'act' && isNewCall && !result.hasFailed && poll === null;
    const isProgress = edits.isNew || runs.isBetter || acts;
    if (isProgress) {
      state.progressAt = at;
      state.guarded = [];
      state.refusals = 0;
    }

    const isDead = poll?.handle === 'dead';
    const isTest = run !== null && run.kind !== 'command';
    const isGreen = isTest && run.count === 0 && !result.hasFailed;
    remember(
      state.recent,
      {
        at,
        call: call.key,
        result: result.key,
        flags:
          (result.hasFailed || isDead ? FLAGS.failed : 0) |
          (poll !== null ? FLAGS.waiting : 0) |
          (poll?.handle === 'live' ? FLAGS.live : 0) |
          (isGreen ? FLAGS.green : 0) |
          (isProgress ? FLAGS.progress : 0) |
          (isDead ? FLAGS.dead : 0) |
          (isNewCall ? FLAGS.fresh : 0),
      },
      LIMITS.recent,
    );
    const isMute =
      !result.hasFailed &&
      result.text.trim() === '' &&
      (purpose === 'act' || call.kind === 'other' || call.kind === 'poll');

    const found = present(
      judgePoll(state, reading, at, limits),
      edits.finding,
      runs.finding,
      isProgress ? undefined : judgeRepeats(state, limits, isMute),
      judgeErrors(state, reading, { at, isNew: isNewAnswer, isProgress }, limits),
    );
    if (edits.isNew || (isTest && isNewAnswer)) {
      state.idle = [];
    } else if (call.kind !== 'plan' && !(poll !== null && !isDead)) {
      const halves = isNewCall ? 2 : isNewAnswer ? 1 : 0;
      found.push(...present(judgeNovelty(state, at, halves, limits)));
    }
    return found;
  }

  function trip(finding: Finding): Verdict {
    state.trips += 1;
    const isLast = finding.rule === 'budget' || state.trips >= limits.tripsToEndSession;
    startAfresh(state);
    return toVerdict(isLast ? 'end-session' : 'end-turn', finding);
  }
}

function present(...found: (Finding | undefined)[]): Finding[] {
  return found.filter((it) => it !== undefined);
}

function last(evidence: readonly number[]): number[] {
  return evidence.slice(-LIMITS.evidence);
}

function toVerdict(
  stage: 'nudge' | 'block-call' | 'end-turn' | 'end-session',
  it: Finding,
): Verdict {
  return {
    stage,
    rule: it.rule,
    reason: it.reason,
    advice: it.advice,
    evidence: last(it.evidence),
  };
}
