/** What a rule found. */
import type { RuleName } from '../step.ts';

export interface Finding {
  rule: RuleName;
  /** `hit`: the turn is to end; `near`: one more of it would be. */
  level: 'hit' | 'near';
  reason: string;
  advice: string;
  evidence: number[];
  /** A call that would complete the pattern. */
  guard?: number;
}
