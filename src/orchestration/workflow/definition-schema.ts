/** The closed schema of a workflow file. */
import { z } from 'zod';
import { JsonObject } from '#kernel';
import { StepKind } from '../schema.ts';
import { CONTROL_KINDS } from '../workflow-graph.ts';
import { duration, Rate } from './durations.ts';
import { MAX_STEPS } from './graph.ts';
import { Trigger } from './triggers.ts';

export { durationMs } from './durations.ts';
export { SIGNAL_TYPES, type SignalType } from './triggers.ts';

/** Turns of a repeat, and items of a fan-out. */
export const MAX_TURNS = 100;
export const MAX_ITEMS = 500;

const Name = z
  .string()
  .max(60)
  .regex(/^[a-z][a-z0-9-]*$/, 'is small letters, digits and dashes, and starts with a letter');
const Scalar = z.union([z.string(), z.number(), z.boolean()]);
const Condition = z.record(
  z.string(),
  z.record(z.string(), z.union([Scalar, z.array(Scalar).min(1).max(50)])),
);

const Retries = z.strictObject({
  /** Attempts after the first one. */
  max: z.int().min(0).max(20).default(2),
  /** Pause before the first retry; grows with every further one. */
  backoff: duration(0, '1h').default('5s'),
  factor: z.number().min(1).max(10).default(2),
  longest: duration(0, '1d').default('1h'),
  /** How much of a pause is drawn at random. */
  jitter: z.enum(['none', 'half', 'full']).default('half'),
});

const Limit = z
  .strictObject({
    key: z.string().min(1).max(200),
    atOnce: z.int().min(1).max(10_000).optional(),
    rate: Rate.optional(),
  })
  .refine(({ atOnce, rate }) => atOnce !== undefined || rate !== undefined, {
    message: 'says atOnce, rate, or both',
  });

/** What is not a growing step: those have keys of their own. */
const PlainKind = StepKind.exclude([...CONTROL_KINDS]);

const Body = z.lazy((): z.ZodType<StepOfFile[]> => z.array(StepOfFile).min(1).max(MAX_STEPS));

const Repeat = z.strictObject({
  max: z.int().min(1).max(MAX_TURNS),
  until: Condition,
  onExhausted: z.enum(['fail', 'continue']).default('fail'),
  steps: Body,
});

const ForEach = z.strictObject({
  items: z
    .array(z.union([Scalar, JsonObject]))
    .min(1)
    .max(MAX_ITEMS)
    .optional(),
  /** `step.key` or `input.key`. */
  from: z
    .string()
    .regex(/^[a-z][a-z0-9-]*\.[A-Za-z0-9_-]+$/, 'names a step, or input, and a key: scan.files')
    .optional(),
  max: z.int().min(1).max(MAX_ITEMS).default(50),
  atOnce: z.int().min(1).max(MAX_ITEMS).optional(),
  steps: Body,
});

export interface StepOfFile {
  name: string;
  kind?: z.infer<typeof PlainKind> | undefined;
  repeat?: z.infer<typeof Repeat> | undefined;
  forEach?: z.infer<typeof ForEach> | undefined;
  workflow?: string | undefined;
  needs: string[];
  with: JsonObject;
  retries: z.infer<typeof Retries>;
  timeout?: string | undefined;
  when?: z.infer<typeof Condition> | undefined;
  limit?: z.infer<typeof Limit> | undefined;
  undo?: { kind: z.infer<typeof PlainKind>; with: JsonObject } | undefined;
  onFailure: 'fail' | 'continue';
}

export const StepOfFile: z.ZodType<StepOfFile> = z.strictObject({
  name: Name.refine((name) => name !== 'input', 'input is the name of what the run was given'),
  kind: PlainKind.optional(),
  repeat: Repeat.optional(),
  forEach: ForEach.optional(),
  workflow: Name.optional(),
  needs: z.array(z.string()).max(MAX_STEPS).default([]),
  with: JsonObject.default({}),
  retries: Retries.prefault({}),
  /** Limit of one attempt. Time spent waiting for a signal or a timer does not count. */
  timeout: duration(1, '24d').optional(),
  when: Condition.optional(),
  limit: Limit.optional(),
  undo: z.strictObject({ kind: PlainKind, with: JsonObject.default({}) }).optional(),
  onFailure: z.enum(['fail', 'continue']).default('fail'),
});

export const WorkflowFile = z.strictObject({
  name: Name,
  description: z.string().max(500).optional(),
  on: z.array(Trigger).max(50).default([]),
  /** Where two workflows match one signal, the higher one is taken. */
  priority: z.int().min(-1_000).max(1_000).default(0),
  /** The run fails when it has not ended by then. */
  timeout: duration(1_000, '365d').optional(),
  steps: z.array(StepOfFile).min(1).max(MAX_STEPS),
});
export type WorkflowFile = z.infer<typeof WorkflowFile>;

/** Known keys by the key that holds them; `steps` for the items of a list of steps. */
export const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  file: Object.keys(WorkflowFile.shape),
  steps: [
    'name',
    'kind',
    'repeat',
    'forEach',
    'workflow',
    'needs',
    'with',
    'retries',
    'timeout',
    'when',
    'limit',
    'undo',
    'onFailure',
  ],
  retries: Object.keys(Retries.shape),
  limit: ['key', 'atOnce', 'rate'],
  repeat: Object.keys(Repeat.shape),
  forEach: Object.keys(ForEach.shape),
  undo: ['kind', 'with'],
};
