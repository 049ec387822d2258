/** Assignments: who was asked to judge a change, and what became of it. */
import { z } from 'zod';
import { idSchema } from '#kernel';

export const PlanStep = z.object({
  personId: idSchema('usr'),
  via: z.string(),
  standsInFor: idSchema('usr').nullable(),
  reasons: z.array(z.string()),
});
export type PlanStep = z.infer<typeof PlanStep>;

export const INBOX_DECISIONS = ['approve', 'approve-with-watch', 'send-back', 'hand-over'] as const;

export const Assignment = z.object({
  id: idSchema('esc'),
  changeId: idSchema('chg'),
  repository: z.string(),
  title: z.string(),
  headSha: z.string(),
  decisionId: idSchema('dec'),
  /** The seat of a requirement it fills. */
  slot: z.string(),
  /** `team:payments`, `owners`; empty: any approver. */
  sources: z.array(z.string()),
  personId: idSchema('usr'),
  personName: z.string(),
  /** The absent person in whose place this one is asked. */
  standsInFor: idSchema('usr').nullable(),
  /** How the person came to be asked: `expert`, `second-expert`, `stand-in`, a step of the leader's order. */
  via: z.string(),
  reasons: z.array(z.string()),
  state: z.enum(['open', 'acknowledged', 'decided', 'handed-over', 'closed']),
  /** What the person is shown: SHA-256 of the package. */
  packageSha256: z.string(),
  /** When it goes to the next person; null once nobody is left. */
  dueAt: z.date().nullable(),
  decision: z.enum(INBOX_DECISIONS).nullable(),
  endedWhy: z.string().nullable(),
  createdAt: z.date(),
  acknowledgedAt: z.date().nullable(),
  endedAt: z.date().nullable(),
});
export type Assignment = z.infer<typeof Assignment>;

export const Watch = z.object({
  changeId: idSchema('chg'),
  headSha: z.string(),
  watcherId: idSchema('usr'),
  hours: z.int(),
  askedAt: z.date(),
  endsAt: z.date().nullable(),
  state: z.enum(['promised', 'watching', 'over', 'void']),
});
export type Watch = z.infer<typeof Watch>;
