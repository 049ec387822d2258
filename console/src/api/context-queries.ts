/** Reads of the Context Layer; apart from the rest, so that they load with its pages only. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { get, type QueryValue } from './client.ts';
import type {
  BearingControl,
  Contradiction,
  ControlReach,
  Entity,
  EntityPage,
  FolderOwnership,
  KnownPerson,
  Landscape,
  Lesson,
  SearchHit,
  StaleKnowledge,
  RankingFit,
} from './context-types.ts';
import type { Page } from './types.ts';

type Filter = Record<string, QueryValue>;

const at = encodeURIComponent;
const ENTITIES_ON_A_PAGE = 25;
/** As many as one answer carries. */
export const MOST_STALE = 500;

export const contextQueries = {
  entities: (filter: Filter) =>
    infiniteQueryOptions({
      queryKey: ['graph', 'entities', filter],
      initialPageParam: 0,
      queryFn: async ({ pageParam, signal }): Promise<Page<Entity>> => {
        const query = { ...filter, limit: ENTITIES_ON_A_PAGE, offset: pageParam };
        const { items } = await get<{ items: Entity[] }>('/v1/graph/entities', query, signal);
        const isFull = items.length === ENTITIES_ON_A_PAGE;
        return { items, nextCursor: isFull ? String(pageParam + ENTITIES_ON_A_PAGE) : null };
      },
      getNextPageParam: ({ nextCursor }) => (nextCursor === null ? undefined : Number(nextCursor)),
      placeholderData: keepPreviousData,
    }),
  entity: (id: string, filter: Filter) =>
    queryOptions({
      queryKey: ['graph', 'entity', id, filter],
      queryFn: ({ signal }) => get<EntityPage>(`/v1/graph/entities/${at(id)}`, filter, signal),
      // Moving through time keeps the page in place.
      placeholderData: (former, query) => (query?.queryKey[2] === id ? former : undefined),
    }),
  person: (identity: string) =>
    queryOptions({
      queryKey: ['graph', 'people', identity],
      queryFn: ({ signal }) =>
        get<{ items: KnownPerson[] }>('/v1/graph/people', { identity }, signal),
    }),
  contradictions: () =>
    queryOptions({
      queryKey: ['graph', 'contradictions'],
      queryFn: ({ signal }) =>
        get<{ items: Contradiction[] }>('/v1/graph/contradictions', {}, signal),
    }),
  controls: (id: string) =>
    queryOptions({
      queryKey: ['graph', 'controls', id],
      queryFn: ({ signal }) =>
        get<{ items: BearingControl[] }>(`/v1/graph/entities/${at(id)}/controls`, {}, signal),
    }),
  controlReach: (id: string) =>
    queryOptions({
      queryKey: ['graph', 'control-reach', id],
      queryFn: ({ signal }) => get<ControlReach>(`/v1/graph/controls/${at(id)}/reach`, {}, signal),
    }),
  landscape: (together: boolean) =>
    queryOptions({
      queryKey: ['graph', 'landscape', together],
      queryFn: ({ signal }) =>
        get<Landscape>('/v1/graph/landscape', together ? { together } : {}, signal),
      // Switching a layer on keeps the drawing in place.
      placeholderData: keepPreviousData,
      staleTime: 60_000,
    }),
  stale: (scope: string) =>
    queryOptions({
      queryKey: ['graph', 'stale', scope],
      queryFn: ({ signal }) =>
        get<{ items: StaleKnowledge[] }>('/v1/graph/stale', { scope, limit: MOST_STALE }, signal),
      placeholderData: keepPreviousData,
    }),
  /** Asked again while one is under way. */
  rankingFits: () =>
    queryOptions({
      queryKey: ['ranking-fits'],
      queryFn: ({ signal }) => get<Page<RankingFit>>('/v1/ranking-fits', { limit: 20 }, signal),
      refetchInterval: ({ state }) =>
        state.data?.items[0]?.state === 'running' ? 3_000 : (false as const),
    }),
  ownership: (repository: string, depth: number) =>
    queryOptions({
      queryKey: ['graph', 'ownership', repository, depth],
      queryFn: ({ signal }) =>
        get<{ folders: FolderOwnership[] }>(
          `/v1/graph/ownership/${at(repository)}`,
          { depth },
          signal,
        ),
      staleTime: 60_000,
    }),
  text: (text: string, repository: string) =>
    queryOptions({
      queryKey: ['graph', 'text', text, repository],
      queryFn: ({ signal }) =>
        get<{ items: SearchHit[] }>('/v1/search', { q: text, repository, limit: 10 }, signal),
      placeholderData: keepPreviousData,
    }),
  lessons: (filter: Filter) =>
    infiniteQueryOptions({
      queryKey: ['lessons', filter],
      initialPageParam: undefined as string | undefined,
      queryFn: ({ pageParam, signal }) =>
        get<Page<Lesson>>('/v1/lessons', { ...filter, limit: 50, cursor: pageParam }, signal),
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    }),
};
