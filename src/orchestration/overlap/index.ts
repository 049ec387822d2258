/**
 * Overlap: who works on the same thing, told as early as can be known. It warns and decides; it holds
 * nobody up by itself.
 */
export { answerOverlaps, type BacktestOptions } from './backtest.ts';
export { OVERLAP_TASKS, type OverlapAnswer, type OverlapTask } from './backtest-input.ts';
export { ClaimIndex } from './claim-index.ts';
