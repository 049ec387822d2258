/**
 * The order in which people are asked: by learned familiarity, after hard filters, with the busy ones
 * moved down. Pure.
 */
import type { Candidate } from './review-history.ts';
import { type ReviewWeights, scoreOf } from './weights.ts';

export interface RankOptions {
  weights: ReviewWeights;
  /** Seconds since the epoch. */
  now: number;
  /** Never asked: the author, contributors, the person behind the agent, the absent. */
  excluded?: ReadonlySet<string>;
  /** First suggestions of the last seven days, by person. */
  load?: ReadonlyMap<string, number>;
  /** How strongly load counts; 0 leaves it out. */
  loadWeight?: number;
}

export interface RankedReviewer {
  person: string;
  /** Share of the choice this person would get among all candidates, before load. */
  share: number;
  signals: Float64Array;
}

const DAY_SECONDS = 86_400;
/** Whoever has not been seen for so long is taken to be gone. */
export const ABSENT_AFTER_DAYS = 85;
const LOAD_WEIGHT = 0.1;

export function rankReviewers(
  candidates: readonly Candidate[],
  options: RankOptions,
): RankedReviewer[] {
  const { weights, now, excluded, load, loadWeight = LOAD_WEIGHT } = options;
  const scored = candidates.map((candidate) => ({
    ...candidate,
    score: scoreOf(candidate.signals, weights),
  }));
  const highest = scored.reduce((a, { score }) => Math.max(a, score), Number.NEGATIVE_INFINITY);
  const total = scored.reduce((sum, { score }) => sum + Math.exp(score - highest), 0);
  const loads = [...(load?.values() ?? [])];
  const meanLoad = Math.max(
    1,
    loads.reduce((sum, each) => sum + each, 0) / Math.max(1, loads.length),
  );
  return scored
    .filter(
      ({ person, lastSeenAt }) =>
        excluded?.has(person) !== true && now - lastSeenAt <= ABSENT_AFTER_DAYS * DAY_SECONDS,
    )
    .map(({ person, signals, score }) => ({
      person,
      signals,
      share: Math.exp(score - highest) / total,
      order: score - Math.log1p((loadWeight * (load?.get(person) ?? 0)) / meanLoad),
    }))
    .sort((a, b) => b.order - a.order || (a.person < b.person ? -1 : 1))
    .map(({ person, share, signals }) => ({ person, share, signals }));
}
