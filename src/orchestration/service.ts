/** The verbs of the Orchestration Engine, one interface per sub-room; see index.ts. */
import type { Signal } from '#connectors/contract';
import type { Id, JsonObject, Page, PageRequest, Tx } from '#kernel';
import type { Actor } from '#ledger';
import type { Principal } from '#governance';
import type { Note } from './notes/index.ts';
import type { Change, Claim, ClaimWait, Run, RunWithSteps, Session, WorkItem } from './schema.ts';
import type { WorkflowGraph } from './workflow-graph.ts';

export type { GraphStep, StepCondition, WorkflowGraph } from './workflow-graph.ts';

export interface IntakeService {
  /**
   * Writes the signals of one delivery down: inbound row, signal events and inbox rows in one commit
   * (grouped with its neighbours). Resolves after that commit. A known delivery or signal adds nothing.
   */
  receive(delivery: {
    source: string;
    deliveryId: string;
    signals: Signal[];
  }): Promise<{ accepted: number; isDuplicate: boolean }>;
  /** Acts on signals that were written down; any node may. Gives how many it handled. */
  processOnce(limit?: number): Promise<number>;
}

export interface WantedWork {
  repository?: string | undefined;
  /** Only items with all of these. */
  labels?: readonly string[] | undefined;
}

export interface HandOut {
  item: WorkItem | undefined;
  /** Why there is none, or what is to be known about the one there is. */
  reason: string | null;
  /** Items that were passed over, and why. */
  skipped: { id: Id<'wrk'>; title: string; reason: string }[];
}

export interface NewWorkItem {
  title: string;
  text?: string | undefined;
  repository?: string | undefined;
  labels?: string[] | undefined;
  /** 0 to 4; without one the labels say it (`P1`, `priority: high`), else it is 2. */
  priority?: number | undefined;
  url?: string | undefined;
  /** Your key for it: equal keys are one item, which then takes what is given. */
  externalKey?: string | undefined;
}

export interface WorkService {
  create(item: NewWorkItem, actor: Actor): Promise<WorkItem>;
  /** All of them or none, in order. */
  createMany(items: readonly NewWorkItem[], actor: Actor): Promise<WorkItem[]>;
  list(
    filter: {
      state?: WorkItem['state'] | undefined;
      repository?: string | undefined;
    } & PageRequest,
  ): Promise<Page<WorkItem>>;
  find(id: Id<'wrk'>): Promise<WorkItem | undefined>;
  /**
   * Hands the session the most urgent open item, the oldest of equals; the one it holds, if it holds
   * one. Two sessions never get the same one, nor work that somebody is doing already.
   */
  handOut(sessionId: Id<'ses'>, wanted?: WantedWork): Promise<HandOut>;
  /** The item alone. */
  next(sessionId: Id<'ses'>, repository?: string): Promise<WorkItem | undefined>;
}

export interface ChangeService {
  list(
    filter: {
      state?: Change['state'] | undefined;
      repository?: string | undefined;
      sessionId?: Id<'ses'> | undefined;
    } & PageRequest,
  ): Promise<Page<Change>>;
  find(id: Id<'chg'>): Promise<Change | undefined>;
  /** By `owner/name#12`, `owner/name:branch`, a head or merge commit, or its id. */
  resolve(reference: string): Promise<Change | undefined>;
  /** Approves or declines, tells the waiting run, and answers with the change. */
  review(
    id: Id<'chg'>,
    review: { decision: 'approve' | 'decline'; headSha: string; reason: string },
    by: Principal,
  ): Promise<Change>;
  /**
   * An agent's word on the current head: evidence `second-agent-review`, never a consent. The first word
   * of a session stands; one refusal takes the evidence away.
   * @throws AppError `changes.review_needs_session`, `changes.own_session`, `changes.head_moved`.
   */
  recordAgentReview(
    id: Id<'chg'>,
    review: {
      sessionId: Id<'ses'>;
      decision: 'approve' | 'decline';
      headSha: string;
      reason: string;
    },
    by: Principal,
  ): Promise<Change>;
  /**
   * A deployment was reported: the runs of the merged changes it contains get the signal `deployed`,
   * and what succeeded in production is shipped. Gives those changes; again, it changes nothing.
   */
  recordDeploymentSignal(
    news: {
      repository: string;
      environment: string;
      sha: string;
      status: 'started' | 'succeeded' | 'failed' | 'rolled-back';
      externalKey: string;
      deploymentId?: Id<'dep'> | undefined;
      /** Who set it off, as the source names them: `github:ada`. The reporting person counts too. */
      deployers?: readonly string[] | undefined;
      occurredAt?: Date | undefined;
    },
    by: { actor: Actor; cause?: Id<'evt'> | undefined },
  ): Promise<Id<'chg'>[]>;
}

export interface SessionService {
  /** Registers or finds the session by agent and external id. */
  start(
    session: {
      agent: string;
      externalId: string;
      model?: string | undefined;
      repository?: string | undefined;
      branch?: string | undefined;
      baseSha?: string | undefined;
      cwd?: string | undefined;
      intent?: string | undefined;
      workItemId?: Id<'wrk'> | undefined;
      /** The session that started it; it must be of the same operator. */
      parentId?: Id<'ses'> | undefined;
      role?: string | undefined;
      budget?:
        | { [Limit in keyof Session['budget']]?: Session['budget'][Limit] | undefined }
        | undefined;
    },
    operator: Principal,
  ): Promise<Session>;
  /** A sign of life: renews its claims' leases. Also records a tool call when one is given. */
  touch(
    id: Id<'ses'>,
    activity?: {
      tool?: string | undefined;
      path?: string | undefined;
      outcome?: 'allowed' | 'denied' | undefined;
      intent?: string | undefined;
      packId?: Id<'ctx'> | undefined;
      branch?: string | undefined;
    },
  ): Promise<void>;
  end(id: Id<'ses'>, reason: string): Promise<void>;
  /** The model, where nothing else has told it. */
  noteModel(id: Id<'ses'>, model: string): Promise<void>;
  /** What it is to hear and has not heard: given once. */
  takeNotes(id: Id<'ses'>): Promise<Note[]>;
  find(id: Id<'ses'>): Promise<Session | undefined>;
  findByExternalId(agent: string, externalId: string): Promise<Session | undefined>;
  /**
   * The session, whether an edit of the path needs nothing more (it holds the path, or a folder above
   * it, alone, in its own repository, and most of the lease is left), and whether a note waits for it.
   */
  findWithHold(edit: {
    agent: string;
    externalId: string;
    path: string;
  }): Promise<{ session: Session; isHeld: boolean; hasNotes: boolean } | undefined>;
  list(
    filter: {
      state?: Session['state'] | undefined;
      repository?: string | undefined;
      operatorId?: string | undefined;
      agent?: string | undefined;
      parentId?: Id<'ses'> | undefined;
    } & PageRequest,
  ): Promise<Page<Session>>;
}

export type ClaimAnswer =
  | { outcome: 'granted'; claims: Claim[] }
  | {
      outcome: 'denied';
      /** For the agent: who holds what, since when, until when. */
      message: string;
      conflicts: {
        /** What was asked for, as it is written in a request. */
        path: string;
        heldBy: {
          sessionId: Id<'ses'>;
          claimId: Id<'clm'>;
          target: string;
          agent: string;
          operator: string | null;
          intent: string;
          branch: string | null;
          since: Date;
          until: Date;
        };
      }[];
      /** The ways on, each with the call or command that takes it. */
      choices: string[];
    };

export type GateAnswer =
  | { outcome: 'open' }
  | {
      /** Somebody else was given what this changes, under a higher number. */
      outcome: 'fenced';
      message: string;
      writes: { path: string; fence: number; holderSessionId: Id<'ses'>; holderFence: number }[];
    };

/** Paths are taken as git names them; targets are read: `src/**`, `a.ts#f`, `port:3000`, `issue:a/b#1`. */
export interface ClaimedThings {
  paths?: string[] | undefined;
  targets?: string[] | undefined;
}

export interface ClaimService {
  /** All or nothing; the session's own claims never stand in its way, nor those of its parents. */
  acquire(
    request: ClaimedThings & {
      sessionId: Id<'ses'>;
      repository: string;
      /** Files of an exclusive class are always taken exclusively. */
      strength?: Claim['strength'];
      intent?: string;
    },
  ): Promise<ClaimAnswer>;
  /**
   * What an edit takes along: its file, alone or beside others as it is set, and the number of a
   * migration. Who holds a definition of the file takes no more of it than that.
   */
  acquireForEdit(request: {
    sessionId: Id<'ses'>;
    repository: string;
    paths: string[];
    intent?: string;
  }): Promise<ClaimAnswer>;
  /** Says what the session is about and which files it will probably touch. It is in nobody's way. */
  declareIntent(request: {
    sessionId: Id<'ses'>;
    repository: string;
    intent: string;
    predicted?: { path: string; score: number }[] | undefined;
  }): Promise<Claim>;
  /** What would be answered; grants nothing. */
  check(
    request: ClaimedThings & { sessionId: Id<'ses'>; repository: string },
  ): Promise<ClaimAnswer>;
  release(request: ClaimedThings & { sessionId: Id<'ses'>; reason: string }): Promise<number>;
  /** Whether what the session wrote may pass; at a commit its claims also shrink to what it changed. */
  gate(request: {
    sessionId: Id<'ses'>;
    repository: string;
    gate: 'commit' | 'push' | 'merge';
    paths: readonly string[];
    /** Changed in the work tree, but not part of the commit. */
    dirty?: readonly string[] | undefined;
    headSha?: string | undefined;
  }): Promise<GateAnswer>;
  /** Whether a change may be merged: its head was not pushed under an overtaken lease, or it was mended. */
  gateMerge(change: { repository: string; headSha: string }): Promise<GateAnswer>;
  list(
    filter: {
      sessionId?: Id<'ses'> | undefined;
      repository?: string | undefined;
      operatorId?: string | undefined;
      kind?: Claim['kind'] | undefined;
      state?: Claim['state'] | undefined;
    } & PageRequest,
  ): Promise<Page<Claim>>;
  /** Who waits for what, the longest first. */
  listWaits(
    filter: {
      sessionId?: Id<'ses'> | undefined;
      repository?: string | undefined;
    } & PageRequest,
  ): Promise<Page<ClaimWait>>;
}

export const CHOICES = ['go-on', 'rebase', 'split', 'wait', 'hand-over', 'stop'] as const;
export type Choice = (typeof CHOICES)[number];

/** What became of a choice. */
export interface ChoiceAnswer {
  choice: Choice;
  /** Words for the agent: the effect, and what to do now. */
  message: string;
  /** The session on the other side, where there is one. */
  withSessionId: Id<'ses'> | null;
  /** The task a split made. */
  workItemId: Id<'wrk'> | null;
  /** What the session holds now that it did not before. */
  claims: Claim[];
}

export interface NegotiationService {
  /**
   * Takes one of the ways on after a denial. Each is one event with its effect in one transaction.
   * @throws AppError `claims.nobody_holds_it`, `claims.not_the_later`.
   */
  choose(
    request: ClaimedThings & {
      sessionId: Id<'ses'>;
      repository: string;
      choice: Choice;
      note?: string | undefined;
      /** The holder meant, where several are. */
      withSessionId?: Id<'ses'> | undefined;
    },
    /** Whether the caller may end this other session too. */
    mayEnd: (session: Session) => boolean,
  ): Promise<ChoiceAnswer>;
  /** Moves the leases of a session, all of them with its work or the named ones, and a note, to another. */
  handOver(
    request: ClaimedThings & {
      sessionId: Id<'ses'>;
      to: Id<'ses'>;
      repository?: string | undefined;
      note?: string | undefined;
    },
  ): Promise<ChoiceAnswer>;
}

export interface NewRunRequest {
  /** Where somebody spoke of the run before it began; else it gets one. */
  id?: Id<'run'> | undefined;
  /** A parsed definition: see workflow/definition.ts. */
  definition: WorkflowGraph;
  title: string;
  input: JsonObject;
  changeId?: Id<'chg'> | undefined;
  workItemId?: Id<'wrk'> | undefined;
  repository?: string | undefined;
  correlationId: string;
  cause?: Id<'evt'> | undefined;
}

export interface WorkflowService {
  /** Starts a run with whatever else the transaction writes. */
  start(tx: Tx, run: NewRunRequest): Promise<Run>;
  find(id: Id<'run'>): Promise<RunWithSteps | undefined>;
  list(
    filter: { state?: Run['state'] | undefined; changeId?: Id<'chg'> | undefined } & PageRequest,
  ): Promise<Page<Run>>;
  /** Completes waiting steps that listen for it; one that comes early is kept. Equal keys count once. */
  signal(
    tx: Tx,
    signal: { runId: Id<'run'>; name: string; body: JsonObject; dedupeKey: string; actor: Actor },
  ): Promise<number>;
  /**
   * Ends a running run and aborts its steps; one that has ended stays as it is. Callers that hold a
   * transaction on the run pass it, so as not to wait for themselves.
   */
  cancel(id: Id<'run'>, reason: string, actor: Actor, tx?: Tx): Promise<RunWithSteps>;
  /**
   * Takes a failed or cancelled run up again, with all attempts afresh: from its failed steps, or from
   * the named step on with everything that comes after it, also where that was done already.
   */
  retry(id: Id<'run'>, step: string | undefined, actor: Actor): Promise<RunWithSteps>;
  /** Nothing more begins; what is at work comes to its end. A paused run stays as it is. */
  pause(id: Id<'run'>, reason: string, actor: Actor): Promise<RunWithSteps>;
  /** Goes on where the pause stopped it, with the signals and timers that came meanwhile. */
  resume(id: Id<'run'>, actor: Actor): Promise<RunWithSteps>;
  /** The graph with this hash as runs were started with it, whatever has become of its file. */
  findGraph(hash: string): Promise<WorkflowGraph | undefined>;
}
