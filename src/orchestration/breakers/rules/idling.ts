/** Steps without anything new, messages without action, and polls without an end. */
import type { Reading } from '../read-step.ts';
import { type BreakerState, LIMITS, remember } from '../state.ts';
import type { Thresholds } from '../thresholds.ts';
import type { Finding } from './finding.ts';

/** Messages that all say something else: people and agents do talk. */
const DIFFERENT_MESSAGES = 10;
/** Waiting longer before each poll buys this many times the polls. */
const BACK_OFF = 3;
const LONG_WAIT_SECONDS = 60;
const NEAR_QUIET = 0.75;

/** `halves`: 2 for a call that is new, 1 for a known call with a new answer, 0 for neither. */
export function judgeNovelty(
  state: BreakerState,
  at: number,
  halves: number,
  limits: Thresholds,
): Finding | undefined {
  remember(state.idle, { at, halves }, LIMITS.idle);
  const near = Math.ceil(limits.idleSteps * NEAR_QUIET);
  const isStale = (count: number) => {
    const last = state.idle.slice(-count);
    return last.length >= count && last.reduce((sum, it) => sum + it.halves, 0) < count;
  };
  const isHit = isStale(limits.idleSteps);
  if (!isHit && !isStale(near)) return undefined;
  const count = isHit ? limits.idleSteps : near;
  return {
    rule: 'nothing-new',
    level: isHit ? 'hit' : 'near',
    reason: `In ${count} steps nothing was edited or tested, and under half of what was looked at was new.`,
    advice:
      'Write down what you know and decide: make a change, run a test, or ask what is missing.',
    evidence: state.idle.slice(-LIMITS.evidence).map((it) => it.at),
  };
}

export function judgeTalk(
  state: BreakerState,
  words: number,
  at: number,
  limits: Thresholds,
): Finding | undefined {
  remember(state.talk, { at, words }, DIFFERENT_MESSAGES);
  const same = state.talk.filter((it) => it.words === words);
  const isHit = same.length >= limits.messages || state.talk.length >= DIFFERENT_MESSAGES;
  if (!isHit && same.length < limits.messages - 1) return undefined;
  return {
    rule: 'talk-without-action',
    level: isHit ? 'hit' : 'near',
    reason: `${state.talk.length} messages in a row, and nothing was done.`,
    advice: 'Do the next step with a tool, or end the turn and say what you need.',
    evidence: state.talk.map((it) => it.at),
  };
}

/** Polls of something that lives are right as long as there is news, or the waiting grows. */
export function judgePoll(
  state: BreakerState,
  reading: Reading,
  at: number,
  limits: Thresholds,
): Finding | undefined {
  const { call, result, poll } = reading;
  if (poll?.handle !== 'live') {
    if (poll === null && call.kind !== 'plan') state.poll = null;
    return undefined;
  }
  const before = state.poll;
  const isQuiet = before?.call === call.key && before.result === result.key;
  const quiet = isQuiet ? before.quiet + 1 : 1;
  const steps = isQuiet ? before.steps : [];
  remember(steps, at, LIMITS.evidence);
  const { waitSeconds } = poll;
  state.poll = { call: call.key, result: result.key, quiet, waitSeconds, steps };
  const limit = limits.quietPolls * (waitSeconds >= LONG_WAIT_SECONDS ? BACK_OFF : 1);
  if (quiet <= Math.floor(limit * NEAR_QUIET)) return undefined;
  return {
    rule: 'endless-poll',
    level: quiet > limit ? 'hit' : 'near',
    reason: `Something that runs was asked ${quiet} times and had no news.`,
    advice:
      'Wait longer between two looks (twice as long each time), do other work, or end the turn until it is done.',
    evidence: [...steps],
  };
}
