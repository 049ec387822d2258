/** Who works on what, right now: live sessions, changes that wait for people, work that is ready. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { get } from './client.ts';
import type { Board } from './schema.ts';
export type { Board } from './schema.ts';

export type BoardSession = Board['sessions'][number];

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
