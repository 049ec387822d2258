/** What ships alone: budgets drawn on today, halvings after harm, and each agent's track record. */
import { queryOptions } from '@tanstack/react-query';
import { get, post } from './client.ts';
import type { Answers, Audit, AutonomyCurb } from './schema.ts';
export type { AutonomyCurb, AutonomyRecord, AutonomyThreshold, RealisedBound } from './schema.ts';

/** A change that shipped alone and was drawn to be looked at afterwards. */
export type AuditedChange = Audit;
export type Autonomy = Answers['GET /v1/autonomy'];

export const autonomyQueries = {
  all: () =>
    queryOptions({
      queryKey: ['autonomy'],
      queryFn: ({ signal }) => get<Autonomy>('/v1/autonomy', {}, signal),
    }),
};

export function restoreAutonomy(curb: number, reason: string): Promise<AutonomyCurb> {
  return post('/v1/autonomy/restorations', { curb, reason });
}

export function answerAudit(
  changeId: string,
  answer: { finding: 'fine' | 'risky'; reason: string },
): Promise<AuditedChange> {
  return post(`/v1/autonomy/audits/${encodeURIComponent(changeId)}`, answer);
}
