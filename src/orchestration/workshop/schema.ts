/** Devboxes and agents at work, as they are shown. */
import { z } from 'zod';
import { idSchema } from '#kernel';

export const DevboxEntry = z.object({
  id: idSchema('box'),
  repository: z.string(),
  branch: z.string(),
  /** open: somebody works in it. kept: gone, its work is on the branch. empty: gone, nothing was made. */
  state: z.enum(['open', 'kept', 'empty', 'lost']),
  runId: idSchema('run').nullable(),
  step: z.string().nullable(),
  sessionId: idSchema('ses').nullable(),
  /** Agent and operator of its session. */
  agent: z.string().nullable(),
  operator: z.string().nullable(),
  node: z.string(),
  wasWarm: z.boolean(),
  readyMs: z.int(),
  /** By name, as its environment has them. */
  ports: z.record(z.string(), z.int()),
  /** When its work was saved last; null before. */
  diskBytes: z.int().nullable(),
  createdAt: z.date(),
  endedAt: z.date().nullable(),
});
export type DevboxEntry = z.infer<typeof DevboxEntry>;

export const AgentRunView = z.object({
  step: z.string(),
  agent: z.string(),
  model: z.string().nullable(),
  state: z.enum(['running', 'asleep', 'done', 'stopped', 'failed']),
  /** How often a process was started for it. */
  starts: z.int(),
  sessionId: idSchema('ses').nullable(),
  branch: z.string(),
  headSha: z.string(),
  inputTokens: z.int(),
  cachedTokens: z.int(),
  outputTokens: z.int(),
  costUsdMicros: z.int().nullable(),
  toolCalls: z.int(),
  workMs: z.int(),
  /** What it may use; null where nobody set a limit. */
  budget: z.object({
    tokens: z.int().nullable(),
    costUsdMicros: z.int().nullable(),
    workMs: z.int().nullable(),
  }),
  errorCode: z.string().nullable(),
  /** The end of what it said, masked. */
  output: z.string(),
  answer: z.string(),
  handover: z.string().nullable(),
  wakeAt: z.date().nullable(),
  startedAt: z.date(),
  endedAt: z.date().nullable(),
});
export type AgentRunView = z.infer<typeof AgentRunView>;
