/** What the Policy Engine answers when it is asked why a score is what it is. */
import { queryOptions } from '@tanstack/react-query';
import { get } from './client.ts';
import type { RiskFactor } from './types.ts';

export interface FactorCurve {
  axis: 'percentile' | 'value';
  from: string;
  to: string;
  /** Where the change stands on the axis, 0 to 1. */
  place: number;
  /** At equal steps along the axis. */
  points: number[];
  /** Before it was fitted to the repository. */
  shipped: number[] | null;
}

export interface ReliabilityBin {
  from: number;
  to: number;
  changes: number;
  declared: number;
  realised: number;
}

export interface RiskReliability {
  model: string;
  changes: number;
  knownDefects: number;
  fittedAt: string;
  error: number | null;
  bins: ReliabilityBin[];
}

export interface RiskExplanation {
  score: number;
  kind: 'learned' | 'counted';
  model: string | null;
  probability: number | null;
  percentile: number | null;
  ranks: { changes: number; ownShare: number } | null;
  factors: (RiskFactor & { meaning: string; curve: FactorCurve | null })[];
  reliability: RiskReliability | null;
}

/** A decision never changes; what came true of earlier ones does, slowly. */
export const explanationQuery = (decisionId: string) =>
  queryOptions({
    queryKey: ['decision', decisionId, 'explanation'],
    queryFn: ({ signal }) =>
      get<RiskExplanation>(`/v1/decisions/${decisionId}/explanation`, {}, signal),
    staleTime: 5 * 60_000,
  });
