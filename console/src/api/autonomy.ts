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

export interface Autonomy {
  windowDays: number;
  curbs: AutonomyCurb[];
  /** `budget`: the grant and its scope, such as `autonomy.tier1 service:checkout`. */
  budgets: { repository: string; budget: string; used: number }[];
  records: AutonomyRecord[];
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
