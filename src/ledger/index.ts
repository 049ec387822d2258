/**
 * Ledger: append-only events, the transparency log over them, projections and the outbox. It never
 * changes or forgets an event; an erased payload leaves its commitment behind.
 */
export { createLedger, type LedgerDeps } from './ledger.ts';
export { Actor, EventRefs, LedgerEvent, type NewEvent, type NewOutboxMessage } from './schema.ts';
export type { BackgroundLoop, EventQuery, Ledger, OutboxHandler, Projection } from './service.ts';
