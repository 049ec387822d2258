/** What waits for a person: assignments and the package each of them is decided on. */
import { queryOptions } from '@tanstack/react-query';
import { get, post } from './client.ts';
import type { Page } from './types.ts';

export const INBOX_DECISIONS = ['approve', 'approve-with-watch', 'send-back', 'hand-over'] as const;
export type InboxDecision = (typeof INBOX_DECISIONS)[number];

export interface Assignment {
  id: string;
  changeId: string;
  repository: string;
  title: string;
  headSha: string;
  decisionId: string;
  slot: string;
  /** Empty: any approver. */
  sources: string[];
  personId: string;
  personName: string;
  standsInFor: string | null;
  via: string;
  reasons: string[];
  state: 'open' | 'acknowledged' | 'decided' | 'handed-over' | 'closed';
  packageSha256: string;
  /** When it goes to the next person; null once nobody is left. */
  dueAt: string | null;
  decision: InboxDecision | null;
  endedWhy: string | null;
  createdAt: string;
  acknowledgedAt: string | null;
  endedAt: string | null;
}

export interface EscalationSlots {
  decision: { text: string; deadline: string; unlocks: string };
  whyYou: {
    text: string;
    personId: string;
    personName: string;
    reasons: string[];
    standsInFor: string | null;
    next: string | null;
  };
  rules: {
    text: string;
    rules: { id: string; file: string; line: number; words: string }[];
  };
  risk: {
    text: string;
    percentile: number;
    factors: { name: string; points: number; explanation: string }[];
  };
  blastRadius: {
    text: string;
    tiers: string[];
    services: string[];
    downstream: string[];
    data: { name: string; standard: string | null }[];
    reversibility: { level: 'easy' | 'with-care' | 'hard'; because: string };
  };
  hunks: {
    text: string;
    hunks: {
      path: string;
      startLine: number;
      endLine: number;
      added: number;
      deleted: number;
      why: string;
    }[];
    total: number | null;
  };
  evidence: {
    text: string;
    checks: 'passed' | 'failed' | 'unknown';
    tests: string[];
    findings: string[];
    incidents: { title: string; severity: string; at: string; url: string | null }[];
  };
  provenance: {
    text: string;
    human: string | null;
    agent: string | null;
    sessionId: string | null;
    workItemId: string | null;
    workItem: string | null;
    contextPackId: string | null;
  };
  rollback: { text: string; command: string; canary: string };
  actions: { text: string; actions: InboxDecision[] };
}

export interface EscalationPackage {
  changeId: string;
  repository: string;
  title: string;
  headSha: string;
  baseSha: string;
  decisionId: string;
  policyVersion: string;
  slots: EscalationSlots;
  words: number;
}

export interface ShownAssignment {
  assignment: Assignment;
  package: EscalationPackage;
}

export interface Watch {
  watcherId: string;
  hours: number;
  endsAt: string | null;
  state: 'promised' | 'watching' | 'over' | 'void';
}

/** Everybody who was asked about a change, the oldest first. */
export interface ChangeEscalation {
  assignments: Assignment[];
  watch: Watch | null;
}

export interface InboxAnswer {
  decision: InboxDecision;
  reason: string;
  /** What was looked at; refused when it is no longer what is asked. */
  packageSha256: string;
  to?: string;
  watchHours?: number;
}

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
