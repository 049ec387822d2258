/**
 * Delivers outbox messages, on any number of nodes. A message is leased, delivered outside any
 * transaction, and settled; a worker that dies loses its lease and another goes on. So a handler may
 * run twice for one message: its idempotency key is what makes the effect happen once.
 */
import {
  AppError,
  type BackgroundLoop,
  type Bell,
  type Clock,
  type Db,
  describeError,
  type JsonObject,
  type Logger,
  type NewId,
  startLoop,
  withLogContext,
} from '#kernel';
import {
  type LeasedMessage,
  leaseMessages,
  markDead,
  markDelivered,
  markFailed,
  renewLease,
} from './outbox-store.ts';
import type { Ledger, OutboxHandler } from './service.ts';
import { NEWS, OUTBOX_CHANNEL, PROMPT, ringOn } from './wake.ts';

export interface OutboxWorkerDeps {
  db: Db;
  /** Told of messages that were given up. */
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  log: Logger;
  handlers: readonly OutboxHandler[];
  /** Messages whose payload holds one of these are not for this node, such as `{ host: 'local' }`. */
  leaveToOthers?: () => readonly JsonObject[];
  /** Deliveries under way at once on this node. */
  concurrency?: number;
  /** How long a silent worker keeps a message. */
  leaseMs?: number;
  /** Attempts after which a message is given up. */
  maxAttempts?: number;
  /** The same where what is called was unavailable each time: by the pauses, days of an outage. */
  maxAttemptsWhileAway?: number;
  /** Pause after this many failed attempts; see `pauseAfter`. */
  retryInMs?: (attempt: number) => number;
  /** False leaves the work to `runOnce`. */
  start?: boolean | undefined;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 600_000;
/** A system may ask for a longer pause; more than this is tried all the same. */
const LONGEST_ASKED_MS = 6 * 3_600_000;

/** Doubles with each attempt, from one second to ten minutes, give or take a quarter. */
export function pauseAfter(attempt: number, random: () => number = Math.random): number {
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  return Math.round(pauseMs * (0.75 + random() / 2));
}

/** How long the system itself wants us to wait; 0 where it did not say. */
function askedPauseMs(error: unknown): number {
  const seconds = error instanceof AppError ? error.details?.['retryAfterSeconds'] : undefined;
  return typeof seconds === 'number' && seconds > 0
    ? Math.min(seconds * 1_000, LONGEST_ASKED_MS)
    : 0;
}

/** `runOnce` delivers what is due and waits for it. */
export function createOutboxWorker(deps: OutboxWorkerDeps): BackgroundLoop {
  const { db, ledger, concurrency = 8, leaseMs = 60_000, maxAttempts = 15 } = deps;
  const { leaveToOthers = () => [], maxAttemptsWhileAway = Math.max(500, maxAttempts) } = deps;
  const { retryInMs = pauseAfter } = deps;
  const log = deps.log.child({ room: 'ledger' });
  const handlers = new Map(deps.handlers.map((handler) => [handler.target, handler]));
  const underWay = new Set<Promise<void>>();
  let doorbell: Bell | undefined;

  async function takeSome(): Promise<number> {
    const limit = concurrency - underWay.size;
    if (limit <= 0) return 0;
    const targets = [...handlers.keys()];
    const messages = await leaseMessages(db, {
      targets,
      leaveToOthers: leaveToOthers(),
      limit,
      leaseMs,
    });
    for (const message of messages) {
      const delivery = deliver(message)
        // The database went away meanwhile; the lease will end and the message be taken again.
        .catch((error: unknown) =>
          log.warn({ err: error, outboxId: message.id }, 'message unsettled'),
        )
        .finally(() => {
          underWay.delete(delivery);
          doorbell?.ring();
        });
      underWay.add(delivery);
    }
    return messages.length;
  }

  async function deliver(message: LeasedMessage): Promise<void> {
    const { payload, idempotencyKey, attempt, cause, correlationId } = message;
    const handler = handlers.get(message.target)!;
    const renewing = setInterval(() => {
      renewLease(db, message, leaseMs).catch(() => {});
    }, leaseMs / 3);
    try {
      await withLogContext(correlationId === null ? {} : { correlationId }, () =>
        handler.deliver({ payload, idempotencyKey, attempt, cause, correlationId }),
      );
    } catch (error) {
      await settleFailure(message, error);
      return;
    } finally {
      clearInterval(renewing);
    }
    await markDelivered(db, message);
  }

  async function settleFailure(message: LeasedMessage, error: unknown): Promise<void> {
    const { id, target, attempt } = message;
    const reason = describeError(error);
    const isAway = error instanceof AppError && error.kind === 'unavailable';
    if (attempt < (isAway ? maxAttemptsWhileAway : maxAttempts)) {
      log.warn(
        { err: error, outboxId: id, target, attempt },
        'delivery failed, will be tried again',
      );
      const pauseMs = Math.max(retryInMs(attempt), askedPauseMs(error));
      await markFailed(db, message, { error: reason, retryInMs: pauseMs });
      return;
    }
    log.error({ err: error, outboxId: id, target, attempt }, 'delivery given up');
    await db.transaction(async (tx) => {
      if (!(await markDead(tx, message, reason))) return;
      await ledger.append(tx, {
        type: 'outbox.delivery-failed',
        subject: id,
        actor: { kind: 'system', id: 'outbox' },
        cause: message.cause ?? undefined,
        correlationId: message.correlationId ?? undefined,
        data: { target, idempotencyKey: message.idempotencyKey, attempts: attempt, reason },
      });
    });
  }

  const loop = startLoop({
    name: 'outbox',
    clock: deps.clock,
    log,
    ...PROMPT,
    work: takeSome,
    async runOnce() {
      let delivered = 0;
      for (;;) {
        const taken = await takeSome();
        await Promise.all(underWay);
        if (taken === 0) return delivered;
        delivered += taken;
      }
    },
    listen(bell, signal) {
      doorbell = bell;
      ringOn(db, OUTBOX_CHANNEL, NEWS.enqueued, bell, signal);
    },
    start: deps.start,
  });
  return {
    ...loop,
    async [Symbol.asyncDispose]() {
      await loop[Symbol.asyncDispose]();
      await Promise.all(underWay);
    },
  };
}
