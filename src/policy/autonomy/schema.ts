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

export const DefectCause = z.enum(['revert', 'rollback', 'incident', 'fix', 'audit']);
export type DefectCause = z.infer<typeof DefectCause>;

/** The promise of one repository against what happened in it, within the window. */
export const RealisedBound = z.object({
  repository: z.string(),
  landed: z.int(),
  shippedAlone: z.int(),
  /** Landed changes that harm was traced to. */
  defects: z.int(),
  /** Of these, shipped alone. */
  slipped: z.int(),
  audited: z.int(),
  auditedRisky: z.int(),
  /** What the policy declared last; null where it named no bound. */
  boundPerMille: z.int().nullable(),
  /** `slipped` of `defects`, 0 to 1; null while no harm is known. */
  realised: z.number().nullable(),
  /** Part of the bound that thresholds still use, above 0 to 1. */
  tightening: z.number(),
  /** Since when more slips than was declared, beyond chance. */
  alarmSince: z.date().nullable(),
});
export type RealisedBound = z.infer<typeof RealisedBound>;

/** A change that shipped alone and was drawn to be looked at afterwards. */
export const Audit = z.object({
  changeId: idSchema('chg'),
  repository: z.string(),
  title: z.string(),
  mergeSha: z.string(),
  landedAt: z.date(),
  state: z.enum(['open', 'fine', 'risky']),
  auditedName: z.string().nullable(),
  reason: z.string().nullable(),
  auditedAt: z.date().nullable(),
});
export type Audit = z.infer<typeof Audit>;
