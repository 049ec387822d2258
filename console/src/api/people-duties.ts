/** Who is away and who stands in, and verdicts that were put aside. */
import { queryOptions } from '@tanstack/react-query';
import { get, post, remove } from './client.ts';

export interface Absence {
  id: string;
  personId: string;
  from: string;
  to: string;
  delegateId: string | null;
  note: string;
  createdAt: string;
  cancelledAt: string | null;
}

export interface Override {
  id: string;
  changeId: string;
  repository: string;
  headSha: string;
  requestedBy: string;
  requesterName: string;
  reason: string;
  ticket: string | null;
  /** Lands past the tests of the queue too. */
  isEmergency: boolean;
  state: 'requested' | 'active' | 'used' | 'expired';
  confirmerName: string | null;
  requestedAt: string;
  activeAt: string | null;
  expiresAt: string;
  usedAt: string | null;
}

export const absencesQuery = (personId: string) =>
  queryOptions({
    queryKey: ['people', personId, 'absences'],
    queryFn: ({ signal }) =>
      get<{ items: Absence[] }>(`/v1/people/${personId}/absences`, {}, signal),
  });

export function enterAbsence(
  personId: string,
  absence: { from: string; to: string; delegateId?: string; note?: string },
): Promise<Absence> {
  return post(`/v1/people/${personId}/absences`, absence);
}

export function cancelAbsence({ personId, id }: Absence): Promise<Absence> {
  return remove(`/v1/people/${personId}/absences/${id}`);
}

export const overridesQuery = (changeId: string) =>
  queryOptions({
    queryKey: ['changes', 'overrides', changeId],
    queryFn: ({ signal }) =>
      get<{ items: Override[] }>('/v1/overrides', { changeId, limit: 20 }, signal),
  });

export function requestOverride(request: {
  changeId: string;
  headSha: string;
  reason: string;
  ticket?: string;
  isEmergency?: boolean;
}): Promise<Override> {
  return post('/v1/overrides', request);
}

export function confirmOverride(id: string): Promise<Override> {
  return post(`/v1/overrides/${id}/confirmations`);
}
