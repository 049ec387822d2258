/** Steps that cost many times what a step of this session costs. */
import { type BreakerState, remember } from '../state.ts';
import type { Thresholds } from '../thresholds.ts';
import type { Finding } from './finding.ts';

/** Before so many steps nothing is usual. */
const FEWEST = 3;
/** Bursts count as long as they lie within so many steps. */
const WINDOW = 6;

export function judgeTokens(
  state: BreakerState,
  tokens: number,
  at: number,
  limits: Thresholds,
): Finding | undefined {
  if (tokens <= 0) return undefined;
  const usual = medianOf(state);
  const isBurst =
    usual !== undefined && tokens >= limits.burstFloorTokens && tokens > limits.burstFactor * usual;
  if (!isBurst) {
    const bucket = String(Math.round(Math.log2(tokens + 1) * 4));
    state.tokens.counts[bucket] = (state.tokens.counts[bucket] ?? 0) + 1;
    state.tokens.total += 1;
    return undefined;
  }
  remember(state.tokens.bursts, at, limits.burstSteps);
  const recent = state.tokens.bursts.filter((step) => step > at - WINDOW);
  if (recent.length < limits.burstSteps - 1) return undefined;
  return {
    rule: 'token-burst',
    level: recent.length >= limits.burstSteps ? 'hit' : 'near',
    reason: `${recent.length} steps each took more than ${limits.burstFactor} times the tokens of a usual step here (about ${Math.round(usual)}).`,
    advice:
      'Read parts instead of whole files or logs: search first, then open the lines that matter.',
    evidence: recent,
  };
}

/** Lower median of usual steps, to a fifth: their logarithms are counted in quarters. */
function medianOf({ tokens: { counts, total } }: BreakerState): number | undefined {
  if (total < FEWEST) return undefined;
  let left = Math.ceil(total / 2);
  const buckets = Object.entries(counts).map(([bucket, count]) => [Number(bucket), count] as const);
  for (const [bucket, count] of buckets.toSorted((one, other) => one[0] - other[0])) {
    left -= count;
    if (left <= 0) return 2 ** (bucket / 4) - 1;
  }
  return undefined;
}
