/**
 * Orchestration Engine: signals become work and runs, sessions are kept apart, steps survive crashes.
 * State, event and outgoing message are one transaction. It never decides what policy decides.
 */
export {
  Change,
  Claim,
  ClaimWait,
  Run,
  RUN_STATES,
  RunWithSteps,
  Session,
  Step,
  STEP_KINDS,
  STEP_STATES,
  StepKind,
  WorkItem,
} from './schema.ts';
export {
  archiveOldRuns,
  createArchiveLoop,
  createWorkflowService,
  createWorkflowWorker,
  GRAPH_FORMATS,
  type GraphFormat,
  graphHash,
  linkWorkflow,
  MAX_STEPS,
  parseWorkflow,
  refusal,
  renderWorkflow,
  SIGNAL_TYPES,
  type SignalType,
  usesWorkflows,
  validateWorkflow,
  type WorkflowDefinition,
  type WorkflowDeps,
  type WorkflowProblem,
  type WorkflowWorker,
  type WorkflowWorkerDeps,
} from './workflow/index.ts';
export type {
  ChangeService,
  Choice,
  ChoiceAnswer,
  ClaimAnswer,
  ClaimedThings,
  ClaimService,
  GateAnswer,
  HandOut,
  NegotiationService,
  IntakeService,
  SessionService,
  StepCondition,
  WantedWork,
  WorkflowGraph,
  WorkflowService,
  WorkService,
} from './service.ts';
export { CHOICES } from './service.ts';
export type { StepContext, StepEffects, StepHandler, StepResult } from './steps.ts';
export {
  type ClaimDeps,
  createClaimService,
  createClassOfPath,
  describeTarget,
  EXCLUSIVE_CLASSES,
  parseTarget,
} from './claims/index.ts';
export { createNegotiationService, type NegotiationDeps } from './negotiation/index.ts';
export type { Note } from './notes/index.ts';
export {
  createSessionLoop,
  createSessionService,
  type SessionDeps,
  type SessionEnder,
  sessionsInTrailers,
  type SessionSweeper,
} from './sessions/index.ts';
export {
  contradictionWorkProjection,
  type ContradictionWork,
  createContradictionWork,
  createWorkService,
  type HandOutDeps,
  identitiesOf,
} from './work/index.ts';
export {
  type ChangeDeps,
  type ChangeKeeper,
  classifyAuthor,
  createChangeService,
  createPushGate,
  type PushGate,
  createReconsiderLoop,
  type DeploymentNews,
} from './changes/index.ts';
export { createCommandHandler, createMergeGroupHandler } from './commands/index.ts';
export {
  Connection,
  type ConnectionDeps,
  type ConnectionPart,
  type ConnectionService,
  type ConnectionTally,
  createConnectionLoop,
  createConnectionService,
  createSweepLoop,
} from './connections/index.ts';
export {
  createIntakeLoop,
  createIntakeService,
  createReconcileLoop,
  repositoryOf,
  withName,
  type Intake,
  type IntakeDeps,
} from './intake/index.ts';
export {
  builtInChangeWorkflow,
  CHANGE_WORKFLOW,
  CHANGE_WORKFLOW_PATH,
  joinLibrary,
  type Library,
  type LibraryWorkflow,
  loadChangeWorkflow,
  shippedWorkflows,
} from './library/index.ts';
export {
  type Composed,
  type CompositionRow,
  type CompositionService,
  createCompositionLoop,
  createCompositionService,
  createScheduleLoop,
  weaveGraph,
} from './composition/index.ts';
export { AgentRunView, createWorkshop, DevboxEntry, type Workshop } from './workshop/index.ts';
export {
  createLandingQueue,
  LANDING_STRATEGIES,
  LandingLane,
  type LandingQueue,
} from './landing/index.ts';
export {
  clearAbandonedChecks,
  createStepHandlers,
  createTreeTest,
  renderVerdict,
  type StepDeps,
} from './steps/index.ts';
export { createHostOutboxHandlers } from './host/index.ts';
export {
  answerOverlaps,
  ClaimIndex,
  Collision,
  COLLISION_LEVELS,
  type CollisionChecker,
  type CollisionDeps,
  CollisionLevel,
  type CollisionService,
  createCollisionLoop,
  createCollisionService,
  OVERLAP_TASKS,
  type OverlapAnswer,
  type OverlapTask,
  type SameWorkFound,
} from './overlap/index.ts';
export {
  createSubscriptionService,
  EventType,
  type SubscriptionService,
  subscriptionHandler,
  subscriptionProjection,
  WebhookSubscription,
} from './subscriptions/index.ts';
export { mirrorHandler, mirrorProjection, type MirrorDeps } from './mirror/index.ts';
export { createOpenWorkFinder } from './open-work.ts';
export {
  Assignment,
  createEscalationLoop,
  createEscalationService,
  createOverrideService,
  type EscalationService,
  INBOX_DECISIONS,
  type InboxAnswer,
  type OverrideService,
  type PastIncident,
  Watch,
} from './escalation/index.ts';
export {
  backtestTrace,
  BreakerTotals,
  BreakerTrace,
  BreakerTrip,
  breakerSettings,
  type BreakerService,
  createBreakerService,
  FLEET_SCOPES,
  FleetBreaker,
  type FleetBreakers,
  RULES,
  type SessionBreaker,
  type SessionStep,
  STAGES,
  type Verdict,
  type Outcome,
  type StartAnswer,
  type TraceVerdict,
} from './breakers/index.ts';
export {
  type AgentDeps,
  createAgentStep,
  createAutofixStep,
  createGateStep,
  createOpenChangeStep,
  type GateDeps,
  type Wired,
  type WireRequest,
} from './agents/index.ts';
export {
  createDevboxService,
  type Devbox,
  type DevboxDeps,
  type DevboxService,
  type DevboxView,
} from './devbox/index.ts';
