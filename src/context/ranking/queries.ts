/** The questions of a backtest, as the data files write them. Answers in them are never read. */
import { z } from 'zod';

export const BacktestQuery = z.object({
  id: z.string(),
  base: z.string(),
  date: z.string().optional(),
  query: z.object({ title: z.string(), body: z.string().default('') }).optional(),
  paths: z.array(z.string()).optional(),
  given: z.array(z.string()).optional(),
  author: z.string().optional(),
});
export type BacktestQuery = z.infer<typeof BacktestQuery>;

export type BacktestTask = 'loc' | 'co' | 'own' | 'cow' | 'doc' | 'dec';

/** Told by the part of the id before its first dash. */
export function taskOf(id: string): BacktestTask | undefined {
  const prefix = /^(loc|co|own|cow|doc|dec)-/.exec(id)?.[1];
  return prefix as BacktestTask | undefined;
}
