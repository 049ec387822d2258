/** Curbs and track records as they are shown. */
import { z } from 'zod';
import { idSchema } from '#kernel';

export const AutonomyCurb = z.object({
  number: z.int(),
  repository: z.string(),
  /** `*` is all of the repository. */
  service: z.string(),
  changeId: idSchema('chg'),
  title: z.string(),
  agent: z.string(),
  cause: z.enum(['revert', 'rollback', 'incident']),
  causeRef: z.string(),
  startedAt: z.date(),
  until: z.date(),
  restoredAt: z.date().nullable(),
  restoredName: z.string().nullable(),
  reason: z.string().nullable(),
  isActive: z.boolean(),
});
export type AutonomyCurb = z.infer<typeof AutonomyCurb>;

/** What one agent shipped alone below one folder of one repository, within the window. */
export const AutonomyRecord = z.object({
  agent: z.string(),
  repository: z.string(),
  prefix: z.string(),
  shippedAlone: z.int(),
  reverted: z.int(),
  incidents: z.int(),
  firstAt: z.date(),
  lastAt: z.date(),
});
export type AutonomyRecord = z.infer<typeof AutonomyRecord>;
