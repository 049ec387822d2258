/** What there is to run, what starts it, and what was chosen for what happened. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { get } from './client.ts';
import type { Page } from './types.ts';
import type { CompositionRecord, WorkflowGraph, WorkflowLibrary } from './schema.ts';
export type { Workflow, WorkflowLibrary } from './schema.ts';

export type GraphStep = WorkflowGraph['steps'][number];
export type Composition = CompositionRecord;

export const workflowQueries = {
  library: (repository: string) =>
    queryOptions({
      queryKey: ['workflows', repository],
      queryFn: ({ signal }) =>
        get<WorkflowLibrary>('/v1/workflows', repository === '' ? {} : { repository }, signal),
    }),
  compositions: () =>
    infiniteQueryOptions({
      queryKey: ['compositions'],
      initialPageParam: undefined as string | undefined,
      queryFn: ({ pageParam, signal }) =>
        get<Page<Composition>>('/v1/compositions', { limit: 25, cursor: pageParam }, signal),
      getNextPageParam: (page) => page.nextCursor ?? undefined,
    }),
};
