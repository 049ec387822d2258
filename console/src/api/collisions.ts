/** Pairs of open changes and sessions that get in each other's way. */
import { infiniteQueryOptions } from '@tanstack/react-query';
import { get } from './client.ts';
import type { Page } from './types.ts';
import type { Collision } from './schema.ts';
export type { Collision } from './schema.ts';

export type CollisionLevel = Collision['level'];
export type CollisionSide = Collision['sides'][number];

export const collisionQueries = {
  list: (filter: { state: string; level: string; repository: string; sessionId: string }) => {
    const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''));
    return infiniteQueryOptions({
      queryKey: ['collisions', given],
      initialPageParam: undefined as string | undefined,
      queryFn: ({ pageParam, signal }) =>
        get<Page<Collision>>('/v1/collisions', { ...given, limit: 50, cursor: pageParam }, signal),
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    });
  },
};
