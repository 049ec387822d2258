/** The verbs of the ledger; see index.ts for what it promises. */
import type { Id, Page, Tx } from '#kernel';
import type { Actor, LedgerEvent, NewEvent, NewOutboxMessage } from './schema.ts';

export interface EventQuery {
  /** Exact type, or a prefix ending in `.`: `decision.`. */
  type?: string | undefined;
  subject?: string | undefined;
  /** Events that name this in any of their refs, or are about it. */
  ref?: string | undefined;
  correlationId?: string | undefined;
  actorId?: string | undefined;
  order?: 'newest' | 'oldest';
  limit?: number;
  cursor?: string | undefined;
}

/**
 * A setting of the transaction in which an earlier statement leaves the ids of what counted, with
 * commas between them. It spares the trip to ask for them before the events are sent.
 */
export const COUNTED_EVENTS = 'loom.counted_events';

export interface ConditionalEvent {
  event: NewEvent;
  /** It is stored only if this id is among those of `COUNTED_EVENTS`; null: in any case. */
  ifCounted: Id<'evt'> | null;
}

export interface Ledger {
  /** Writes one event in the caller's transaction: it is there if and only if that commits. */
  append(tx: Tx, event: NewEvent): Promise<LedgerEvent>;
  /** The same for many, in one statement. */
  appendMany(tx: Tx, events: readonly NewEvent[]): Promise<LedgerEvent[]>;
  /** The same, sent together with the commit: for hot paths that have no use for what was stored. */
  appendWithCommit(tx: Tx, events: readonly NewEvent[]): void;
  /** The same for events of which only the transaction knows whether they are true. */
  appendCountedWithCommit(tx: Tx, events: readonly ConditionalEvent[]): void;
  /** Leaves a message for an outside system in the caller's transaction. An equal key changes nothing. */
  enqueue(tx: Tx, message: NewOutboxMessage): Promise<void>;
  /**
   * Erases what an event says and records `payload.redacted`; that the event happened stays proven.
   * Undefined when there was nothing to erase.
   * @throws AppError `ledger.no_such_event`, or `ledger.not_placed_yet` in its first second.
   */
  redact(
    tx: Tx,
    options: { eventId: Id<'evt'>; actor: Actor; reason: string },
  ): Promise<LedgerEvent | undefined>;
  find(id: Id<'evt'>): Promise<LedgerEvent | undefined>;
  list(query: EventQuery): Promise<Page<LedgerEvent>>;
  /**
   * Follows the log in its own order, from the entry after `after` (-1: from the start; undefined:
   * from now) until aborted. Never skips an entry, however late its transaction committed.
   */
  tail(options: { after?: number | undefined; signal: AbortSignal }): AsyncIterable<LedgerEvent>;
  /** Index of the newest entry; -1 when there is none. */
  head(): Promise<number>;
}

/** Delivers one kind of outbox message. Throwing means "try again later", with growing pauses. */
export interface OutboxHandler {
  target: string;
  /** Runs outside any transaction. `idempotencyKey` is the same on every attempt. */
  deliver(message: {
    payload: Record<string, unknown>;
    idempotencyKey: string;
    attempt: number;
    cause: Id<'evt'> | null;
    correlationId: string | null;
  }): Promise<void>;
}

/** Keeps a derived table: fed every entry in log order, in one transaction with its cursor. */
export interface Projection {
  name: string;
  /** Types it wants; a prefix ends in `.`. Absent means all. */
  types?: readonly string[];
  apply(tx: Tx, events: readonly LedgerEvent[]): Promise<void>;
}
