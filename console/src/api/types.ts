/** Names for what the server answers; the shapes themselves are written from its routes in `schema.ts`. */
import type {
  Answers,
  ContextStudy,
  Decision,
  LedgerEvent,
  Principal,
  RunWithSteps,
  Trace,
  XrayReport,
} from './schema.ts';

export type {
  Approval,
  Change,
  Checkpoint,
  Claim,
  ContextPack,
  ContextStudy,
  Decision,
  Deployment,
  FileChange,
  LedgerEvent,
  PackItem,
  Person,
  PolicyProblem,
  PolicySummary,
  Principal,
  Repository,
  Run,
  RunWithSteps,
  Session,
  Token,
  Trace,
  VerifyReport,
  WorkItem,
  XrayReport,
} from './schema.ts';

/** One page of a list. */
export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

export type Role = Principal['roles'][number];
export const ROLES: readonly Role[] = ['viewer', 'developer', 'approver', 'admin', 'auditor'];

export type Me = Answers['GET /v1/me'];
export type Overview = Answers['GET /v1/overview'];
export type RefKind = keyof LedgerEvent['refs'];
export type Step = RunWithSteps['steps'][number];
export type StepState = Step['state'];
export type RiskFactor = Decision['factors'][number];
export type TraceNode = Trace['nodes'][number];
export type XrayCommit = XrayReport['commits'][string];
export type XrayBucket = XrayReport['sizes'][number];
export type ContextExample = Extract<
  ContextStudy,
  { state: 'ready' }
>['figures']['examples'][number];
export type SessionDetail = Answers['GET /v1/sessions/{id}'];
export type ChangeDetail = Answers['GET /v1/changes/{id}'];
export type SystemStatus = Answers['GET /v1/system'];
export type Diff = Answers['GET /v1/changes/{id}/diff'];
