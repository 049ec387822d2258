/** What there is to run, what starts it, and what was chosen for what happened. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { get } from './client.ts';
import type { Page } from './types.ts';

export interface GraphStep {
  name: string;
  kind: string;
  needs: string[];
  with: Record<string, unknown>;
  /** Which template line or rule put it here. */
  origin: string;
  maxAttempts: number;
  timeoutMs: number | null;
  when: Record<string, unknown> | null;
  terms: Record<string, unknown>;
}

export interface Workflow {
  name: string;
  description: string;
  source: string;
  isShipped: boolean;
  priority: number;
  on: string[];
  triggers: { line: number; match: Record<string, unknown> }[];
  hash: string;
  graph: { name: string; source: string; steps: GraphStep[] };
}

export interface WorkflowLibrary {
  workflows: Workflow[];
  refused: { path: string; problems: { line?: number; message?: string; suggestion?: string }[] }[];
}

export interface Composition {
  id: string;
  subject: string;
  kind: string;
  repository: string | null;
  workItemId: string | null;
  outcome: 'chosen' | 'ambiguous' | 'none' | 'refused' | 'standing';
  workflow: string | null;
  source: string | null;
  candidates: { workflow: string; origin: string; priority: number }[];
  hint: string | null;
  graphHash: string | null;
  runId: string | null;
  createdAt: string;
}

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
