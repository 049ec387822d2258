/** What crosses the door of the breakers: trips of sessions, breakers of the fleet, totals. */
import { z } from 'zod';
import { idSchema } from '#kernel';
import { RULES } from './step.ts';

export const FLEET_SCOPES = ['agent', 'repository', 'provider', 'subject'] as const;

export const FleetBreaker = z.object({
  scope: z.enum(FLEET_SCOPES),
  /** Name of the agent, of the repository, or of what two systems change back and forth. */
  key: z.string(),
  state: z.enum(['closed', 'open', 'half-open']),
  reason: z.string(),
  changedAt: z.date(),
  /** Open: when a probe may start. Half-open: when the probe is given up. Null: a person lifts it. */
  until: z.date().nullable(),
});
export type FleetBreaker = z.infer<typeof FleetBreaker>;

/** Whether a new session of the agent in the repository may start now. */
export type StartAnswer =
  | {
      allowed: true;
      /** A breaker lets this one through to see whether it works again: report its outcome. */
      isProbe: boolean;
    }
  | {
      allowed: false;
      /** One sentence for a person or an agent. */
      reason: string;
      /** When to ask again. */
      until: Date;
    };

export type Outcome = 'worked' | 'failed' | 'provider-trouble';

export const BreakerTrip = z.object({
  id: idSchema('brk'),
  sessionId: idSchema('ses'),
  agent: z.string(),
  repository: z.string().nullable(),
  rule: z.enum(RULES),
  stage: z.enum(['block-call', 'end-turn', 'end-session']),
  reason: z.string(),
  advice: z.string(),
  /** Steps of the session, from 0, that it rests on. */
  evidence: z.array(z.int()),
  step: z.int(),
  /** What the next session needs to know; only where this one was ended. */
  handOver: z.string().nullable(),
  /** An estimate, made as `savedMethod` says. */
  savedTokens: z.int().nonnegative(),
  savedCostUsdMicros: z.int().nonnegative().nullable(),
  savedMethod: z.string(),
  trippedAt: z.date(),
  liftedAt: z.date().nullable(),
  liftedBy: z.string().nullable(),
});
export type BreakerTrip = z.infer<typeof BreakerTrip>;

export const BreakerTotals = z.object({
  /** Over how many days. */
  days: z.int(),
  trips: z.int(),
  callsBlocked: z.int(),
  turnsEnded: z.int(),
  sessionsEnded: z.int(),
  lifted: z.int(),
  /** Estimates, see docs/breakers.md. */
  savedTokens: z.int(),
  savedCostUsdMicros: z.int(),
});
export type BreakerTotals = z.infer<typeof BreakerTotals>;
