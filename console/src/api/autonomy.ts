/** What ships alone: budgets drawn on today, halvings after harm, and each agent's track record. */
import { queryOptions } from '@tanstack/react-query';
import { get, post } from './client.ts';

export interface AutonomyCurb {
  number: number;
  repository: string;
  /** `*` is all of the repository. */
  service: string;
  changeId: string;
  title: string;
  agent: string;
  cause: 'revert' | 'rollback' | 'incident';
  causeRef: string;
  startedAt: string;
  until: string;
  restoredAt: string | null;
  restoredName: string | null;
  reason: string | null;
  isActive: boolean;
}

export interface AutonomyRecord {
  agent: string;
  repository: string;
  /** Folder of the repository. */
  prefix: string;
  shippedAlone: number;
  reverted: number;
  incidents: number;
  firstAt: string;
  lastAt: string;
}

/** The declared bound of a repository beside what happened there within a year. */
export interface RealisedBound {
  repository: string;
  landed: number;
  shippedAlone: number;
  defects: number;
  slipped: number;
  audited: number;
  auditedRisky: number;
  boundPerMille: number | null;
  realised: number | null;
  tightening: number;
  alarmSince: string | null;
}

/** Where the threshold of one kind of change in one tier stands; `*` is all of them. */
export interface AutonomyThreshold {
  repository: string;
  changeClass: string;
  tier: string;
  boundPerMille: number | null;
  landed: number;
  shippedAlone: number;
  defects: number;
  slipped: number;
  tightening: number;
  ceiling: number | null;
  phase: 'cold' | 'warm';
  alarmSince: string | null;
  changedAt: string;
}

/** A change that shipped alone and was drawn to be looked at afterwards. */
export interface AuditedChange {
  changeId: string;
  repository: string;
  title: string;
  mergeSha: string;
  landedAt: string;
  state: 'open' | 'fine' | 'risky';
  auditedName: string | null;
  reason: string | null;
  auditedAt: string | null;
}

export interface Autonomy {
  windowDays: number;
  curbs: AutonomyCurb[];
  /** `budget`: the grant and its scope, such as `autonomy.tier1 service:checkout`. */
  budgets: { repository: string; budget: string; used: number }[];
  records: AutonomyRecord[];
  bounds: RealisedBound[];
  thresholds: AutonomyThreshold[];
  audits: AuditedChange[];
}

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
