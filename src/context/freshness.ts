/** Whether a record may still be shown as current. Computed when served, never stored. Pure. */
import type { PackItem } from './schema.ts';

/** After this long without a change, and without evidence, a record is unverified. */
const HALF_LIFE_DAYS = { rule: 180, document: 365, lesson: 180 };

export function freshnessOf(record: {
  kind: 'rule' | 'document' | 'decision' | 'lesson';
  changedAt: Date | null;
  now: Date;
  /** Files it names that exist. */
  livingMentions: number;
  /** Files it names that were there once and are gone. */
  vanishedMentions: number;
  isReplaced: boolean;
}): PackItem['freshness'] {
  if (record.isReplaced) return 'superseded';
  if (record.vanishedMentions > 0) return 'stale';
  // An accepted decision does not age: it holds until another takes its place.
  if (record.kind === 'decision') return 'current';
  if (record.changedAt === null) return 'unverified';
  const days = (record.now.getTime() - record.changedAt.getTime()) / 86_400_000;
  return days > HALF_LIFE_DAYS[record.kind] && record.livingMentions === 0
    ? 'unverified'
    : 'current';
}
