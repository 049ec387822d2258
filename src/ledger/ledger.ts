/**
 * The ledger over PostgreSQL. Writing takes part in the caller's transaction; reading in log order
 * follows the sequencer, because the order of commits is known only after them.
 */
import {
  AppError,
  Bell,
  type Clock,
  type Db,
  decodeCursor,
  type Id,
  isUnavailable,
  type Logger,
  MAX_PAGE_SIZE,
  type NewId,
  type Page,
  toPage,
  type Tx,
} from '#kernel';
import { z } from 'zod';
import { insertMessage } from './outbox-store.ts';
import { type PreparedEvent, prepareEvents } from './prepare.ts';
import type { Actor, LedgerEvent, NewEvent, NewOutboxMessage } from './schema.ts';
import type { ConditionalEvent, EventQuery, Ledger } from './service.ts';
import {
  type AppendedRow,
  deletePayload,
  findEvent,
  insertCountedEventsWithCommit,
  insertEvents,
  insertEventsWithCommit,
  listEvents,
  readHead,
  readLog,
} from './store.ts';
import {
  createAnnouncer,
  createListenerHub,
  LEDGER_CHANNEL,
  NEWS,
  OUTBOX_CHANNEL,
} from './wake.ts';

const READ_AHEAD = 500;
const POLL_MS = 1_000;
/** Array parameters are built in memory; a larger batch gains nothing. */
const MAX_BATCH = 10_000;
const Position = z.int().nonnegative();

export interface LedgerDeps {
  db: Db;
  clock: Clock;
  newId: NewId;
  log: Logger;
  /** The organisation, named in every log entry. */
  tenant: string;
}

export function createLedger(deps: LedgerDeps): Ledger {
  const { db, tenant } = deps;
  const log = deps.log.child({ room: 'ledger' });
  const announceEvents = createAnnouncer(db, LEDGER_CHANNEL, NEWS.appended);
  const announceMessages = createAnnouncer(db, OUTBOX_CHANNEL, NEWS.enqueued);
  const subscribe = createListenerHub(db, LEDGER_CHANNEL, NEWS.placed);

  function prepare(events: readonly NewEvent[]): PreparedEvent[] {
    if (events.length > MAX_BATCH) {
      throw new AppError('limit_exceeded', 'ledger.batch_too_large', {
        message: `At most ${MAX_BATCH} events can be appended at once.`,
      });
    }
    return prepareEvents(events, deps);
  }

  async function write(
    tx: Tx,
    events: readonly NewEvent[],
    redactsSeq: number | null,
  ): Promise<LedgerEvent[]> {
    if (events.length === 0) return [];
    const prepared = prepare(events);
    const rows = await insertEvents(tx, tenant, prepared, redactsSeq);
    tx.afterCommit(announceEvents);
    return prepared.map((each, index) => toLedgerEvent(each, rows[index]!));
  }

  async function append(tx: Tx, event: NewEvent): Promise<LedgerEvent> {
    refuseRedaction([event]);
    return (await write(tx, [event], null))[0]!;
  }

  async function appendMany(tx: Tx, events: readonly NewEvent[]): Promise<LedgerEvent[]> {
    refuseRedaction(events);
    return write(tx, events, null);
  }

  function appendWithCommit(tx: Tx, events: readonly NewEvent[]): void {
    refuseRedaction(events);
    if (events.length === 0) return;
    insertEventsWithCommit(tx, tenant, prepare(events));
    tx.afterCommit(announceEvents);
  }

  function appendCountedWithCommit(tx: Tx, conditional: readonly ConditionalEvent[]): void {
    const events = conditional.map(({ event }) => event);
    refuseRedaction(events);
    if (events.length === 0) return;
    const conditions = conditional.map(({ ifCounted }) => ifCounted);
    insertCountedEventsWithCommit(tx, tenant, prepare(events), conditions);
    tx.afterCommit(announceEvents);
  }

  async function enqueue(tx: Tx, message: NewOutboxMessage): Promise<void> {
    await insertMessage(tx, deps.newId('out'), message);
    tx.afterCommit(announceMessages);
  }

  async function redact(
    tx: Tx,
    { eventId, actor, reason }: { eventId: Id<'evt'>; actor: Actor; reason: string },
  ): Promise<LedgerEvent | undefined> {
    const target = await findEvent(tx, eventId);
    if (target === undefined) {
      throw new AppError('not_found', 'ledger.no_such_event', {
        message: `There is no event ${eventId}.`,
      });
    }
    if (target.seq === null) {
      throw new AppError('conflict', 'ledger.not_placed_yet', {
        message: `The event ${eventId} has no place in the log yet.`,
        hint: 'Try again in a second.',
      });
    }
    if (target.data === null || Object.keys(target.data).length === 0) return undefined;
    const redaction: NewEvent = {
      type: 'payload.redacted',
      subject: eventId,
      actor,
      cause: eventId,
      refs: target.refs,
      data: { reason, seq: target.seq, field: 'data' },
    };
    const [event] = await write(tx, [redaction], target.seq);
    await deletePayload(tx, target.seq);
    return event;
  }

  async function list(query: EventQuery): Promise<Page<LedgerEvent>> {
    const { order = 'newest', limit = 50, cursor, ...filter } = query;
    const size = Math.min(Math.max(1, limit), MAX_PAGE_SIZE);
    const after = cursor === undefined ? undefined : decodeCursor(Position, cursor);
    const rows = await listEvents(db, filter, { order, after, limit: size + 1 });
    const page = toPage(rows, size, ({ position }) => position);
    return { items: page.items.map(({ event }) => event), nextCursor: page.nextCursor };
  }

  async function* tail({
    after,
    signal,
  }: {
    after?: number | undefined;
    signal: AbortSignal;
  }): AsyncGenerator<LedgerEvent> {
    const bell = new Bell();
    using _subscription = subscribe(bell);
    let last = after;
    while (!signal.aborted) {
      let events: LedgerEvent[] = [];
      try {
        last ??= await readHead(db);
        events = await readLog(db, last, READ_AHEAD);
      } catch (error) {
        // A follower outlives a restart of the database; everything else is for the caller.
        if (!isUnavailable(error)) throw error;
        log.warn({ err: error }, 'the log cannot be read at the moment');
      }
      for (const event of events) {
        if (signal.aborted) return;
        last = event.seq ?? last;
        yield event;
      }
      if (events.length < READ_AHEAD) await bell.wait(POLL_MS, signal);
    }
  }

  return {
    append,
    appendMany,
    appendWithCommit,
    appendCountedWithCommit,
    enqueue,
    redact,
    find: (id) => findEvent(db, id),
    list,
    tail,
    head: () => readHead(db),
  };
}

/** Only `redact` may say that a payload is gone, because it also takes it away. */
function refuseRedaction(events: readonly NewEvent[]): void {
  if (!events.some(({ type }) => type === 'payload.redacted')) return;
  throw new AppError('invalid', 'ledger.bad_event', {
    message: 'payload.redacted is written by the redaction itself.',
    hint: 'Call redact.',
  });
}

function toLedgerEvent(prepared: PreparedEvent, row: AppendedRow): LedgerEvent {
  const { event } = prepared;
  return {
    id: prepared.id,
    seq: null,
    type: event.type,
    subject: event.subject,
    actor: event.actor,
    cause: event.cause ?? null,
    correlationId: row.correlationId,
    occurredAt: prepared.occurredAt,
    recordedAt: prepared.recordedAt,
    refs: prepared.refs,
    // Parsed again, so that the caller sees what a reader will see.
    data:
      prepared.dataText === undefined ? {} : (JSON.parse(prepared.dataText) as LedgerEvent['data']),
  };
}
