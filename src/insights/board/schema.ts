/** The work board: every live session beside what it holds, what it costs and whom it waits for. */
import { z } from 'zod';
import { idSchema } from '#kernel';

export const BoardSession = z.object({
  id: idSchema('ses'),
  agent: z.string(),
  model: z.string().nullable(),
  operatorId: z.string().nullable(),
  parentId: idSchema('ses').nullable(),
  intent: z.string(),
  repository: z.string().nullable(),
  branch: z.string().nullable(),
  state: z.enum(['active', 'idle']),
  startedAt: z.date(),
  lastSeenAt: z.date(),
  toolCalls: z.int(),
  deniedCalls: z.int(),
  workItem: z
    .object({ id: idSchema('wrk'), title: z.string(), externalKey: z.string().nullable() })
    .nullable(),
  change: z
    .object({ id: idSchema('chg'), title: z.string(), lane: z.string().nullable() })
    .nullable(),
  claims: z.object({
    held: z.int(),
    exclusive: z.int(),
    /** The newest three, as they are written. */
    newest: z.array(z.string()),
  }),
  collisions: z.int(),
  waitsFor: z
    .object({
      what: z.string(),
      since: z.date(),
      /** Who holds it now; null once nobody does. */
      holder: z.object({ sessionId: idSchema('ses'), agent: z.string() }).nullable(),
    })
    .nullable(),
  spend: z.object({
    tokens: z.int(),
    /** US dollars; null where neither the agent nor a price says. */
    usd: z.number().nullable(),
    budgetTokens: z.int().nullable(),
    budgetUsd: z.number().nullable(),
  }),
  breaker: z.enum(['closed', 'turn-ended', 'session-ended']),
});
export type BoardSession = z.infer<typeof BoardSession>;

export const WaitingChange = z.object({
  id: idSchema('chg'),
  title: z.string(),
  repository: z.string(),
  lane: z.string(),
  since: z.date(),
  /** People who were asked and have not answered. */
  askedOf: z.array(z.string()),
});
export type WaitingChange = z.infer<typeof WaitingChange>;

export const ReadyItem = z.object({
  id: idSchema('wrk'),
  title: z.string(),
  repository: z.string().nullable(),
  source: z.string(),
  labels: z.array(z.string()),
  /** 0 to 4, 4 the most urgent. */
  priority: z.int(),
  createdAt: z.date(),
});
export type ReadyItem = z.infer<typeof ReadyItem>;

export const Board = z.object({
  at: z.date(),
  totals: z.object({
    sessions: z.int(),
    waiting: z.int(),
    collisions: z.int(),
    stopped: z.int(),
    tokens: z.int(),
    usd: z.number(),
    readyItems: z.int(),
    waitingChanges: z.int(),
  }),
  /** At most `MAX_SESSIONS`, by repository, the newest first. */
  sessions: z.array(BoardSession),
  /** Asked of people, the longest waiting first; at most 50. */
  changes: z.array(WaitingChange),
  /** What an agent would be given next; at most 50. */
  items: z.array(ReadyItem),
});
export type Board = z.infer<typeof Board>;
