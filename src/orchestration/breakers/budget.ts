/** Budgets stand above all rules: whatever a session does, it does not cost more than this. Pure. */
import type { BreakerState } from './state.ts';
import type { Finding } from './rules/finding.ts';

export interface Budget {
  tokens: number | null;
  costUsdMicros: number | null;
  minutes: number | null;
  calls: number | null;
}

export const NO_BUDGET: Budget = { tokens: null, costUsdMicros: null, minutes: null, calls: null };
const NEAR = 0.8;

/** The budget that is nearest to its end, where one is near. */
export function judgeBudget(
  spent: BreakerState['spent'],
  budget: Budget,
  at: { step: number; ms: number | null },
): Finding | undefined {
  const minutes =
    at.ms === null || spent.startedAtMs === null ? 0 : (at.ms - spent.startedAtMs) / 60_000;
  const uses: [keyof Budget, number, (value: number) => string][] = [
    ['tokens', spent.tokens, (value) => `${Math.round(value)} tokens`],
    ['costUsdMicros', spent.costUsdMicros, (value) => `${(value / 1_000_000).toFixed(2)} USD`],
    ['minutes', minutes, (value) => `${Math.round(value)} minutes`],
    ['calls', spent.calls, (value) => `${value} calls`],
  ];
  let worst: { share: number; text: string } | undefined;
  for (const [name, used, words] of uses) {
    const limit = budget[name];
    if (limit === null) continue;
    const share = limit === 0 ? 1 : used / limit;
    if (share >= NEAR && share > (worst?.share ?? 0)) {
      worst = { share, text: `${words(used)} of ${words(limit)}` };
    }
  }
  if (worst === undefined) return undefined;
  return {
    rule: 'budget',
    level: worst.share >= 1 ? 'hit' : 'near',
    reason: `The session has used ${worst.text}.`,
    advice:
      worst.share >= 1
        ? 'Commit what is good, and say what is left to do.'
        : 'Finish what you are at, commit it, and say what is left to do.',
    evidence: [at.step],
  };
}
