/**
 * The order in which people are asked for one slot. It is made once, kept with the assignment and
 * walked through when nobody answers; hard filters are applied again at every step. Pure.
 */
import { createHash } from 'node:crypto';
import type { RoutingStep } from '../document.ts';

export type Via = 'expert' | 'second-expert' | 'stand-in' | RoutingStep | 'remaining';

export interface RankedCandidate {
  id: string;
  /** By familiarity after load, the best first; null where nothing is known of them here. */
  rank: number | null;
  isOwner: boolean;
  openAssignments: number;
  standsInFor: string | null;
  /** Steps of the escalation order that reach this person. */
  steps: readonly RoutingStep[];
  /** Why this person, the strongest first. */
  reasons: readonly string[];
}

export interface PlanEntry {
  personId: string;
  via: Via;
  standsInFor: string | null;
  reasons: readonly string[];
}

/** One change in ten goes to the second expert first, so that every area keeps two. */
const ROTATED_IN_TEN = 1;
const MAX_PLAN = 20;

/**
 * First the expert, or the second one where the change's id says so; then one person for each step of
 * the leader's order; then whoever is left. Owners of the files go before others, where there are any
 * among those who know nothing better.
 */
export function planReviewers(
  candidates: readonly RankedCandidate[],
  options: { changeId: string; afterwards: readonly RoutingStep[] },
): PlanEntry[] {
  const order = candidates.toSorted(byKnowledge);
  const experts = order.filter(({ rank }) => rank !== null);
  const isRotated = experts.length >= 2 && rotates(options.changeId);
  const left = isRotated ? [experts[1]!, ...order.filter((one) => one !== experts[1])] : order;
  const plan: PlanEntry[] = [];
  const take = (candidate: RankedCandidate | undefined, via: Via) => {
    if (candidate === undefined || plan.length >= MAX_PLAN) return;
    left.splice(left.indexOf(candidate), 1);
    plan.push({
      personId: candidate.id,
      via: candidate.standsInFor !== null && via === 'expert' ? 'stand-in' : via,
      standsInFor: candidate.standsInFor,
      reasons: candidate.reasons,
    });
  };
  take(left[0], isRotated ? 'second-expert' : 'expert');
  for (const step of options.afterwards) {
    take(step === 'next-expert' ? left[0] : left.find(({ steps }) => steps.includes(step)), step);
  }
  while (left.length > 0 && plan.length < MAX_PLAN) take(left[0], 'remaining');
  return plan;
}

/** Depends on the change alone, so that the same change is always routed the same way. */
export function rotates(changeId: string): boolean {
  return createHash('sha256').update(changeId).digest().readUInt32BE(0) % 10 < ROTATED_IN_TEN;
}

function byKnowledge(a: RankedCandidate, b: RankedCandidate): number {
  if (a.rank !== null && b.rank !== null) return a.rank - b.rank;
  if (a.rank !== null || b.rank !== null) return a.rank === null ? 1 : -1;
  if (a.isOwner !== b.isOwner) return a.isOwner ? -1 : 1;
  return a.openAssignments - b.openAssignments || (a.id < b.id ? -1 : 1);
}
