/** Runs the breaker over recorded transcripts, step by step, as it would have been fed. Pure. */
import { z } from 'zod';
import { createBreaker } from './breaker.ts';
import { BreakerStep, type RuleName } from './step.ts';
import type { Thresholds } from './thresholds.ts';

/** Other fields are what somebody knows of the trace; they are not looked at. */
export const BreakerTrace = z.object({ id: z.string(), steps: z.array(BreakerStep) });
export type BreakerTrace = z.infer<typeof BreakerTrace>;

export interface TraceVerdict {
  id: string;
  /** The step, from 0, after which the turn would be ended; null when it never is. */
  step: number | null;
  rule?: RuleName;
  reason?: string;
  evidence?: number[];
}

export function backtestTrace(trace: BreakerTrace, thresholds?: Partial<Thresholds>): TraceVerdict {
  const breaker = createBreaker(thresholds === undefined ? {} : { thresholds });
  for (const [index, step] of trace.steps.entries()) {
    const verdict = breaker.observe(step);
    if (verdict.stage === 'end-turn' || verdict.stage === 'end-session') {
      const { rule, reason, evidence } = verdict;
      return { id: trace.id, step: index, rule, reason, evidence };
    }
  }
  return { id: trace.id, step: null };
}
