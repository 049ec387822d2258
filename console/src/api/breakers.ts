/** What a circuit breaker stopped in a session, and what that session has spent. */
import { queryOptions } from '@tanstack/react-query';
import { get, post } from './client.ts';

export interface BreakerTrip {
  id: string;
  rule: string;
  stage: 'block-call' | 'end-turn' | 'end-session';
  reason: string;
  advice: string;
  handOver: string | null;
  /** Estimates, made as `savedMethod` says. */
  savedTokens: number;
  savedCostUsdMicros: number | null;
  savedMethod: string;
  trippedAt: string;
  liftedAt: string | null;
  liftedBy: string | null;
}

export interface SessionBreaker {
  stage: 'closed' | 'turn-ended' | 'session-ended';
  nudges: number;
  trips: number;
  spent: { tokens: number; costUsdMicros: number; calls: number };
  budget: {
    tokens: number | null;
    costUsdMicros: number | null;
    minutes: number | null;
    calls: number | null;
  };
  items: BreakerTrip[];
}

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
