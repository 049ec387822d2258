/** Same call with the same result, and cycles of two to four steps. */
import { FLAGS, type BreakerState, type RecentStep } from '../state.ts';
import type { Thresholds } from '../thresholds.ts';
import type { Finding } from './finding.ts';

/** A quiet answer to somebody who waits is no repetition for so long. */
const WHILE_WAITING = 15;
/** Without results only calls can be compared, and one call may well be right more often. */
const WITHOUT_RESULTS = 2;
const LONGEST_CYCLE = 4;
const CHECKING = 3;

const has = (step: RecentStep, flag: keyof typeof FLAGS) => (step.flags & FLAGS[flag]) !== 0;

/** The last step of `recent` is the one that was just seen. */
export function judgeRepeats(
  state: BreakerState,
  limits: Thresholds,
  /** It did something and said nothing: a key press, a quiet command. */
  isMute: boolean,
): Finding | undefined {
  const last = state.recent.at(-1);
  if (last === undefined || has(last, 'live')) return undefined;
  const since = state.recent.filter(({ at }) => at > state.progressAt);
  const same = since.filter(({ call, result }) => call === last.call && result === last.result);
  const waits = since.filter((it) => it.at >= (same[0]?.at ?? 0) && has(it, 'waiting')).length;

  let limit = has(last, 'failed') ? limits.sameFailure : limits.sameCall;
  if (has(last, 'green')) limit = limits.sameGreenTests;
  if (isMute) limit = Math.max(limit, limits.sameCallFailing);
  if (last.result === 0) limit = limits.sameCall * WITHOUT_RESULTS;
  if (waits >= same.length - 1 && waits > 0 && !has(last, 'dead')) limit = WHILE_WAITING;
  const steps = same.map(({ at }) => at);
  const weight = weigh(same, since);
  if (weight >= limit - 1 && same.length >= 2) {
    const what = has(last, 'failed') ? 'failed the same way' : 'gave the same result';
    return {
      rule: 'same-call',
      level: weight >= limit ? 'hit' : 'near',
      reason: `The same call ${what} ${same.length} times, and nothing was changed between.`,
      advice: has(last, 'failed')
        ? 'Do not run it again. Read the error, change what causes it, or say what blocks you.'
        : 'You have this answer already. Use it, or look somewhere else.',
      evidence: steps,
      guard: last.call,
    };
  }

  const failing = since.filter((it) => it.call === last.call && has(it, 'failed'));
  if (
    has(last, 'failed') &&
    failing.length >= limits.sameCallFailing &&
    waits < failing.length - 1
  ) {
    return {
      rule: 'same-call',
      level: 'hit',
      reason: `The same call failed ${failing.length} times, and nothing was changed between.`,
      advice: 'Trying again does not help. Find the cause first, or say what blocks you.',
      evidence: failing.map(({ at }) => at),
      guard: last.call,
    };
  }
  return judgeCycles(state, limits);
}

/** A repetition after a look at several new things is checking, and counts half. */
function weigh(same: readonly RecentStep[], since: readonly RecentStep[]): number {
  let weight = 0;
  for (const [index, step] of same.entries()) {
    const before = same[index - 1];
    const fresh =
      before === undefined
        ? 0
        : since.filter((it) => it.at > before.at && it.at < step.at && has(it, 'fresh')).length;
    weight += fresh >= CHECKING ? 0.5 : 1;
  }
  return weight;
}

function judgeCycles({ recent }: BreakerState, limits: Thresholds): Finding | undefined {
  for (let period = 2; period <= LONGEST_CYCLE; period += 1) {
    const rounds = countRounds(recent, period);
    if (rounds < 2) continue;
    const part = recent.slice(-period);
    if (part.every(({ call }) => call === part[0]!.call)) continue;
    if (part.some((it) => has(it, 'live'))) continue;
    let limit = limits.cycleRounds;
    if (part.some((it) => it.result === 0)) limit *= WITHOUT_RESULTS;
    if (part.some((it) => has(it, 'waiting'))) limit = WHILE_WAITING;
    if (rounds < limit && rounds < limit - 1) continue;
    return {
      rule: 'cycle',
      level: rounds >= limit ? 'hit' : 'near',
      reason: `The same ${period} steps were taken ${rounds} times round with the same results.`,
      advice: 'Break the circle: write down what was tried and choose something that was not.',
      evidence: recent.slice(-period * rounds).map(({ at }) => at),
    };
  }
  return undefined;
}

/** Whole rounds of the period at the end of the list. */
function countRounds(recent: readonly RecentStep[], period: number): number {
  let matched = 0;
  for (let index = recent.length - 1; index >= period; index -= 1) {
    const one = recent[index]!;
    const before = recent[index - period]!;
    if (one.call !== before.call || one.result !== before.result) break;
    matched += 1;
  }
  return matched === 0 ? 1 : Math.floor((matched + period) / period);
}
