/**
 * Risk of a change: a sum of readable curves, fitted to the repository's own defects, and the threshold
 * that keeps a declared bound. Pure: it reads no database and no clock, and it sees no person.
 */
export { type RealisedSlip, targetSlip, thresholdFor } from './bound.ts';
export {
  calibrate,
  coldCalibration,
  MIN_KNOWN_DEFECTS,
  type PastChange,
  type RiskCalibration,
} from './calibration.ts';
export {
  DAY_SECONDS,
  type ContentCounts,
  type FileKind,
  type RiskChange,
  type TouchedFile,
} from './change.ts';
export { type FactorInfo, FACTORS } from './factors.ts';
export { createRiskHistory, type RiskHistory } from './history.ts';
export { createRiskLearner, type LearnerOptions, type RiskLearner } from './learner.ts';
export { findRiskModel, loadRiskModel, type RiskModel } from './model.ts';
export { calibrationError, type ReliabilityBin, reliabilityOf } from './reliability.ts';
export { type FactorCurve, factorCurves, fitOf, type RiskFit } from './curves.ts';
export { kindOf } from './source-lines.ts';
export { type RiskScore, scoreRiskFactors, type ScoredFactor } from './score.ts';
export { createHistoryStudy, type HistoryStudy, type StudiedChange } from './study.ts';
