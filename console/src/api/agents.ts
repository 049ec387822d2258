/** Which agents are attached, for whom and where, and what each lacks. */
import { queryOptions } from '@tanstack/react-query';
import { get } from './client.ts';

export interface AttachedAgent {
  agent: string;
  title: string;
  person: { id: string; name: string };
  /** Null for all work of the person. */
  repository: string | null;
  version: string | null;
  attachedAt: string | null;
  detachedAt: string | null;
  lastEvent: { event: string; at: string } | null;
  events: number;
  toolsLastAt: string | null;
  /** When it last reported tokens and cost. */
  telemetryLastAt: string | null;
  state: 'connected' | 'waiting' | 'incomplete' | 'detached';
  /** What is missing, each with what to do. */
  missing: string[];
}

export interface Agents {
  items: AttachedAgent[];
  known: {
    agent: string;
    title: string;
    seenVersion: string | null;
    /** Whether it can report tokens and cost. */
    tellsTelemetry: boolean;
  }[];
}

const REFRESH_MS = 15_000;

export const agentQueries = {
  all: () =>
    queryOptions({
      queryKey: ['agents'],
      queryFn: ({ signal }) => get<Agents>('/v1/agents', {}, signal),
      refetchInterval: REFRESH_MS,
    }),
};
