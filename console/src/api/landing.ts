/** What waits to land, where agents work, and what they used. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { get } from './client.ts';
import type { Page } from './types.ts';
import type { Answers } from './schema.ts';

export type LandingQueue = Answers['GET /v1/landing-queue'];
export type LandingLane = LandingQueue['lanes'][number];
export type LandingEntry = LandingLane['waiting'][number];
export type LandingBuild = LandingLane['builds'][number];
export type DevboxEntry = Answers['GET /v1/devboxes']['items'][number];
export type AgentRun = Answers['GET /v1/runs/{id}/agents']['items'][number];

/** Builds and agents move without an event for each step of theirs. */
const LOOK_AGAIN_MS = 5_000;

export const landingQueries = {
  queue: () =>
    queryOptions({
      queryKey: ['landing'],
      queryFn: ({ signal }) => get<{ lanes: LandingLane[] }>('/v1/landing-queue', {}, signal),
      refetchInterval: LOOK_AGAIN_MS,
    }),
  agentsOf: (runId: string, isLive: boolean) =>
    queryOptions({
      queryKey: ['runs', 'agents', runId],
      queryFn: ({ signal }) =>
        get<{ items: AgentRun[] }>(`/v1/runs/${encodeURIComponent(runId)}/agents`, {}, signal),
      refetchInterval: isLive ? LOOK_AGAIN_MS : false,
    }),
  devboxes: (filter: { state: string }) => {
    const given = filter.state === '' ? {} : filter;
    return infiniteQueryOptions({
      queryKey: ['devboxes', given],
      initialPageParam: undefined as string | undefined,
      queryFn: ({ pageParam, signal }) =>
        get<Page<DevboxEntry>>('/v1/devboxes', { ...given, limit: 50, cursor: pageParam }, signal),
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    });
  },
};
