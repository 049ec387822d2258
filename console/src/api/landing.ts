/** What waits to land, where agents work, and what they used. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { get } from './client.ts';
import type { Page } from './types.ts';

export interface LandingEntry {
  changeId: string;
  runId: string;
  branch: string;
  title: string;
  headSha: string;
  state: 'queued' | 'testing' | 'cleared' | 'rejected' | 'landing' | 'landed' | 'returned' | 'left';
  group: number | null;
  isFlaky: boolean;
  queuedAt: string;
  endedAt: string | null;
}

export interface LandingBuild {
  id: string;
  kind: 'landing' | 'main' | 'bisect';
  state: 'queued' | 'running' | 'passed' | 'failed';
  changes: string[];
  assumed: string[];
  attempt: number;
  baseSha: string;
  tree: string;
  command: string | null;
  createdAt: string;
  startedAt: string | null;
  endedAt: string | null;
}

export interface LandingLane {
  repository: string;
  baseBranch: string;
  mainSha: string | null;
  greenSha: string | null;
  red: {
    source: 'build' | 'host';
    check: string;
    sha: string;
    since: string;
    output: string;
    suspects: number;
    culprit: string | null;
    culpritChangeId: string | null;
    revert: {
      state: 'proposed' | 'conflicts' | 'unsupported' | 'failed';
      branch: string | null;
      changeId: string | null;
      why: string | null;
    } | null;
  } | null;
  waiting: LandingEntry[];
  builds: LandingBuild[];
  ended: LandingEntry[];
}

export interface DevboxEntry {
  id: string;
  repository: string;
  branch: string;
  state: 'open' | 'kept' | 'empty' | 'lost';
  runId: string | null;
  step: string | null;
  sessionId: string | null;
  agent: string | null;
  operator: string | null;
  node: string;
  wasWarm: boolean;
  readyMs: number;
  ports: Record<string, number>;
  diskBytes: number | null;
  createdAt: string;
  endedAt: string | null;
}

export interface AgentRun {
  step: string;
  agent: string;
  model: string | null;
  state: 'running' | 'asleep' | 'done' | 'stopped' | 'failed';
  starts: number;
  sessionId: string | null;
  branch: string;
  headSha: string;
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  costUsdMicros: number | null;
  toolCalls: number;
  workMs: number;
  budget: { tokens: number | null; costUsdMicros: number | null; workMs: number | null };
  errorCode: string | null;
  output: string;
  answer: string;
  handover: string | null;
  wakeAt: string | null;
  startedAt: string;
  endedAt: string | null;
}

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
