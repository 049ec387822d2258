/** Every read the console makes, by name; the first word of a key is what the live stream invalidates. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { ApiProblem, get, type QueryValue } from './client.ts';
import type { Comment } from './schema.ts';
import type {
  Change,
  ChangeDetail,
  Checkpoint,
  Claim,
  ContextPack,
  ContextStudy,
  Decision,
  Diff,
  LedgerEvent,
  Me,
  Overview,
  Page,
  PackItem,
  Person,
  PolicySummary,
  Repository,
  Run,
  RunWithSteps,
  Session,
  SessionDetail,
  SystemStatus,
  Token,
  Trace,
  WorkItem,
  XrayReport,
} from './types.ts';

type Filter = Record<string, QueryValue>;

function pages<Item>(name: string, path: string, filter: Filter, limit = 50) {
  return infiniteQueryOptions({
    queryKey: [name, 'list', filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      get<Page<Item>>(path, { ...filter, limit, cursor: pageParam }, signal),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
}

function one<Answer>(key: readonly unknown[], path: string, query?: Filter) {
  return queryOptions({
    queryKey: key,
    queryFn: ({ signal }) => get<Answer>(path, query, signal),
  });
}

const at = encodeURIComponent;

export const queries = {
  me: () => ({ ...one<Me>(['me'], '/v1/me'), staleTime: 60_000 }),
  overview: () => one<Overview>(['overview'], '/v1/overview'),
  repositories: () => one<Page<Repository>>(['repositories'], '/v1/repositories', { limit: 200 }),
  changes: (filter: Filter) => pages<Change>('changes', '/v1/changes', filter),
  change: (id: string) => one<ChangeDetail>(['changes', 'one', id], `/v1/changes/${at(id)}`),
  decisions: (id: string) =>
    one<Page<Decision>>(['changes', 'decisions', id], `/v1/changes/${at(id)}/decisions`),
  diff: (id: string, headSha: string) => ({
    ...one<Diff>(['diff', id, headSha], `/v1/changes/${at(id)}/diff`),
    staleTime: Infinity,
  }),
  sessions: (filter: Filter) => pages<Session>('sessions', '/v1/sessions', filter),
  session: (id: string) => one<SessionDetail>(['sessions', 'one', id], `/v1/sessions/${at(id)}`),
  claims: (filter: Filter) =>
    one<Page<Claim>>(['claims', filter], '/v1/claims', { limit: 200, ...filter }),
  pack: (id: string) =>
    queryOptions({
      queryKey: ['pack', id],
      queryFn: ({ signal }) => get<ContextPack>(`/v1/context-packs/${at(id)}`, {}, signal),
      staleTime: Infinity,
    }),
  packItem: (packId: string, itemId: string) =>
    one<{ item: PackItem; text: string }>(
      ['pack', packId, itemId],
      `/v1/context-packs/${at(packId)}/items/${at(itemId)}`,
    ),
  runs: (filter: Filter) => pages<Run>('runs', '/v1/runs', filter),
  run: (id: string) => one<RunWithSteps>(['runs', 'one', id], `/v1/runs/${at(id)}`),
  work: (filter: Filter) => pages<WorkItem>('work', '/v1/work-items', filter),
  comments: (of: 'changes' | 'work-items', id: string) =>
    one<{ items: Comment[] }>(
      [of === 'changes' ? 'changes' : 'work', 'comments', id],
      `/v1/${of}/${at(id)}/comments`,
    ),
  workItem: (id: string) => one<WorkItem>(['work', 'one', id], `/v1/work-items/${at(id)}`),
  events: (filter: Filter, limit = 100) =>
    pages<LedgerEvent>('events', '/v1/events', filter, limit),
  event: (id: string) => ({
    ...one<LedgerEvent>(['event', id], `/v1/events/${at(id)}`),
    staleTime: 10_000,
  }),
  trace: (ref: string) => one<Trace>(['trace', ref], '/v1/trace', { ref }),
  checkpoint: () => one<Checkpoint>(['checkpoint'], '/v1/audit/checkpoint'),
  policy: (repository: string) =>
    one<PolicySummary>(['policy', repository], '/v1/policy', { repository }),
  people: () =>
    queryOptions({
      queryKey: ['people'],
      queryFn: ({ signal }) => get<Page<Person>>('/v1/people', { limit: 200 }, signal),
      staleTime: 60_000,
    }),
  tokens: () => one<Page<Token>>(['tokens'], '/v1/tokens', { limit: 200 }),
  system: () => ({ ...one<SystemStatus>(['system'], '/v1/system'), refetchInterval: 10_000 }),
  xray: (repositoryId: string, since: string) =>
    queryOptions({
      queryKey: ['xray', repositoryId, since],
      queryFn: ({ signal }) =>
        get<XrayReport>(`/v1/repositories/${at(repositoryId)}/xray`, { since }, signal),
      staleTime: 5 * 60_000,
    }),
  /** Asked again while the server works it out. */
  contextStudy: (repositoryId: string) =>
    queryOptions({
      queryKey: ['context-study', repositoryId],
      queryFn: ({ signal }) =>
        get<ContextStudy>(`/v1/repositories/${at(repositoryId)}/context-study`, {}, signal),
      refetchInterval: ({ state }) => (state.data?.state === 'computing' ? 2_000 : false),
      staleTime: 5 * 60_000,
    }),
};

/** A refusal stays a refusal; only an unreachable or busy server is asked again. */
export function shouldRetry(failures: number, error: Error): boolean {
  if (!(error instanceof ApiProblem)) return false;
  return failures < 2 && (error.status === 0 || error.status === 503);
}
