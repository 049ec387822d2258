/** What crosses the door of telemetry. */
import { z } from 'zod';

const whole = z.number().int().nonnegative();

/** What one source says a session used of one model. Sources are views of the same spend: never add them. */
export const SessionUsage = z.object({
  source: z.enum(['logs', 'spans', 'metrics']),
  model: z.string(),
  requests: whole,
  errors: whole,
  toolCalls: whole,
  toolErrors: whole,
  inputTokens: whole,
  outputTokens: whole,
  cacheReadTokens: whole,
  cacheWriteTokens: whole,
  costUsdMicros: whole,
  unpricedRequests: whole,
  lastAt: z.date(),
});
export type SessionUsage = z.infer<typeof SessionUsage>;
