/**
 * Insights: reports over several layers, read only. It writes nothing, and keeps nothing that could not
 * be worked out again.
 */
export { type BoardFilter, readBoard } from './board/read-board.ts';
export { Board } from './board/schema.ts';
export { type Digest, readDigest } from './digest/read-digest.ts';
export { digestWords, dueDay, readChannel } from './digest/words.ts';
export { STUDIED_CHANGES, type ContextStudy } from './context-study/schema.ts';
export { createContextStudies } from './context-study/service.ts';
export { readRecords } from './backtest/records.ts';
export { backtestReviewers, ReviewRecord } from './backtest/reviewers.ts';
export { replayRisk } from './backtest/risk.ts';
export { buildXray, type XrayProgress } from './xray/build.ts';
export { XrayReport } from './xray/schema.ts';
