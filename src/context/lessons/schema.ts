/** What the organisation learnt, and what came of telling it. */
import { z } from 'zod';
import { idSchema } from '#kernel';

export const LESSON_STATES = ['candidate', 'approved', 'rejected', 'retired'] as const;

export const Lesson = z.object({
  id: idSchema('evt'),
  repository: z.string(),
  text: z.string(),
  /** Files and folders it holds for; none is the whole repository. */
  paths: z.array(z.string()),
  /** `candidate` until a person decides; only what is approved is told. */
  state: z.enum(LESSON_STATES),
  origin: z.enum(['session', 'person', 'review', 'revert']),
  sessionId: idSchema('ses').nullable(),
  /** Who or what wrote it down. */
  actorId: z.string(),
  evidence: z.array(z.object({ kind: z.string(), ref: z.string(), text: z.string() })),
  /** How often it was learnt. */
  sightings: z.int(),
  decidedBy: z.string().nullable(),
  decidedAt: z.date().nullable(),
  decisionReason: z.string(),
  createdAt: z.date(),
  /** Sessions it was told to, and what came of their changes. */
  use: z.object({
    sessions: z.int(),
    accepted: z.int(),
    rejected: z.int(),
    reworked: z.int(),
    lastUsedAt: z.date().nullable(),
  }),
});
export type Lesson = z.infer<typeof Lesson>;
