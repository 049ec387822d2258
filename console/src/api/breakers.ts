/** What a circuit breaker stopped in a session, and what that session has spent. */
import { queryOptions } from '@tanstack/react-query';
import { get, post } from './client.ts';
import type { Answers } from './schema.ts';

export type SessionBreaker = Answers['GET /v1/sessions/{id}/breaker'];
export type BreakerTrip = SessionBreaker['items'][number];

export const breakerQueries = {
  ofSession: (id: string) =>
    queryOptions({
      queryKey: ['sessions', 'breaker', id],
      queryFn: ({ signal }) => get<SessionBreaker>(pathOf(id), {}, signal),
    }),
};

export function liftBreaker(sessionId: string, reason: string): Promise<unknown> {
  return post(`${pathOf(sessionId)}/reset`, { reason });
}

function pathOf(sessionId: string): string {
  return `/v1/sessions/${encodeURIComponent(sessionId)}/breaker`;
}
