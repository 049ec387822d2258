/** Whether a record may still be shown as current. Computed when served, never stored. Pure. */
import type { PackItem } from './schema.ts';

/** After this many days without a change, and without evidence, a record is unverified. */
export const HALF_LIFE_DAYS = {
  rule: 180,
  control: 365,
  document: 365,
  incident: 365,
  lesson: 180,
  ownership: 90,
  chat: 30,
} as const;

const REWRITTEN_COMMITS = 8;

export interface FreshnessEvidence {
  kind: keyof typeof HALF_LIFE_DAYS | 'decision';
  changedAt: Date | null;
  now: Date;
  /** Files it names that exist. */
  livingMentions: number;
  /** Files it names that were there once and are gone. */
  vanishedMentions: number;
  /** Files it names that changed a lot since it was last edited. */
  rewrittenMentions?: number;
  isReplaced: boolean;
  isContradicted?: boolean;
}

export function freshnessOf(record: FreshnessEvidence): PackItem['freshness'] {
  if (record.isReplaced) return 'superseded';
  if (record.isContradicted === true) return 'contradicted';
  if (record.vanishedMentions > 0 || (record.rewrittenMentions ?? 0) > 0) return 'stale';
  // An accepted decision does not age: it holds until another takes its place.
  if (record.kind === 'decision') return 'current';
  if (record.changedAt === null) return 'unverified';
  const days = (record.now.getTime() - record.changedAt.getTime()) / 86_400_000;
  return days > HALF_LIFE_DAYS[record.kind] && record.livingMentions === 0
    ? 'unverified'
    : 'current';
}

/** True when most of a file's history happened after a text about it was last edited. */
export function isRewritten(file: { commitsSince: number; commits: number }): boolean {
  return file.commitsSince >= REWRITTEN_COMMITS && file.commitsSince * 2 >= file.commits;
}
