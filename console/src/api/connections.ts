/** The outside systems: how each fares, what it took in, and what may be done with it. */
import { queryOptions } from '@tanstack/react-query';
import { get, post } from './client.ts';

export type ConnectionState = 'off' | 'paused' | 'waiting' | 'limited' | 'failing' | 'healthy';

export interface Connection {
  name: string;
  title: string;
  summary: string;
  capabilities: ('signals' | 'knowledge' | 'work-items' | 'messages' | 'code-host')[];
  documentation: string;
  state: ConnectionState;
  /** What has to be set before it works. */
  missing: string | null;
  webhookUrl: string | null;
  /** Of a secret only whether it is set: `[set]`. */
  settings: { path: string; value: string | null }[];
  canTest: boolean;
  canRotateSecret: boolean;
  pause: { at: string; by: string; reason: string | null } | null;
  lastEventAt: string | null;
  lastSuccessAt: string | null;
  lastError: { at: string; code: string; message: string } | null;
  /** Repositories its system does not let us into any more. */
  lost: { repository: string; since: string; why: string }[];
  counts: {
    deliveries: number;
    duplicates: number;
    refused: number;
    signals: number;
    objects: number;
  };
  rate: {
    limit: number | null;
    remaining: number | null;
    resetsAt: string | null;
    callsLastHour: number;
    callsPerHour: number;
    closedUntil: string | null;
  } | null;
}

export interface ConnectionTest {
  isWorking: boolean;
  account: string;
  findings: { level: 'ok' | 'warning' | 'problem'; text: string; hint?: string }[];
}

export interface ProtectionReport {
  repository: string;
  branch: string;
  state: 'protected' | 'open' | 'unknown';
  findings: { code: string; level: 'ok' | 'warning' | 'problem'; text: string; hint?: string }[];
  checkedAt: string;
}

const REFRESH_MS = 15_000;

export const protectionQuery = (repositoryId: string) =>
  queryOptions({
    queryKey: ['protection', repositoryId],
    queryFn: ({ signal }) =>
      get<ProtectionReport>(
        `/v1/repositories/${encodeURIComponent(repositoryId)}/protection`,
        {},
        signal,
      ),
    staleTime: 60_000,
  });

export const connectionQueries = {
  all: () =>
    queryOptions({
      queryKey: ['connections'],
      queryFn: async ({ signal }) =>
        (await get<{ items: Connection[] }>('/v1/connections', {}, signal)).items,
      refetchInterval: REFRESH_MS,
    }),
  one: (name: string) =>
    queryOptions({
      queryKey: ['connections', name],
      queryFn: ({ signal }) => get<Connection>(pathOf(name), {}, signal),
      refetchInterval: REFRESH_MS,
    }),
};

export const testConnection = (name: string) => post<ConnectionTest>(`${pathOf(name)}/test`);

export const pauseConnection = (name: string, reason: string) =>
  post<Connection>(`${pathOf(name)}/pause`, reason === '' ? {} : { reason });

export const resumeConnection = (name: string) => post<Connection>(`${pathOf(name)}/resume`);

export const rotateSecret = (name: string) =>
  post<{ secret: string; acceptedUntil: string }>(`${pathOf(name)}/rotate-secret`);

function pathOf(name: string): string {
  return `/v1/connections/${encodeURIComponent(name)}`;
}
