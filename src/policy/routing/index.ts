/**
 * Routing: which one person is asked, who comes after them, and why. Hard filters first, then who knows
 * the change best, then load. Pure: it reads no table and tells nobody.
 */
export {
  filterReviewers,
  type Exclusion,
  type ReviewerCandidate,
  type ReviewSlot,
} from './filter.ts';
export { planReviewers, type PlanEntry, type RankedCandidate, rotates, type Via } from './plan.ts';
export { knownHere, reasonsOf } from './reasons.ts';
export { slotsOf } from './slots.ts';
