/** What the Policy Engine answers to the studio: the rules, their versions, checks and backtests. */
import { queryOptions } from '@tanstack/react-query';
import { ApiProblem, get, post } from './client.ts';
import type { Answers, Backtest, Bodies, OrganisationPolicy, PolicySummary } from './schema.ts';
export type { Backtest, OrganisationPolicy, PolicyRemark } from './schema.ts';

export type PolicyCheck = Answers['POST /v1/policy/validate'];
export type RepositoryPolicy = Answers['GET /v1/policy/versions']['items'][number];
export type MovedChange = Backtest['moved'][number];
export type Replay = Answers['GET /v1/decisions/{id}/replay'];
export type BacktestQuestion = Required<Omit<Bodies['POST /v1/policy/backtest'], 'limit'>>;
export type Layer = BacktestQuestion['layer'];
type BacktestLine = Answers['POST /v1/policy/backtest'];
export type BacktestProgress = Omit<Extract<BacktestLine, { type: 'progress' }>, 'type'>;

/** From the mildest to the strictest. */
export const LANES = ['ship', 'ship-and-watch', 'one-reviewer', 'two-person', 'hold'] as const;
export type Lane = (typeof LANES)[number];
export type LaneCounts = Record<Lane, number>;

export const policyQueries = {
  inForce: (repository: string) =>
    queryOptions({
      queryKey: ['policy', repository],
      queryFn: ({ signal }) => get<PolicySummary>('/v1/policy', { repository }, signal),
    }),
  versions: (repository: string) =>
    queryOptions({
      queryKey: ['policy', 'versions', repository],
      queryFn: ({ signal }) =>
        get<{ items: RepositoryPolicy[] }>('/v1/policy/versions', { repository }, signal),
    }),
  organisationVersions: () =>
    queryOptions({
      queryKey: ['policy', 'organisation'],
      queryFn: ({ signal }) =>
        get<{ items: OrganisationPolicy[] }>('/v1/policy/organisation/versions', {}, signal),
    }),
  /** The same text is always judged the same while nobody publishes, so an answer is kept. */
  check: (text: string, repository: string | undefined) =>
    queryOptions({
      queryKey: ['policy', 'check', repository ?? '', text],
      queryFn: () =>
        post<PolicyCheck>('/v1/policy/validate', {
          text,
          ...(repository === undefined ? {} : { repository }),
        }),
      staleTime: 60_000,
      gcTime: 120_000,
    }),
  replay: (decisionId: string) =>
    queryOptions({
      queryKey: ['replay', decisionId],
      queryFn: ({ signal }) =>
        get<Replay>(`/v1/decisions/${encodeURIComponent(decisionId)}/replay`, {}, signal),
      staleTime: Infinity,
    }),
};

/**
 * Puts a text over what landed; tells how far it is while it works.
 * @throws ApiProblem what the server refused, before it began or on the way.
 */
export async function runBacktest(
  question: BacktestQuestion,
  { signal, onProgress }: { signal: AbortSignal; onProgress: (progress: BacktestProgress) => void },
): Promise<Backtest> {
  const response = await fetch('/v1/policy/backtest', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/x-ndjson' },
    credentials: 'same-origin',
    body: JSON.stringify(question),
    signal,
  });
  if (!response.ok || response.body === null) {
    const problem = (await response.json().catch(() => ({}))) as Record<string, string>;
    throw toProblem(response.status, problem);
  }
  let report: Backtest | undefined;
  for await (const line of linesOf(response.body)) {
    const value = JSON.parse(line) as BacktestLine;
    if (value.type === 'progress') onProgress(value);
    else if (value.type === 'report') report = value.report;
    else throw toProblem(400, value.problem);
  }
  if (report !== undefined) return report;
  throw new ApiProblem(0, {
    code: 'console.backtest_cut',
    message: 'The backtest ended before its report.',
    hint: 'Run it again; the server may have been restarted meanwhile.',
  });
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as never).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = (await reader.read()) as { value?: string; done: boolean };
    if (done) break;
    const lines = (rest + (value ?? '')).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
  }
  if (rest !== '') yield rest;
}

function toProblem(
  status: number,
  problem: { code?: string; title?: string; detail?: string; hint?: string | null },
): ApiProblem {
  return new ApiProblem(status, {
    code: problem.code,
    message: problem.detail ?? problem.title ?? `The server answered ${status}.`,
    hint: problem.hint ?? undefined,
    details: { ...problem },
  });
}
