/** Who is away and who stands in, and verdicts that were put aside. */
import { queryOptions } from '@tanstack/react-query';
import { get, post, remove } from './client.ts';
import type { Absence, Bodies, Override } from './schema.ts';
export type { Absence, Override } from './schema.ts';

export const absencesQuery = (personId: string) =>
  queryOptions({
    queryKey: ['people', personId, 'absences'],
    queryFn: ({ signal }) =>
      get<{ items: Absence[] }>(`/v1/people/${personId}/absences`, {}, signal),
  });

export function enterAbsence(
  personId: string,
  absence: Bodies['POST /v1/people/{id}/absences'],
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

export function requestOverride(request: Bodies['POST /v1/overrides']): Promise<Override> {
  return post('/v1/overrides', request);
}

export function confirmOverride(id: string): Promise<Override> {
  return post(`/v1/overrides/${id}/confirmations`);
}
