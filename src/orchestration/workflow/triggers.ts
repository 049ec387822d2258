/**
 * What starts a run of a workflow: news of a change, or news that matches. The matcher is closed, as in
 * policy rules: all keys that are given must hold, and of a list one is enough. In names of
 * repositories and branches `*` stands for anything.
 */
import { z } from 'zod';
import { Signal } from '#connectors/contract';
import { scheduleProblem } from './schedule-times.ts';

export const SIGNAL_TYPES = Signal.options.map((option) => option.shape.type.value);
export type SignalType = (typeof SIGNAL_TYPES)[number];

const Texts = z.preprocess(
  (value) => (typeof value === 'string' ? [value] : value),
  z.array(z.string().min(1).max(200)).min(1).max(50),
);
const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
const Severities = z.preprocess(
  (value) => (typeof value === 'string' ? [value] : value),
  z.array(z.enum(SEVERITIES)).min(1).max(4),
);

/** An open work item that is ready: one of the labels is on it, none of the others. */
const WorkItemTrigger = z.strictObject({
  labels: Texts.optional(),
  /** All of these are on it. */
  allLabels: Texts.optional(),
  withoutLabels: Texts.optional(),
  repository: Texts.optional(),
  source: Texts.optional(),
});
/** `/loom WORD` in a comment, by somebody who may start work here. */
const CommentTrigger = z.strictObject({
  command: z
    .string()
    .max(60)
    .regex(/^[a-z][a-z0-9-]*$/, 'is the word after /loom: fix, docs, migrate'),
  repository: Texts.optional(),
});
const IncidentTrigger = z.strictObject({
  severity: Severities.optional(),
  repository: Texts.optional(),
  source: Texts.optional(),
});
/** A check failed on the newest commit of the main branch. */
const MainFailedTrigger = z.strictObject({
  check: Texts.optional(),
  repository: Texts.optional(),
});
const AdvisoryTrigger = z.strictObject({
  severity: Severities.optional(),
  package: Texts.optional(),
  repository: Texts.optional(),
});
const ScheduleTrigger = z
  .strictObject({
    /** Five fields: minute, hour, day, month, weekday. */
    cron: z.string().max(100).optional(),
    /** A cadence instead: so long after the last firing. */
    every: z
      .string()
      .regex(/^\d{1,6}(m|h|d)$/, 'is a number and a unit: 30m, 6h, 1d')
      .optional(),
    /** An IANA name. */
    zone: z.string().max(60).default('UTC'),
    /** What happens when the run before has not ended: the firing is left out, or both run. */
    overlap: z.enum(['skip', 'allow']).default('skip'),
    /** It fires no more after so many runs, after this day, or once a run ended like that. */
    stop: z
      .strictObject({
        afterRuns: z.int().min(1).max(1_000_000).optional(),
        at: z.iso.date().optional(),
        when: z.enum(['done', 'failed']).optional(),
      })
      .optional(),
  })
  .superRefine((schedule, context) => {
    const message = scheduleProblem(schedule);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
export type Schedule = z.infer<typeof ScheduleTrigger>;

const MatchTrigger = z.strictObject({
  workItem: WorkItemTrigger.optional(),
  comment: CommentTrigger.optional(),
  incident: IncidentTrigger.optional(),
  mainFailed: MainFailedTrigger.optional(),
  advisory: AdvisoryTrigger.optional(),
  schedule: ScheduleTrigger.optional(),
});
export const TRIGGER_NAMES = Object.keys(MatchTrigger.shape) as (keyof MatchTrigger)[];
export type MatchTrigger = z.infer<typeof MatchTrigger>;

export const Trigger = z.union([
  z.enum(SIGNAL_TYPES),
  MatchTrigger.refine((trigger) => Object.keys(trigger).length === 1, {
    message: `names one of ${TRIGGER_NAMES.join(', ')}`,
  }),
]);
export type Trigger = z.infer<typeof Trigger>;

/** Known keys by trigger. */
export const KNOWN_TRIGGER_KEYS: Readonly<Record<string, readonly string[]>> = {
  on: TRIGGER_NAMES,
  workItem: Object.keys(WorkItemTrigger.shape),
  comment: Object.keys(CommentTrigger.shape),
  incident: Object.keys(IncidentTrigger.shape),
  mainFailed: Object.keys(MainFailedTrigger.shape),
  advisory: Object.keys(AdvisoryTrigger.shape),
  schedule: Object.keys(ScheduleTrigger.shape),
  stop: ['afterRuns', 'at', 'when'],
};
