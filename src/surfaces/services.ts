/**
 * Everything a surface may call. The app builds it once; HTTP, hooks, MCP and the command line all
 * get the same bundle. Outside systems come as functions, because surfaces know no connector.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { ContextService } from '#context';
import type { GovernanceService } from '#governance';
import type { Board, BoardFilter, ContextStudy, XrayReport } from '#insights';
import type { Clock, Config, Db, Id, Logger, NewId } from '#kernel';
import type { Actor, Ledger, TransparencyLog } from '#ledger';
import type { ObservabilityService, TelemetryService } from '#observability';
import type {
  BreakerService,
  ChangeKeeper,
  ChangeService,
  ClaimService,
  CollisionService,
  CompositionService,
  ConnectionService,
  EscalationService,
  NegotiationService,
  OverrideService,
  SessionService,
  SubscriptionService,
  LandingQueue,
  Workshop,
  WorkflowService,
  WorkService,
  ContradictionWork,
} from '#orchestration';
import type { PolicyService } from '#policy';

/** One request of an outside system, byte for byte; header names are lower case. */
export interface WebhookDelivery {
  headers: Readonly<Record<string, string | undefined>>;
  body: Uint8Array;
}

export interface WebhookReply {
  status: number;
  contentType: string;
  body: string;
}

export interface WebhookReceiver {
  /** @throws AppError `unauthenticated` when the delivery is not genuine. */
  verify(delivery: WebhookDelivery): void | Promise<void>;
  /** What the sender's protocol wants at once, in place of keeping the delivery. After `verify`. */
  reply?(delivery: WebhookDelivery): Promise<WebhookReply | undefined>;
  /** Resolves after the commit that holds the delivery. A known one adds nothing. */
  receive(delivery: WebhookDelivery): Promise<{ accepted: number; isDuplicate: boolean }>;
}

/** The local forge as the API sees it. */
export interface ForgeService {
  createRepository(name: string): Promise<ForgeRepository>;
  removeRepository(name: string): Promise<void>;
  /** Git's smart HTTP protocol under `/git/`. */
  handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void>;
}

/** Making a GitHub App by its manifest. */
export interface GitHubAppService {
  /** @throws AppError `github.app_exists` */
  begin(
    app: { name: string; organisation?: string | undefined },
    actor: Actor,
  ): { formUrl: string; manifest: string; state: string };
  /** @throws AppError `github.foreign_state`, `github.app_exists` */
  finish(
    answer: { code: string; state: string },
    actor: Actor,
  ): Promise<{ slug: string; url: string; installUrl: string }>;
}

export const ProtectionReport = z.object({
  repository: z.string(),
  branch: z.string(),
  /** `open` lets something by; `unknown` could not be looked at. */
  state: z.enum(['protected', 'open', 'unknown']),
  findings: z.array(
    z.object({
      /** Stable, such as `check-not-required`. */
      code: z.string(),
      level: z.enum(['ok', 'warning', 'problem']),
      text: z.string(),
      /** How to set it. */
      hint: z.string().optional(),
    }),
  ),
  checkedAt: z.date(),
});
export type ProtectionReport = z.infer<typeof ProtectionReport>;

export interface ProtectionService {
  /** Undefined when there is no such repository. At most a minute old. */
  read(repositoryId: string): Promise<ProtectionReport | undefined>;
}

export const ForgeRepository = z.object({
  name: z.string(),
  /** Where git clones it from and pushes to. */
  cloneUrl: z.string(),
});
export type ForgeRepository = z.infer<typeof ForgeRepository>;

export const SystemStatus = z.object({
  database: z.object({
    state: z.enum(['ready', 'unavailable']),
    version: z.string().nullable(),
    isEmbedded: z.boolean(),
  }),
  loops: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['running', 'failing', 'stopped']),
      lastRunAt: z.date().nullable(),
      lastError: z.string().nullable(),
    }),
  ),
  connectors: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['ready', 'failing', 'off']),
      detail: z.string(),
    }),
  ),
  outbox: z.object({
    /** Messages that wait for their delivery. */
    waiting: z.int().nonnegative(),
    /** Age of the oldest of them in seconds; 0 when none waits. */
    lagSeconds: z.number().nonnegative(),
    /** Messages that were given up. */
    failed: z.int().nonnegative(),
  }),
});
export type SystemStatus = z.infer<typeof SystemStatus>;

export interface Services {
  config: Config;
  version: string;
  /** Name of the organisation, as the console shows it. */
  organisation: string;
  db: Db;
  clock: Clock;
  newId: NewId;
  log: Logger;
  ledger: Ledger;
  governance: GovernanceService;
  context: ContextService;
  /** Work items for contradictions of the graph. */
  contradictionWork: ContradictionWork;
  policy: PolicyService;
  observability: ObservabilityService;
  telemetry: TelemetryService;
  work: WorkService;
  changes: ChangeService & Pick<ChangeKeeper, 'mergedBySha' | 'recordDeploymentSignal'>;
  sessions: SessionService;
  claims: ClaimService;
  breakers: BreakerService;
  negotiation: NegotiationService;
  collisions: CollisionService;
  escalations: EscalationService;
  overrides: OverrideService;
  workflows: WorkflowService;
  landing: LandingQueue;
  workshop: Workshop;
  composition: CompositionService;
  connections: ConnectionService;
  subscriptions: SubscriptionService;
  protection: ProtectionService;
  githubApp: GitHubAppService;
  /** Receivers by the name in `/webhooks/{connector}`. */
  webhooks: ReadonlyMap<string, WebhookReceiver>;
  /** Null when the local forge is switched off. */
  forge: ForgeService | null;
  insights: {
    xray(repositoryId: Id<'repo'>, since: Date): Promise<XrayReport>;
    /** How well the files of its last changes would have been found; worked out in the background. */
    contextStudy(repositoryId: Id<'repo'>): Promise<ContextStudy>;
    /** Who works on what, right now. */
    board(filter: BoardFilter): Promise<Board>;
  };
  transparencyLog: TransparencyLog;
  systemStatus(): Promise<SystemStatus>;
  /** Folder of the built console; absent files are answered with a page that says how to build it. */
  consoleFolder: string;
}
