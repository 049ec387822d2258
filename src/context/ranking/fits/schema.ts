/** Weights fitted to the organisation's own changes, and what they were measured to do. */
import { z } from 'zod';

export const FIT_STATES = [
  'running',
  'in-force',
  'not-better',
  'replaced',
  'withdrawn',
  'failed',
] as const;
export type FitState = (typeof FIT_STATES)[number];

const Figures = z.object({
  /** The main figure of the question, see `figure`: 0 to 1. */
  main: z.number(),
  meanReciprocalRank: z.number(),
});

export const FitMeasure = z.object({
  question: z.enum(['files', 'companions', 'documents', 'people']),
  figure: z.enum(['recall@10', 'recall@5', 'hit@3']),
  /** Changes it was fitted to, and later ones it was judged by. */
  fitted: z.int().nonnegative(),
  judged: z.int().nonnegative(),
  /** Over the later changes: with the weights that were in force, and with the new ones. */
  before: Figures.nullable(),
  after: Figures.nullable(),
  /** What the new ones gain at least, with 95 % confidence: over main figure and reciprocal rank together. */
  leastGain: z.number().nullable(),
  isTaken: z.boolean(),
  reason: z.string(),
});
export type FitMeasure = z.infer<typeof FitMeasure>;

export const FitRepository = z.object({
  repository: z.string(),
  revision: z.string(),
  /** Questions its own changes asked. */
  questions: z.int().nonnegative(),
});
export type FitRepository = z.infer<typeof FitRepository>;

export const RankingFit = z.object({
  version: z.int().positive(),
  state: z.enum(FIT_STATES),
  startedAt: z.date(),
  finishedAt: z.date().nullable(),
  startedBy: z.string(),
  progress: z.object({ done: z.int().nonnegative(), total: z.int().nonnegative() }),
  repositories: z.array(FitRepository),
  measures: z.array(FitMeasure),
  /** Why it failed, or was withdrawn. */
  reason: z.string().nullable(),
});
export type RankingFit = z.infer<typeof RankingFit>;
