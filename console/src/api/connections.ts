/** The outside systems: how each fares, what it took in, and what may be done with it. */
import { queryOptions } from '@tanstack/react-query';
import { get, post, remove } from './client.ts';
import type { Connection, ConnectionTest, ProtectionReport } from './schema.ts';
export type { Connection, ConnectionTest, ProtectionReport } from './schema.ts';

export type ConnectionState = Connection['state'];
export type Reading = Connection['readings'][number];

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

export type ConnectionSetting = Connection['settings'][number];

/** All of a connector's settings at once, by their paths. */
export const giveSettings = (name: string, values: Record<string, string>) =>
  post<Connection>(`${pathOf(name)}/settings`, { values });

export const takeSettingsBack = (name: string) => remove<Connection>(`${pathOf(name)}/settings`);

export const testConnection = (name: string) => post<ConnectionTest>(`${pathOf(name)}/test`);

export const pauseConnection = (name: string, reason: string) =>
  post<Connection>(`${pathOf(name)}/pause`, reason === '' ? {} : { reason });

export const resumeConnection = (name: string) => post<Connection>(`${pathOf(name)}/resume`);

export const rotateSecret = (name: string) =>
  post<{ secret: string; acceptedUntil: string }>(`${pathOf(name)}/rotate-secret`);

function pathOf(name: string): string {
  return `/v1/connections/${encodeURIComponent(name)}`;
}
