/** Reports that rooms hand over as plain values, as they are on the wire. Rooms own the meaning; see there. */
import { z } from 'zod';
import type { ContextFigures } from '#context';
import * as insights from '#insights';
import { type Backtest as PolicyBacktest, Lane } from '#policy';
import { named } from './named.ts';
import { Problem } from './problem.ts';

export const XrayReport = named('XrayReport', insights.XrayReport);

const share = z.number().nullable();
const TaskFigures = z.object({
  task: z.enum(['files', 'companions', 'documents', 'people']),
  question: z.string(),
  asked: z.int(),
  hit3: share,
  recall5: share,
  recall10: share,
  meanReciprocalRank: share,
});

const Figures = z.object({
  revision: z.string(),
  changes: z.int(),
  tasks: z.array(TaskFigures),
  withoutNames: TaskFigures.nullable(),
  cut: z.object({ afterMs: z.number(), asked: z.int(), planned: z.int() }).nullable(),
  examples: z.array(
    z.object({
      sha: z.string(),
      title: z.string(),
      at: z.date(),
      isFound: z.boolean(),
      files: z.array(z.object({ path: z.string(), place: z.int().nullable(), reason: z.string() })),
    }),
  ),
  notes: z.array(z.string()),
}) satisfies z.ZodType<ContextFigures>;

export const ContextStudy = named(
  'ContextStudy',
  z.discriminatedUnion('state', [
    z.object({ state: z.literal('empty') }),
    z.object({ state: z.literal('computing'), done: z.int(), total: z.int().nullable() }),
    z.object({ state: z.literal('ready'), figures: Figures }),
    z.object({ state: z.literal('failed'), reason: z.string() }),
  ]),
);

const LaneCounts = z.object({
  ship: z.int(),
  'ship-and-watch': z.int(),
  'one-reviewer': z.int(),
  'two-person': z.int(),
  hold: z.int(),
});
const beforeAndAfter = { before: LaneCounts, after: LaneCounts };
const ruleAt = { id: z.string(), line: z.int(), file: z.string() };

export const Backtest = named(
  'Backtest',
  z.object({
    changes: z.int(),
    from: z.date().nullable(),
    to: z.date().nullable(),
    ...beforeAndAfter,
    weeks: z.array(z.object({ week: z.string(), ...beforeAndAfter })),
    stricter: z.int(),
    milder: z.int(),
    moved: z.array(
      z.object({
        sha: z.string(),
        subject: z.string(),
        landedAt: z.date(),
        before: Lane,
        after: Lane,
        rulesAdded: z.array(z.string()),
        rulesRemoved: z.array(z.string()),
        score: z.number(),
      }),
    ),
    paged: z.array(z.object({ who: z.string(), before: z.int(), after: z.int() })),
    revertedLater: z.array(
      z.object({
        sha: z.string(),
        subject: z.string(),
        landedAt: z.date(),
        revertedBy: z.string(),
        revertedAt: z.date(),
        shippedBefore: z.boolean(),
      }),
    ),
    fired: z.array(z.object({ ...ruleAt, count: z.int() })),
    neverFired: z.array(z.object({ ...ruleAt, because: z.string() })),
    notes: z.array(z.string()),
  }) satisfies z.ZodType<PolicyBacktest>,
);

/** One line of the answer while a policy is put over what landed. */
export const BacktestLine = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    phase: z.enum(['history', 'risk', 'patches', 'verdicts', 'done']),
    done: z.int(),
    total: z.int().nullable(),
  }),
  z.object({ type: z.literal('report'), report: Backtest }),
  z.object({ type: z.literal('problem'), problem: Problem }),
]);
