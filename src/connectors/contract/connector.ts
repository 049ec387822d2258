/**
 * A connector as a whole: what it can do, how it is set up, and how it fares. Each part is optional; the
 * app looks at what is there and calls nothing else.
 */
import { z } from 'zod';
import type { CodeHost, Delivery, Messenger, SignalSource } from './contract.ts';
import type { KnowledgeItem, KnowledgeSource } from './knowledge.ts';
import type { RateSnapshot } from './rate-budget.ts';
import type { SignalSweep } from './sweep.ts';
import type { WorkItemMirror } from './work-items.ts';

/** What a connector may offer. The list is closed; the app knows what to do with each. */
export const CAPABILITIES = [
  /** Tells us what happens, by webhooks or a sweep. */
  'signals',
  /** Has knowledge worth reading: documents, discussions, past changes. */
  'knowledge',
  /** Holds work items whose state is mirrored both ways. */
  'work-items',
  /** Reaches people: chat, mail. */
  'messages',
  /** Hosts code: verdicts, reviewers and merges go there. */
  'code-host',
] as const;
export const Capability = z.enum(CAPABILITIES);
export type Capability = z.infer<typeof Capability>;

/** What is true of a connector whether or not it is set up. */
export interface ConnectorDescription {
  /** In `/webhooks/{name}`, `Signal.source` and settings: lower-case letters, digits, `-`. */
  readonly name: string;
  /** As people write it: `GitHub`. */
  readonly title: string;
  /** One sentence for the Connections page. */
  readonly summary: string;
  readonly capabilities: readonly Capability[];
  /** Page in docs: `docs/connectors/github.md`. */
  readonly documentation: string;
}

/** A setting as it may be shown: of a secret only whether it is set. */
export interface ShownSetting {
  /** Path in loom.yaml: `github.appId`. */
  path: string;
  /** Undefined where it is unset; `[set]` for a secret. */
  value: string | undefined;
}

export interface TestFinding {
  level: 'ok' | 'warning' | 'problem';
  /** Plain text without secrets. */
  text: string;
  hint?: string | undefined;
}

/** What asking the outside system for ourselves gave. */
export interface ConnectionTest {
  /** As whom we are known there: `loomstack[bot] on acme`. */
  account: string;
  findings: TestFinding[];
}

/** What a sender is answered at once, where its protocol wants more than 202. */
export interface DeliveryReply {
  status: number;
  contentType: string;
  body: string;
}

/** A connector with its settings: ready to be used. It holds no state that may not be lost. */
export interface Connector {
  readonly settings: readonly ShownSetting[];
  readonly source?: SignalSource;
  /** In place of `source.verify`, where a sender may also show a token of ours. */
  verify?(delivery: Delivery): void | Promise<void>;
  /** Called after a sound signature and before anything is kept. Undefined: 202 and nothing to say. */
  reply?(delivery: Delivery): DeliveryReply | undefined | Promise<DeliveryReply | undefined>;
  /** What a delivery tells of objects in the graph. Pure. */
  toKnowledge?(delivery: Delivery): KnowledgeItem[];
  /** The truth behind the webhooks: catches up after an outage. */
  readonly sweep?: SignalSweep;
  readonly knowledge?: KnowledgeSource;
  readonly workItems?: WorkItemMirror;
  readonly messenger?: Messenger;
  readonly host?: CodeHost;
  /** Asks the outside system who we are and what we may. @throws AppError in our words. */
  test?(): Promise<ConnectionTest>;
  /** What is left of the system's patience; undefined before the first call. */
  rate?(): RateSnapshot | undefined;
  /**
   * Keeps a line open to the system, for systems that tell over a socket of ours (Socket Mode), while the
   * connection is not paused. Each node has a line of its own; the system tells each thing on one of them.
   */
  listen?(
    receive: (delivery: Delivery) => Promise<DeliveryReply | undefined>,
  ): Promise<AsyncDisposable>;
  /** Gives the outside system the secret that it shall sign with from now on. */
  changeSecret?(secret: string): Promise<void>;
}
