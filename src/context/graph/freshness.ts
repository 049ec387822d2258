/** Whether an entity or an edge may be shown as current. Computed when shown, never stored. Pure. */
import type { EntityKind } from './schema.ts';

export const FRESHNESS = ['current', 'unverified', 'stale', 'superseded', 'contradicted'] as const;
export type Freshness = (typeof FRESHNESS)[number];

/** After so many days without a new word, and without anything that proves it, it is unverified. */
const HALF_LIFE_DAYS: Partial<Record<EntityKind, number>> = {
  rule: 180,
  section: 365,
  document: 365,
  thread: 30,
};

/** What is concluded from history, without a newer look. */
const DERIVED_DAYS: Readonly<Record<string, number>> = { owns_observed: 90, co_changed: 730 };

export interface Standing {
  kind: EntityKind;
  /** A source says that it exists. */
  isAlive: boolean;
  /** A source said so once. What is only named by others was never known. */
  wasKnown: boolean;
  confirmedAt: Date | null;
  /** An accepted record took its place, or its own status says so. */
  isSuperseded: boolean;
  /** Somebody says that it and another cannot both hold, and nobody has settled it. */
  isContradicted: boolean;
  /** Things it names that exist, and that once did. */
  livingMentions: number;
  vanishedMentions: number;
}

export function freshnessOfEntity(standing: Standing, now: Date): Freshness {
  if (standing.wasKnown && !standing.isAlive) return 'stale';
  if (standing.isSuperseded) return 'superseded';
  if (standing.isContradicted) return 'contradicted';
  if (standing.vanishedMentions > 0 && standing.kind !== 'change') return 'stale';
  if (!standing.wasKnown) return 'unverified';
  const halfLife = HALF_LIFE_DAYS[standing.kind];
  if (halfLife === undefined || standing.confirmedAt === null) return 'current';
  const days = (now.getTime() - standing.confirmedAt.getTime()) / 86_400_000;
  return days > halfLife && standing.livingMentions === 0 ? 'unverified' : 'current';
}

/** An edge is no fresher than its ends. */
export function freshnessOfEdge(
  edge: { kind: string; confirmedAt: Date },
  from: Freshness,
  to: Freshness,
  now: Date,
): Freshness {
  if (edge.kind === 'contradicts') return 'contradicted';
  // That one record took another's place stays true of both.
  if (edge.kind === 'supersedes') return from === 'stale' ? 'stale' : 'current';
  for (const bad of ['stale', 'superseded', 'contradicted', 'unverified'] as const) {
    if (from === bad || to === bad) return bad;
  }
  const days = (now.getTime() - edge.confirmedAt.getTime()) / 86_400_000;
  return days > (DERIVED_DAYS[edge.kind] ?? Infinity) ? 'unverified' : 'current';
}
