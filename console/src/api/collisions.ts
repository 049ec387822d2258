/** Pairs of open changes and sessions that get in each other's way. */
import { infiniteQueryOptions } from '@tanstack/react-query';
import { get } from './client.ts';
import type { Page } from './types.ts';

export type CollisionLevel = 'intent' | 'path' | 'symbol' | 'lines' | 'merge';

export interface CollisionSide {
  kind: 'change' | 'session';
  id: string;
  title: string;
  by: string;
  branch: string | null;
  headSha: string | null;
  url: string | null;
}

export interface Collision {
  id: string;
  repository: string;
  level: CollisionLevel;
  sides: [CollisionSide, CollisionSide];
  paths: string[];
  symbols: string[];
  /** Both sides between git's markers. */
  hunks: { path: string; text: string; isCut: boolean }[];
  why: string;
  state: 'open' | 'cleared';
  clearReason: string | null;
  isAlerted: boolean;
  foundAt: string;
  updatedAt: string;
  clearedAt: string | null;
}

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
