/**
 * What the server answers, as it arrives: dates are RFC 3339 text, ids are prefixed text.
 * The server's own schemas are the truth (`/v1/openapi.json`); this page follows them.
 */

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

export type Role = 'viewer' | 'developer' | 'approver' | 'admin' | 'auditor';
export const ROLES: readonly Role[] = ['viewer', 'developer', 'approver', 'admin', 'auditor'];

export interface Principal {
  kind: 'person' | 'agent' | 'service';
  id: string;
  name: string;
  roles: Role[];
  teams: string[];
  identities: string[];
  scopes: string[] | 'all';
  onBehalfOf: string | null;
}

export interface Me {
  principal: Principal;
  version: string;
  organisation: string;
}

export interface Person {
  id: string;
  name: string;
  roles: Role[];
  teams: string[];
  identities: string[];
  createdAt: string;
}

export interface Token {
  id: string;
  personId: string;
  name: string;
  kind: 'api' | 'agent' | 'session';
  scopes: string[] | 'all';
  hint: string;
  createdAt: string;
  expiresAt: string;
  lastUsedAt: string | null;
  revokedAt: string | null;
}

export interface LedgerEvent {
  id: string;
  seq: number | null;
  type: string;
  subject: string;
  actor: { kind: 'person' | 'agent' | 'connector' | 'system'; id: string; onBehalfOf?: string };
  cause: string | null;
  correlationId: string;
  occurredAt: string;
  recordedAt: string;
  refs: Partial<Record<RefKind, string>>;
  data: Record<string, unknown> | null;
}

export type RefKind =
  | 'signal'
  | 'workItem'
  | 'session'
  | 'claim'
  | 'pack'
  | 'change'
  | 'commit'
  | 'mergeCommit'
  | 'decision'
  | 'approval'
  | 'run'
  | 'step'
  | 'deployment'
  | 'incident'
  | 'repository'
  | 'person';

export interface Overview {
  repositories: number;
  changes: { open: number; shippedAlone: number; waiting: number; merged: number };
  sessions: { active: number };
  claims: { held: number; denied: number };
  runs: { running: number; failed: number };
  audit: { size: number; checkpointAt: string | null };
  attention: { kind: string; title: string; ref: string; at: string }[];
  latestEvents: LedgerEvent[];
}

export interface Repository {
  id: string;
  name: string;
  host: string;
  url: string;
  defaultBranch: string;
  headSha: string | null;
  commitCount: number;
  fileCount: number;
  state: 'importing' | 'ready' | 'empty' | 'failed';
  problems: string[];
  importedAt: string | null;
  createdAt: string;
}

export interface PackItem {
  id: string;
  kind: string;
  title: string;
  path?: string;
  text: string;
  source: { system: string; object: string; revision: string; lines?: string; url?: string };
  observedAt: string | null;
  ageDays: number | null;
  freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
  why: { signal: string; evidence: string }[];
  score: number;
  tokens: number;
  isUntrusted: boolean;
}

export interface ContextPack {
  id: string;
  repository: string;
  revision: string | null;
  sessionId: string | null;
  workItemId: string | null;
  title: string;
  /** The pack of the same session that this one only adds to. */
  addsTo: string | null;
  items: PackItem[];
  /** Ids of items told before in the session that still hold. */
  unchanged: string[];
  unknowns: string[];
  budgetTokens: number;
  tokens: number;
  text: string;
  contentHash: string;
  createdAt: string;
}

export interface WorkItem {
  id: string;
  repository: string | null;
  title: string;
  text: string;
  labels: string[];
  state: 'open' | 'in-progress' | 'done' | 'cancelled';
  source: string;
  externalKey: string | null;
  url: string | null;
  sessionId: string | null;
  correlationId: string;
  createdAt: string;
  updatedAt: string;
}

export interface Change {
  id: string;
  repository: string;
  host: string;
  number: number | null;
  branch: string;
  baseBranch: string;
  baseSha: string | null;
  headSha: string;
  title: string;
  text: string;
  url: string | null;
  authorName: string;
  authorKind: 'human' | 'assisted' | 'agent';
  custody: string[];
  state: 'open' | 'merged' | 'closed';
  workItemId: string | null;
  sessionId: string | null;
  runId: string | null;
  lane: string | null;
  mergeSha: string | null;
  correlationId: string;
  openedAt: string;
  updatedAt: string;
  mergedAt: string | null;
}

export interface DecidingRule {
  id: string;
  file: string;
  line: number;
  because: string;
  kind: 'grant' | 'requirement' | 'hold' | 'default';
  reviewers: number;
  from: string[];
  isMet: boolean;
}

export interface RiskFactor {
  name: string;
  value: number | string | boolean;
  points: number;
  explanation: string;
}

export interface Decision {
  id: string;
  changeId: string;
  repository: string;
  baseSha: string;
  headSha: string;
  policyVersion: string;
  policySource: string;
  lane: string;
  outcome: 'ship' | 'escalate' | 'block';
  rules: DecidingRule[];
  score: number;
  factors: RiskFactor[];
  missing: { rule: string; what: string; who: string[] }[];
  facts: Record<string, unknown>;
  decidedAt: string;
}

export interface Approval {
  id: string;
  changeId: string;
  headSha: string;
  policyVersion: string;
  personId: string;
  personName: string;
  decision: 'approve' | 'decline';
  reason: string;
  state: 'valid' | 'void';
  givenAt: string;
}

export interface FileChange {
  status: 'added' | 'modified' | 'deleted' | 'renamed' | 'copied' | 'type-changed';
  path: string;
  oldPath?: string;
  addedLines: number | null;
  deletedLines: number | null;
  isSubmodule: boolean;
}

export interface Session {
  id: string;
  externalId: string;
  agent: string;
  model: string | null;
  operatorId: string | null;
  repository: string | null;
  branch: string | null;
  baseSha: string | null;
  cwd: string | null;
  intent: string;
  workItemId: string | null;
  parentId: string | null;
  packId: string | null;
  state: 'active' | 'idle' | 'ended' | 'lost';
  toolCalls: number;
  deniedCalls: number;
  correlationId: string;
  startedAt: string;
  lastSeenAt: string;
  endedAt: string | null;
}

export interface SessionDetail extends Session {
  claims?: Claim[];
  changes?: Change[];
}

export interface Claim {
  id: string;
  sessionId: string;
  agent: string;
  repository: string;
  path: string;
  strength: 'shared' | 'exclusive';
  fence: number;
  state: 'held' | 'released' | 'expired';
  intent: string;
  grantedAt: string;
  leaseUntil: string;
  releasedAt: string | null;
}

export type StepState =
  | 'blocked'
  | 'ready'
  | 'running'
  | 'waiting'
  | 'done'
  | 'failed'
  | 'skipped'
  | 'cancelled';

export interface Step {
  id: string;
  runId: string;
  name: string;
  kind: string;
  state: StepState;
  needs: string[];
  origin: string;
  with: Record<string, unknown>;
  attempt: number;
  maxAttempts: number;
  output: Record<string, unknown> | null;
  message: string | null;
  worker: string | null;
  dueAt: string | null;
  startedAt: string | null;
  endedAt: string | null;
}

export interface Run {
  id: string;
  workflow: string;
  graphHash: string;
  definitionSource: string;
  state: 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
  changeId: string | null;
  workItemId: string | null;
  repository: string | null;
  title: string;
  input: Record<string, unknown>;
  correlationId: string;
  createdAt: string;
  endedAt: string | null;
  /** The run this one undoes, and the one that undoes this one. */
  undoOf: string | null;
  undoneBy: string | null;
  /** When it was put away; null while it is not. */
  archivedAt: string | null;
}

export interface RunWithSteps extends Run {
  steps: Step[];
}

export interface Deployment {
  id: string;
  repository: string;
  environment: string;
  sha: string;
  status: 'started' | 'succeeded' | 'failed' | 'rolled-back';
  externalKey: string;
  url: string | null;
  changeIds: string[];
  startedAt: string;
  finishedAt: string | null;
}

export interface ChangeDetail {
  change: Change;
  decision: Decision | null;
  approvals: Approval[];
  run: RunWithSteps | null;
  session: Session | null;
  pack: ContextPack | null;
  files: FileChange[];
  deployments: Deployment[];
}

export interface TraceNode {
  ref: string;
  kind: RefKind;
  title: string;
  at: string;
}

export interface Trace {
  ref: string;
  correlationIds: string[];
  nodes: TraceNode[];
  edges: { from: string; to: string; relation: string; eventId: string }[];
  events: LedgerEvent[];
  isTruncated: boolean;
}

export interface PolicyProblem {
  line: number;
  column: number;
  path: string;
  message: string;
  suggestion: string | null;
}

export interface PolicySummary {
  version: string;
  source: string;
  refused: { source: string; problems: PolicyProblem[] } | null;
  rules: {
    id: string;
    line: number;
    because: string;
    kind: string;
    /** When it speaks and what it asks, in readable words. */
    words: string;
  }[];
}

export interface Checkpoint {
  size: number;
  root: string;
  /** The signed note, as an outsider's verifier reads it. */
  note: string;
  signedAt: string;
  /** Key with which to verify the note. */
  vkey: string;
}

export interface VerifyProblem {
  index: number | null;
  eventId: string | null;
  what: string;
}

export interface VerifyReport {
  isValid: boolean;
  firstBad: VerifyProblem | null;
  problems: VerifyProblem[];
  checked: { entries: number; payloads: number; redacted: number; checkpoints: number };
}

export interface SystemStatus {
  version: string;
  organisation: string;
  database: { state: 'ready' | 'unavailable'; version: string | null; isEmbedded: boolean };
  loops: {
    name: string;
    state: 'running' | 'failing' | 'stopped';
    lastRunAt: string | null;
    lastError: string | null;
  }[];
  connectors: { name: string; state: 'ready' | 'failing' | 'off'; detail: string }[];
  outbox: { waiting: number; lagSeconds: number; failed: number };
  hooks: { agent: string; event: string; lastAt: string; events: number }[];
}

export interface Diff {
  text: string;
  isCut: boolean;
  baseSha: string;
  headSha: string;
}

export interface XrayCommit {
  subject: string;
  author: string;
  at: string;
  addedLines: number;
  deletedLines: number;
  files: number;
  risk: number | null;
}

export interface ContextFigure {
  asked: number;
  recall5: number | null;
  recall10: number | null;
  meanReciprocalRank: number | null;
}

export interface ContextExample {
  sha: string;
  title: string;
  at: string;
  isFound: boolean;
  files: { path: string; place: number | null; reason: string }[];
}

/** How well the files of its last changes would have been found. */
export type ContextStudy =
  | { state: 'empty' }
  | { state: 'computing'; done: number; total: number | null }
  | { state: 'failed'; reason: string }
  | {
      state: 'ready';
      figures: {
        changes: number;
        tasks: (ContextFigure & { task: string })[];
        withoutNames: ContextFigure | null;
        cut: { afterMs: number; asked: number; planned: number } | null;
        examples: ContextExample[];
        notes: string[];
      };
    };

export interface XrayBucket {
  bucket: string;
  changes: number;
  commits: string[];
}

export interface XrayReport {
  repository: string;
  since: string;
  until: string;
  generatedAt: string;
  headSha: string | null;
  totals: {
    commits: number;
    changes: number;
    authors: number;
    files: number;
    addedLines: number;
    deletedLines: number;
  };
  changesOverTime: {
    week: string;
    changes: number;
    addedLines: number;
    deletedLines: number;
    aiChanges: number;
  }[];
  hotFiles: {
    path: string;
    changes: number;
    authors: number;
    addedLines: number;
    deletedLines: number;
    commits: string[];
  }[];
  ownership: {
    concentration: number;
    singleOwnerShare: number;
    files: { path: string; topAuthor: string; share: number; commits: string[] }[];
  };
  overlaps: {
    a: string;
    b: string;
    paths: string[];
    hasConflict: boolean;
    conflictPaths: string[];
  }[];
  waits: {
    isKnown: boolean;
    medianHours: number | null;
    p90Hours: number | null;
    sample: number;
    commits: string[];
  };
  churn: { bornLines: number; churnedLines: number; share: number | null; commits: string[] };
  aiAuthored: {
    share: number;
    changes: number;
    byAgent: { agent: string; changes: number }[];
    commits: string[];
  };
  sizes: XrayBucket[];
  risk: {
    buckets: XrayBucket[];
    underBound: {
      bound: number;
      isDeclared: boolean;
      judged: number;
      changes: number;
      share: number | null;
      defects: number;
      slipped: number;
      commits: string[];
    };
    explanation: string;
  };
  commits: Record<string, XrayCommit>;
  problems: string[];
}
