/**
 * What every connector offers: it turns deliveries of an outside system into signals in our words,
 * and, where the system hosts code, carries our decisions back to it. A connector knows no database:
 * the app hands it settings and calls it from intake and from the outbox.
 */
export {
  type CodeHost,
  type Delivery,
  type EscalationMessage,
  type HostChange,
  type MergeRequest,
  type MergeResult,
  type Messenger,
  type Published,
  Signal,
  SignalChange,
  type SignalSource,
  type VerdictReport,
} from './contract.ts';
export type { KnowledgeItem, KnowledgePage, KnowledgeSource } from './knowledge.ts';
export { mergeMessage } from './merge-message.ts';
export { isSignedBy, signBody } from './signature.ts';
