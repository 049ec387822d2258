/**
 * Policy Engine: facts, rules and the verdict over a change. Rules only add requirements, doubt
 * escalates, and the policy is read from the protected base. It never merges, notifies or waits.
 */
export { type ApprovalFact, Decision, DecidingRule, Lane, LANES, RiskFactor } from './schema.ts';
export { MAX_BACKTEST_CHANGES, type BacktestProgress } from './backtest.ts';
export { NO_CATALOG, type PolicyCatalog, readCatalogAt } from './catalog.ts';
export type { LineRemark } from './line-remarks.ts';
export { ExplainedFactor, RiskExplanation, RiskReliability } from './explain.ts';
export { policyFileSchema } from './file-schema.ts';
export type { PolicyRemark } from './lint.ts';
export type { Leader, OrganisationVersion } from './organisation.ts';
export type { PolicyDirectory } from './read-policy.ts';
export type { Backtest, LaneCounts, MovedChange } from './simulate.ts';
export {
  backtestOffline,
  judgeOffline,
  type OfflineAnswer,
  scoreHistoricChange,
  shipsAloneUnderBound,
  validatePolicy,
} from './offline.ts';
export { testPolicy } from './load-policy.ts';
export type { PolicyTestResult } from './policy-tests.ts';
export { MAX_POLICY_BYTES, POLICY_PATH } from './read-policy.ts';
export {
  type ChangeEvidence,
  type ChangeToJudge,
  createPolicyService,
  type PolicyDeps,
  type PolicyProblem,
  type PolicyService,
  type PolicySummary,
} from './service.ts';
export {
  createRiskLearner,
  type ContentCounts,
  type FileKind,
  loadRiskModel,
  type RiskChange,
  type RiskLearner,
} from './risk/index.ts';
export {
  createReviewHistory,
  defaultReviewWeights,
  learnReviewWeights,
  rankReviewers,
  type ReviewExample,
  type ReviewHistory,
  type ReviewWeights,
} from './reviewers/index.ts';
export { createRiskStudies, type RiskStudies } from './risk-studies.ts';
export { ackWithinMs, type LeaderTerms } from './leader-terms.ts';
export type { RoutingStep } from './document.ts';
export {
  type Exclusion,
  filterReviewers,
  knownHere,
  type PlanEntry,
  planReviewers,
  type RankedCandidate,
  reasonsOf,
  rotates,
  type ReviewerCandidate,
  type ReviewSlot,
  slotsOf,
  type Via,
} from './routing/index.ts';
export {
  buildEscalation,
  type EscalationInput,
  EscalationPackage,
  foldLines,
  type PatchHunk,
  plainText,
  readdressEscalation,
  readPatchHunks,
  renderEscalationMarkdown,
  type WhyYou,
} from './escalation/index.ts';
export {
  Audit,
  AutonomyCurb,
  AutonomyRecord,
  type AutonomyService,
  AutonomyThreshold,
  createAutonomyProjection,
  RealisedBound,
  unknownAudit,
} from './autonomy/index.ts';
export { NO_WORK, UNKNOWN_WORK, WORK_PRIORITIES, WorkFacts, workFacts } from './work-facts.ts';
