/** What the Policy Engine answers when it is asked why a score is what it is. */
import { queryOptions } from '@tanstack/react-query';
import { get } from './client.ts';
import type { RiskExplanation } from './schema.ts';
export type { RiskExplanation } from './schema.ts';

export type FactorCurve = NonNullable<RiskExplanation['factors'][number]['curve']>;
export type RiskReliability = NonNullable<RiskExplanation['reliability']>;
export type ReliabilityBin = RiskReliability['bins'][number];

/** A decision never changes; what came true of earlier ones does, slowly. */
export const explanationQuery = (decisionId: string) =>
  queryOptions({
    queryKey: ['decision', decisionId, 'explanation'],
    queryFn: ({ signal }) =>
      get<RiskExplanation>(`/v1/decisions/${decisionId}/explanation`, {}, signal),
    staleTime: 5 * 60_000,
  });
