/**
 * Overlap: who works on the same thing, told as early as can be known. It warns and decides; it holds
 * nobody up by itself.
 */
export { answerOverlaps, type BacktestOptions } from './backtest.ts';
export { OVERLAP_TASKS, type OverlapAnswer, type OverlapTask } from './backtest-input.ts';
export { ClaimIndex } from './claim-index.ts';
export {
  Collision,
  COLLISION_LEVELS,
  CollisionHunk,
  CollisionLevel,
  CollisionSide,
} from './collision.ts';
export { createCollisionLoop } from './collision-loop.ts';
export {
  type CollisionChecker,
  type CollisionDeps,
  type CollisionService,
  createCollisionService,
  type SameWorkFound,
} from './collision-service.ts';
