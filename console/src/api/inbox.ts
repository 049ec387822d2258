/** What waits for a person: assignments and the package each of them is decided on. */
import { queryOptions } from '@tanstack/react-query';
import { get, post } from './client.ts';
import type { Page } from './types.ts';
import type { Answers, Assignment, Bodies, EscalationPackage } from './schema.ts';
export type { Assignment, EscalationPackage, Watch } from './schema.ts';

export type EscalationSlots = EscalationPackage['slots'];
export type ShownAssignment = Answers['GET /v1/inbox/{id}'];
/** Everybody who was asked about a change, the oldest first. */
export type ChangeEscalation = Answers['GET /v1/changes/{id}/escalation'];
export type InboxAnswer = Bodies['POST /v1/inbox/{id}/answers'];

export const INBOX_DECISIONS = ['approve', 'approve-with-watch', 'send-back', 'hand-over'] as const;
export type InboxDecision = (typeof INBOX_DECISIONS)[number];

const at = encodeURIComponent;

export const inboxQueries = {
  /** What waits for whoever asks, the newest first. */
  mine: () =>
    queryOptions({
      queryKey: ['inbox', 'mine'],
      queryFn: ({ signal }) => get<Page<Assignment>>('/v1/inbox', { limit: 100 }, signal),
    }),
  ofChange: (changeId: string) =>
    queryOptions({
      queryKey: ['inbox', 'change', changeId],
      queryFn: ({ signal }) =>
        get<ChangeEscalation>(`/v1/changes/${at(changeId)}/escalation`, {}, signal),
    }),
  one: (id: string) =>
    queryOptions({
      queryKey: ['inbox', 'one', id],
      queryFn: ({ signal }) => get<ShownAssignment>(`/v1/inbox/${at(id)}`, {}, signal),
    }),
};

/** Whether it still asks for something. */
export function isWaiting({ state }: Assignment): boolean {
  return state === 'open' || state === 'acknowledged';
}

export function acknowledge(id: string): Promise<Assignment> {
  return post(`/v1/inbox/${at(id)}/acknowledgements`);
}

export function answer(id: string, given: InboxAnswer): Promise<Assignment> {
  return post(`/v1/inbox/${at(id)}/answers`, given);
}
