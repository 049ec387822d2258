/**
 * What every connector offers: it turns deliveries of an outside system into signals in our words,
 * and, where the system hosts code, carries our decisions back to it. A connector knows no database:
 * the app hands it settings and calls it from intake and from the outbox.
 */
export {
  type CodeHost,
  type Delivery,
  type EscalationMessage,
  type EscalationOutcome,
  type HostChange,
  type MergeRequest,
  type MergeResult,
  type MergeWhenReadyResult,
  type Messenger,
  type Notice,
  type ProtectionAudit,
  type ProtectionFinding,
  type Published,
  Signal,
  SignalChange,
  SignalPerson,
  type SignalSource,
  type VerdictAnnotation,
  type VerdictReport,
} from './contract.ts';
export {
  type CommandName,
  COMMANDS,
  describeCommands,
  type GivenCommand,
  parseCommands,
} from './commands.ts';
export {
  CAPABILITIES,
  Capability,
  type ConnectionTest,
  type Connector,
  type ConnectorDescription,
  type DeliveryReply,
  type ShownSetting,
  type TestFinding,
} from './connector.ts';
export { belongsTo, type DocumentPlaces, readersOf } from './document-places.ts';
export { isInsideAddress } from './addresses.ts';
export {
  createGuardedFetch,
  type GuardedFetch,
  type GuardedFetchOptions,
  type GuardedRequest,
} from './guarded-fetch.ts';
export {
  codeBlock,
  htmlToMarkdown,
  type MarkdownOptions,
  readPage,
  treeToMarkdown,
  webAddress,
} from './html-to-markdown.ts';
export { findAll, type HtmlElement, type HtmlNode, parseHtml, textOf } from './html-tree.ts';
export {
  createHttpClient,
  type HttpAnswer,
  type HttpCall,
  type HttpClient,
  type HttpClientOptions,
  toHttpFailure,
} from './http-client.ts';
export type {
  KnowledgeItem,
  KnowledgePage,
  KnowledgeSource,
  SweepProgress,
  KnownDocument,
  KnownThread,
  ObjectList,
  Readers,
} from './knowledge.ts';
export { mergeMessage } from './merge-message.ts';
export { isDocumentFile, readDocumentFile } from './page-text.ts';
export { createRateBudget, pauseAsked, type RateBudget, type RateSnapshot } from './rate-budget.ts';
export { isEqualSecret, isSignedBy, signBody } from './signature.ts';
export { keyOfSecret, signDelivery } from './standard-webhooks.ts';
export type { SignalPage, SignalSweep, SweptDelivery } from './sweep.ts';
export type { ExternalWorkItem, WorkItemMirror, WorkItemState } from './work-items.ts';
