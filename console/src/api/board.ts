/** Who works on what, right now: live sessions, changes that wait for people, work that is ready. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { get } from './client.ts';

export interface BoardSession {
  id: string;
  agent: string;
  model: string | null;
  operatorId: string | null;
  parentId: string | null;
  intent: string;
  repository: string | null;
  branch: string | null;
  state: 'active' | 'idle';
  startedAt: string;
  lastSeenAt: string;
  toolCalls: number;
  deniedCalls: number;
  workItem: { id: string; title: string; externalKey: string | null } | null;
  change: { id: string; title: string; lane: string | null } | null;
  claims: { held: number; exclusive: number; newest: string[] };
  collisions: number;
  waitsFor: {
    what: string;
    since: string;
    holder: { sessionId: string; agent: string } | null;
  } | null;
  spend: {
    tokens: number;
    usd: number | null;
    budgetTokens: number | null;
    budgetUsd: number | null;
  };
  breaker: 'closed' | 'turn-ended' | 'session-ended';
}

export interface Board {
  at: string;
  totals: {
    sessions: number;
    waiting: number;
    collisions: number;
    stopped: number;
    tokens: number;
    usd: number;
    readyItems: number;
    waitingChanges: number;
  };
  sessions: BoardSession[];
  changes: {
    id: string;
    title: string;
    repository: string;
    lane: string;
    since: string;
    askedOf: string[];
  }[];
  items: {
    id: string;
    title: string;
    repository: string | null;
    source: string;
    labels: string[];
    priority: number;
    createdAt: string;
  }[];
}

const REFRESH_MS = 10_000;

export const boardQueries = {
  read: (repository: string) =>
    queryOptions({
      queryKey: ['board', repository],
      queryFn: ({ signal }) =>
        get<Board>('/v1/board', repository === '' ? {} : { repository }, signal),
      refetchInterval: REFRESH_MS,
      placeholderData: keepPreviousData,
    }),
};

/** Whether a person should look: it is stopped, waits, collides or was denied something. */
export function isInTrouble(session: BoardSession): boolean {
  return session.breaker !== 'closed' || session.waitsFor !== null || session.collisions > 0;
}
