/** Which agents are attached, for whom and where, and what each lacks. */
import { queryOptions } from '@tanstack/react-query';
import { get } from './client.ts';
import type { Answers } from './schema.ts';

export type Agents = Answers['GET /v1/agents'];
export type AttachedAgent = Agents['items'][number];

const REFRESH_MS = 15_000;

export const agentQueries = {
  all: () =>
    queryOptions({
      queryKey: ['agents'],
      queryFn: ({ signal }) => get<Agents>('/v1/agents', {}, signal),
      refetchInterval: REFRESH_MS,
    }),
};
