/**
 * Reviewer routing: who knows this change best, by what people reviewed and wrote here. Pure: people are
 * names to it, and hard constraints come from the caller.
 */
export { type RankedReviewer, rankReviewers, type RankOptions } from './rank.ts';
export {
  type Candidate,
  type ChangeToReview,
  createReviewHistory,
  REVIEW_SIGNALS,
  type ReviewedChange,
  type ReviewHistory,
} from './review-history.ts';
export {
  defaultReviewWeights,
  learnReviewWeights,
  type ReviewExample,
  type ReviewWeights,
} from './weights.ts';
