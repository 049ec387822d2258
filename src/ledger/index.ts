/**
 * Ledger: append-only events, the transparency log over them, projections and the outbox. It never
 * changes or forgets an event; an erased payload leaves its commitment behind.
 */
export type { ExportPart } from './export.ts';
export { createLedger, type LedgerDeps } from './ledger.ts';
export { Actor, EventRefs, LedgerEvent, type NewEvent, type NewOutboxMessage } from './schema.ts';
export {
  type ConditionalEvent,
  COUNTED_EVENTS,
  type EventQuery,
  type Ledger,
  type OutboxHandler,
  type Projection,
} from './service.ts';
export { readOutboxStatus, type OutboxStatus } from './outbox-store.ts';
export { createOutboxWorker, type OutboxWorkerDeps } from './outbox-worker.ts';
export { createProjector, type ProjectorDeps } from './projector.ts';
export { createSequencer, type SequencerDeps } from './sequencer.ts';
export type { InclusionProof, SignedCheckpoint, TransparencyLog } from './transparency-log.ts';
export { verifyExport, type VerifyOptions } from './verify-export.ts';
export type { VerifyProblem, VerifyReport } from './verify-report.ts';
