/** The lines of an overlap backtest, as the data files write them. Gold in them is never read. */
import { AppError } from '#kernel';
import { z } from 'zod';

const Sha = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/);
const Id = z.string().min(1).max(300);
const Range = z.tuple([z.number(), z.number()]);
const Place = z.tuple([z.number(), z.number(), z.number(), z.number()]).rest(z.unknown());

const Full = z.object({
  id: Id,
  base: Sha,
  head: Sha,
  merged: Sha.nullish(),
  title: z.string().default(''),
  files: z.record(z.string(), z.array(Place)),
});
const Prefix = z.object({
  id: Id,
  base: Sha,
  opened: z.number(),
  title: z.string().default(''),
  filesSoFar: z.array(z.string()),
});
const Intent = z.object({
  id: Id,
  opened: z.number(),
  title: z.string().default(''),
  body: z.string().default(''),
});
const SameWork = z.object({
  id: Id,
  title: z.string().default(''),
  body: z.string().default(''),
  files: z.array(z.string()).default([]),
  ids: z.array(z.string()).default([]),
});

const rowOf = <Side extends z.ZodType>(side: Side) =>
  z.object({ repo: z.string(), a: side, b: side });

export const FullRow = rowOf(Full).extend({
  align: z.record(z.string(), z.object({ a: z.array(Range), b: z.array(Range) })).optional(),
});
export const PrefixRow = rowOf(Prefix);
export const IntentRow = rowOf(Intent);
export const SameWorkRow = rowOf(SameWork);
export type FullRow = z.infer<typeof FullRow>;
export type PrefixRow = z.infer<typeof PrefixRow>;
export type IntentRow = z.infer<typeof IntentRow>;
export type SameWorkRow = z.infer<typeof SameWorkRow>;

export const OVERLAP_TASKS = ['full', 'prefix', 'intent', 'dup'] as const;
export type OverlapTask = (typeof OVERLAP_TASKS)[number];

/** One answer. `merged` marks a pair that was really merged, `why` names the evidence. */
export interface OverlapAnswer {
  a: string;
  b: string;
  score: number;
  merged?: true;
  why?: string;
}

/** @throws AppError `overlap.bad_input`, naming the line. */
export function parseRows<Row>(text: string, schema: z.ZodType<Row>): Row[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const parsed = schema.safeParse(safeJson(line));
    if (parsed.success) return [parsed.data];
    const [issue] = parsed.error.issues;
    throw new AppError('invalid', 'overlap.bad_input', {
      message:
        `Line ${index + 1} is not a pair of this task: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`.trim(),
      hint: 'Each line is one JSON object with repo, a and b; see docs/overlap.md.',
    });
  });
}

function safeJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
