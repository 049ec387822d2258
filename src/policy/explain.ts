/**
 * A score explained: every factor with its curve and the place of this change on it, how places among
 * the repository's own changes are counted, and whether what was declared before came true. Pure.
 */
import { z } from 'zod';
import { Facts } from './facts.ts';
import { COUNTED_CURVES, placeOnCurve } from './risk.ts';
import { calibrationError, factorCurves, findRiskModel } from './risk/index.ts';
import { type Decision, RiskFactor } from './schema.ts';

export const ExplainedFactor = RiskFactor.extend({
  /** What the value counts; empty for factors that are no curve. */
  meaning: z.string(),
  /** The points at equal steps along the axis; null where the factor is no curve. */
  curve: z
    .object({
      axis: z.enum(['percentile', 'value']),
      /** Words at both ends of the axis. */
      from: z.string(),
      to: z.string(),
      /** Where this change stands, 0 to 1. */
      place: z.number(),
      points: z.array(z.number()),
      /** Before it was fitted to the repository; null for counted factors. */
      shipped: z.array(z.number()).nullable(),
    })
    .nullable(),
});
export type ExplainedFactor = z.infer<typeof ExplainedFactor>;

export const RiskReliability = z.object({
  model: z.string(),
  changes: z.int(),
  knownDefects: z.int(),
  fittedAt: z.date(),
  /** Mean distance between declared and realised, 0 to 1; null while too few changes are a year old. */
  error: z.number().nullable(),
  bins: z.array(
    z.object({
      from: z.number(),
      to: z.number(),
      changes: z.int(),
      declared: z.number(),
      realised: z.number(),
    }),
  ),
});
export type RiskReliability = z.infer<typeof RiskReliability>;

export const RiskExplanation = z.object({
  score: z.number(),
  /** `learned`: by the model. `counted`: by counting, as for changes without production code. */
  kind: z.enum(['learned', 'counted']),
  model: z.string().nullable(),
  probability: z.number().nullable(),
  /** Share of past changes of the repository that were less risky. */
  percentile: z.number().nullable(),
  /** How values become places: among so many changes here, the rest of the weight all repositories. */
  ranks: z.object({ changes: z.int(), ownShare: z.number() }).nullable(),
  /** Points sum to the score. */
  factors: z.array(ExplainedFactor),
  /** Of the repository as it was last fitted; null where nothing was learned. */
  reliability: RiskReliability.nullable(),
});
export type RiskExplanation = z.infer<typeof RiskExplanation>;

const STEPS = 32;

/**
 * @param reliability what is kept of the repository, which may be newer than the decision.
 */
export function explainRisk(
  decision: Pick<Decision, 'repository' | 'score' | 'factors' | 'facts'>,
  reliability: RiskReliability | null,
): RiskExplanation {
  const facts = Facts.safeParse(decision.facts);
  const risk = facts.success ? facts.data.risk : null;
  // The curves of another version would not be those the verdict was made by.
  const model = risk === null ? undefined : findRiskModel(risk.model, decision.repository);
  const curves = new Map(
    (model === undefined || risk?.fit === undefined ? [] : factorCurves(model, risk.fit)).map(
      (curve) => [curve.name, curve] as const,
    ),
  );
  return {
    score: decision.score,
    kind: risk === null ? 'counted' : 'learned',
    model: risk?.model ?? null,
    probability: risk?.probability ?? null,
    percentile: risk?.percentile ?? null,
    ranks: risk?.fit === undefined ? null : { changes: risk.changes, ownShare: risk.fit.ownShare },
    factors: decision.factors.map((factor) => {
      const learned = curves.get(factor.name);
      if (learned === undefined) {
        return { ...factor, meaning: '', curve: risk === null ? countedCurve(factor) : null };
      }
      const { meaning, percentile, curve, shipped } = learned;
      const ends = { from: 'lowest here', to: 'highest here' };
      return {
        ...factor,
        meaning,
        curve: { axis: 'percentile', ...ends, place: percentile, points: curve, shipped },
      };
    }),
    reliability,
  };
}

function countedCurve({ name, value }: RiskFactor): ExplainedFactor['curve'] {
  const shape = Object.entries(COUNTED_CURVES).find(([each]) => each === name)?.[1];
  if (shape === undefined || typeof value !== 'number') return null;
  return {
    axis: 'value',
    from: String(shape.free),
    to: `${shape.full + shape.free} and more`,
    place: placeOnCurve(value, shape),
    points: Array.from({ length: STEPS + 1 }, (_, step) => (shape.most * step) / STEPS),
    shipped: null,
  };
}

/** What is kept of a fit as it is shown. */
export function reliabilityShown(
  row: Omit<RiskReliability, 'error'> | undefined,
): RiskReliability | null {
  return row === undefined ? null : { ...row, error: calibrationError(row.bins) };
}
