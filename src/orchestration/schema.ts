/** Work items, changes, sessions, claims, runs and steps as they are stored and shown. */
import { z } from 'zod';
import { idSchema, JsonObject } from '#kernel';

export const WorkItem = z.object({
  id: idSchema('wrk'),
  repository: z.string().nullable(),
  title: z.string(),
  text: z.string(),
  labels: z.array(z.string()),
  state: z.enum(['open', 'in-progress', 'done', 'cancelled']),
  source: z.string(),
  externalKey: z.string().nullable(),
  url: z.string().nullable(),
  /** 0 whenever there is time, 2 normal, 4 drop everything. */
  priority: z.int().min(0).max(4),
  /** The state as its own system calls it: `In Review`. */
  status: z.string().nullable(),
  /** The session that holds it now. */
  sessionId: idSchema('ses').nullable(),
  /** The session it was made for: while that lives, nobody else is given it. */
  offeredTo: idSchema('ses').nullable(),
  correlationId: z.string(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type WorkItem = z.infer<typeof WorkItem>;

export const Change = z.object({
  id: idSchema('chg'),
  repository: z.string(),
  host: z.string(),
  number: z.int().nullable(),
  branch: z.string(),
  baseBranch: z.string(),
  baseSha: z.string().nullable(),
  headSha: z.string(),
  title: z.string(),
  text: z.string(),
  url: z.string().nullable(),
  authorName: z.string(),
  authorKind: z.enum(['human', 'assisted', 'agent']),
  /** Identities of everyone in its custody: requester, prompter, authors, committers, token owner. */
  custody: z.array(z.string()),
  state: z.enum(['open', 'merged', 'closed']),
  workItemId: idSchema('wrk').nullable(),
  sessionId: idSchema('ses').nullable(),
  runId: idSchema('run').nullable(),
  /** Newest verdict, for lists. */
  lane: z.string().nullable(),
  mergeSha: z.string().nullable(),
  correlationId: z.string(),
  openedAt: z.date(),
  updatedAt: z.date(),
  mergedAt: z.date().nullable(),
});
export type Change = z.infer<typeof Change>;

export const Session = z.object({
  id: idSchema('ses'),
  /** The agent's own id of it. */
  externalId: z.string(),
  agent: z.string(),
  model: z.string().nullable(),
  /** The person who runs it. */
  operatorId: z.string().nullable(),
  repository: z.string().nullable(),
  branch: z.string().nullable(),
  baseSha: z.string().nullable(),
  cwd: z.string().nullable(),
  /** What it was asked to do: first prompt or work item title, cut to 500 characters. */
  intent: z.string(),
  workItemId: idSchema('wrk').nullable(),
  parentId: idSchema('ses').nullable(),
  packId: idSchema('ctx').nullable(),
  state: z.enum(['active', 'idle', 'ended', 'lost']),
  toolCalls: z.int().nonnegative(),
  deniedCalls: z.int().nonnegative(),
  correlationId: z.string(),
  startedAt: z.date(),
  lastSeenAt: z.date(),
  endedAt: z.date().nullable(),
  endReason: z.string().nullable(),
  /** What kind of helper of its parent it is, as the agent names it. */
  role: z.string().nullable(),
  /** What it may use; null where nobody set a limit. */
  budget: z.object({
    tokens: z.int().nullable(),
    usdMicros: z.int().nullable(),
    minutes: z.int().nullable(),
  }),
});
export type Session = z.infer<typeof Session>;

export const Claim = z.object({
  id: idSchema('clm'),
  sessionId: idSchema('ses'),
  agent: z.string(),
  /** `*` of an issue, a port or a database, which belong to no single repository. */
  repository: z.string(),
  kind: z.enum(['intent', 'path', 'glob', 'symbol', 'resource', 'issue']),
  /** As it is written in a request: `src/pay.ts#refund`, `port:3000`. */
  target: z.string(),
  /**
   * A path, or a folder ending in `/`. Of a glob its fixed folder, of a definition its file, else the
   * name of the resource or the key of the issue.
   */
  path: z.string(),
  strength: z.enum(['shared', 'exclusive']),
  /** Whether the session asked for it, or an edit took it along the way. */
  origin: z.enum(['declared', 'edit']),
  /** Rises with every grant in the repository; a stale holder is recognised by it. */
  fence: z.int().nonnegative(),
  state: z.enum(['held', 'released', 'expired']),
  intent: z.string(),
  /** Of an intent: files it will probably touch, with scores from 0 to 1. */
  predicted: z.array(z.object({ path: z.string(), score: z.number() })).nullable(),
  grantedAt: z.date(),
  leaseUntil: z.date(),
  releasedAt: z.date().nullable(),
});
export type Claim = z.infer<typeof Claim>;

export const ClaimWait = z.object({
  sessionId: idSchema('ses'),
  agent: z.string(),
  repository: z.string(),
  target: z.string(),
  since: z.date(),
});
export type ClaimWait = z.infer<typeof ClaimWait>;

export const STEP_KINDS = [
  'context.pack',
  'agent.run',
  'autofix',
  'eval.gate',
  'change.open',
  'check.command',
  'policy.decide',
  'approval.request',
  'merge',
  'wait.signal',
  'wait.timer',
  'notify',
  'repeat',
  'for-each',
  'workflow',
] as const;
export const StepKind = z.enum(STEP_KINDS);
export type StepKind = z.infer<typeof StepKind>;

export const STEP_STATES = [
  'blocked',
  'ready',
  'running',
  'waiting',
  'done',
  'failed',
  'skipped',
  'cancelled',
] as const;

export const Step = z.object({
  id: idSchema('stp'),
  runId: idSchema('run'),
  name: z.string(),
  kind: StepKind,
  state: z.enum(STEP_STATES),
  needs: z.array(z.string()),
  /** Which template line or rule put it here. */
  origin: z.string(),
  with: JsonObject,
  attempt: z.int(),
  maxAttempts: z.int(),
  output: JsonObject.nullable(),
  /** What it waits for, or why it failed; safe to show. */
  message: z.string().nullable(),
  worker: z.string().nullable(),
  dueAt: z.date().nullable(),
  startedAt: z.date().nullable(),
  endedAt: z.date().nullable(),
});
export type Step = z.infer<typeof Step>;

export const RUN_STATES = ['running', 'paused', 'done', 'failed', 'cancelled'] as const;

export const Run = z.object({
  id: idSchema('run'),
  workflow: z.string(),
  /** SHA-256 of the graph it runs; a running run never changes under an edited file. */
  graphHash: z.string(),
  /** `.loom/workflows/change.yaml@<sha>` or `built-in`. */
  definitionSource: z.string(),
  state: z.enum(RUN_STATES),
  changeId: idSchema('chg').nullable(),
  workItemId: idSchema('wrk').nullable(),
  repository: z.string().nullable(),
  title: z.string(),
  input: JsonObject,
  correlationId: z.string(),
  createdAt: z.date(),
  endedAt: z.date().nullable(),
  /** It fails when it has not ended by then. */
  deadlineAt: z.date().nullable(),
  /** The run this one undoes, and the one that undoes this one. */
  undoOf: idSchema('run').nullable(),
  undoneBy: idSchema('run').nullable(),
  /** When it was put away, long after its end; null while it is where workers see it. */
  archivedAt: z.date().nullable(),
});
export type Run = z.infer<typeof Run>;
export const RunWithSteps = Run.extend({ steps: z.array(Step) });
export type RunWithSteps = z.infer<typeof RunWithSteps>;
