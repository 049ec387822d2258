/** What a trip saved: an estimate, and how it was made. Pure. */
import type { Budget } from './budget.ts';
import type { BreakerState } from './state.ts';

export interface Saving {
  tokens: number;
  /** Null where the session reports no cost. */
  costUsdMicros: number | null;
  method: string;
}

/**
 * The loop is taken to have gone on for `assumedSteps` more steps at the mean tokens of the last steps,
 * but not beyond the session's budget. Loops on record that nobody cut went on for 300 to 1,500 steps, so
 * the default of 50 is meant to be beaten by the truth. Money follows the session's own price per token.
 */
export function estimateSaving(
  state: Pick<BreakerState, 'spent' | 'recentTokens'>,
  options: { assumedSteps: number; budget: Budget },
): Saving {
  const { spent, recentTokens } = state;
  const { assumedSteps, budget } = options;
  const rate =
    recentTokens.length === 0
      ? 0
      : recentTokens.reduce((sum, tokens) => sum + tokens, 0) / recentTokens.length;
  const callsLeft = budget.calls === null ? assumedSteps : Math.max(0, budget.calls - spent.calls);
  const steps = Math.min(assumedSteps, callsLeft);
  const tokensLeft =
    budget.tokens === null ? Number.POSITIVE_INFINITY : Math.max(0, budget.tokens - spent.tokens);
  const tokens = Math.round(Math.min(steps * rate, tokensLeft));
  const price = spent.tokens > 0 ? spent.costUsdMicros / spent.tokens : 0;
  return {
    tokens,
    costUsdMicros: price > 0 ? Math.round(tokens * price) : null,
    method: `estimate: ${steps} more steps at ${Math.round(rate)} tokens, the mean of the last ${recentTokens.length} steps${Number.isFinite(tokensLeft) ? ', within the budget left' : ''}`,
  };
}
