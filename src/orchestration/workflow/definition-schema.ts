/** The closed schema of a workflow file. */
import { z } from 'zod';
import { Signal } from '#connectors/contract';
import { JsonObject } from '#kernel';
import { StepKind } from '../schema.ts';
import { MAX_STEPS } from './graph.ts';

export const SIGNAL_TYPES = Signal.options.map((option) => option.shape.type.value);
export type SignalType = (typeof SIGNAL_TYPES)[number];

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,6})(ms|s|m|h|d)$/;

/** `500ms`, `30s`, `10m`, `2h`, `14d` in milliseconds. The text has passed the schema. */
export function durationMs(text: string): number {
  const [, amount = '', unit = ''] = DURATION.exec(text) ?? [];
  return Number(amount) * UNITS[unit as keyof typeof UNITS];
}

/** `shortest` keeps a time limit of nothing from failing every attempt. */
function duration(shortestMs: number, longest: string): z.ZodString {
  return z
    .string()
    .regex(DURATION, 'is a number and a unit: 500ms, 30s, 10m, 2h, 14d')
    .refine(
      (text) => !DURATION.test(text) || durationMs(text) >= shortestMs,
      `is ${shortestMs} ms at least`,
    )
    .refine(
      (text) => !DURATION.test(text) || durationMs(text) <= durationMs(longest),
      `is ${longest} at most`,
    );
}

const Name = z
  .string()
  .max(60)
  .regex(/^[a-z][a-z0-9-]*$/, 'is small letters, digits and dashes, and starts with a letter');
const Scalar = z.union([z.string(), z.number(), z.boolean()]);

const Retries = z.strictObject({
  /** Attempts after the first one. */
  max: z.int().min(0).max(20).default(2),
  /** Pause before the first retry; doubles with every further one. */
  backoff: duration(0, '1h').default('5s'),
});

const StepOfFile = z.strictObject({
  name: Name.refine((name) => name !== 'input', 'input is the name of what the run was given'),
  kind: StepKind,
  needs: z.array(z.string()).max(MAX_STEPS).default([]),
  with: JsonObject.default({}),
  retries: Retries.default({ max: 2, backoff: '5s' }),
  /** Limit of one attempt. Time spent waiting for a signal or a timer does not count. */
  timeout: duration(1, '24d').optional(),
  when: z
    .record(z.string(), z.record(z.string(), z.union([Scalar, z.array(Scalar).min(1).max(50)])))
    .optional(),
});

export const WorkflowFile = z.strictObject({
  name: Name,
  on: z.array(z.enum(SIGNAL_TYPES)).default([]),
  steps: z.array(StepOfFile).min(1).max(MAX_STEPS),
});
export type WorkflowFile = z.infer<typeof WorkflowFile>;
