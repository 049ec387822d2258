/** One step of a session as the breaker sees it, and what it answers. */
import { z } from 'zod';

/**
 * A call and its result. Only `tool` is needed: what an agent's transcript does not say, or says in a
 * form we do not know, is read from arguments and result text.
 */
export const BreakerStep = z.looseObject({
  tool: z.string().catch(''),
  args: z.unknown(),
  /** Whether the call succeeded. */
  ok: z.boolean().nullish().catch(null),
  result: z.unknown(),
  /** What the step cost; any unit that stays the same through a session. */
  tokens: z.number().nonnegative().nullish().catch(null),
  /** Which content the file has now; any name of it. */
  edit: z
    .looseObject({ file: z.string(), state: z.union([z.string(), z.number()]) })
    .nullish()
    .catch(null),
  tests: z
    .looseObject({ failed: z.array(z.string()) })
    .nullish()
    .catch(null),
  /** Of a poll: the process that is asked about is alive. */
  pending: z.boolean().nullish().catch(null),
});
export type BreakerStep = z.infer<typeof BreakerStep>;

export const RULES = [
  'same-call',
  'cycle',
  'same-error',
  'tests-not-improving',
  'edits-undone',
  'nothing-new',
  'talk-without-action',
  'token-burst',
  'endless-poll',
  'budget',
] as const;
export type RuleName = (typeof RULES)[number];

/** From mild to hard; a session passes them in this order. */
export const STAGES = ['go-on', 'nudge', 'block-call', 'end-turn', 'end-session'] as const;
export type Stage = (typeof STAGES)[number];

export type Verdict =
  | { stage: 'go-on' }
  | {
      stage: Exclude<Stage, 'go-on'>;
      rule: RuleName;
      /** What was seen, in a sentence. */
      reason: string;
      /** What to do instead, for the agent. */
      advice: string;
      /** Indices of the steps it rests on, from 0, at most 12, in order. */
      evidence: number[];
    };

export const GO_ON: Verdict = { stage: 'go-on' };
