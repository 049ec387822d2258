/** What matching reads of something that may need work, and what a run of it is given. */
import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject } from '#kernel';

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

export type MatchFacts =
  | { kind: 'workItem'; repository: string | null; labels: string[]; source: string }
  | { kind: 'comment'; repository: string; command: string }
  | { kind: 'incident'; repository: string | null; severity: Severity; source: string }
  | { kind: 'mainFailed'; repository: string; check: string }
  | { kind: 'advisory'; repository: string; severity: Severity; package: string };

export interface Occasion {
  facts: MatchFacts;
  /** Equal for the same thing, whoever tells of it. */
  subject: string;
  title: string;
  /** What the run reads as its input. */
  input: JsonObject;
  workItemId: `wrk_${string}` | null;
  /** The thread it belongs to; null begins one. */
  correlationId: string | null;
  /** The event that told of it. */
  cause: `evt_${string}` | undefined;
}

/**
 * Equal facts have equal prints; the order of labels says nothing. The episode tells apart what may
 * happen again with the same facts, such as a check that fails on another commit. Pure.
 */
export function fingerprintOf(facts: MatchFacts, episode: string): string {
  const known = facts.kind === 'workItem' ? { ...facts, labels: facts.labels.toSorted() } : facts;
  return createHash('sha256')
    .update(canonicalJson({ ...known, episode }))
    .digest('hex');
}
