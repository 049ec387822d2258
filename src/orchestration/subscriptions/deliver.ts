/**
 * Delivers events to their subscribers: read from the log in order, one outbox message each, signed as
 * Standard Webhooks has it. A subscriber that has not taken anything for days is paused.
 */
import { type GuardedFetch, keyOfSecret, signDelivery } from '#connectors/contract';
import { AppError, checkValue, describeError, idSchema, type SecretBox } from '#kernel';
import type { LedgerEvent, OutboxHandler, Projection } from '#ledger';
import { z } from 'zod';
import { ORCHESTRATION, type OrchestrationDeps } from '../deps.ts';
import { isWanted } from './schema.ts';
import { subscriptionEvent } from './service.ts';
import * as store from './store.ts';

const TARGET = 'webhook.deliver';
const PAUSE_AFTER_MS = 5 * 24 * 3_600_000;
const MAX_ERROR = 300;
const Payload = z.object({ subscriptionId: idSchema('sub'), eventId: idSchema('evt') });

export function subscriptionProjection({ ledger }: Pick<OrchestrationDeps, 'ledger'>): Projection {
  return {
    name: 'orchestration.webhook-subscriptions',
    async apply(tx, events) {
      const active = await store.listActive(tx);
      if (active.length === 0) return;
      for (const event of events) {
        for (const { id, eventTypes, createdAt } of active) {
          // What was before it is not told: the log is read from its beginning.
          if (event.recordedAt < createdAt || !isWanted(eventTypes, event.type)) continue;
          await ledger.enqueue(tx, {
            target: TARGET,
            payload: { subscriptionId: id, eventId: event.id },
            idempotencyKey: `webhook:${id}:${event.id}`,
            correlationId: event.correlationId,
          });
        }
      }
    },
  };
}

export function subscriptionHandler(
  deps: Pick<OrchestrationDeps, 'db' | 'ledger' | 'clock' | 'log'> & {
    send: GuardedFetch;
    secretBox: SecretBox;
  },
): OutboxHandler {
  const { db, ledger, clock, log, send, secretBox } = deps;

  async function pause(subscription: store.SubscriptionRow, why: string): Promise<void> {
    await db.transaction(async (tx) => {
      const current = await store.findSubscription(tx, subscription.id, { forUpdate: true });
      if (current?.state !== 'active') return;
      const paused = { ...current, state: 'paused' as const, pausedWhy: why };
      await store.updateSubscription(tx, paused);
      await ledger.append(
        tx,
        subscriptionEvent('webhook-subscription.paused', paused, ORCHESTRATION),
      );
    });
    log.warn({ subscriptionId: subscription.id, why }, 'a webhook subscription was paused');
  }

  return {
    target: TARGET,
    async deliver({ payload }) {
      const { subscriptionId, eventId } = checkValue(Payload, payload, 'subscriptions.bad_message');
      const subscription = await store.findSubscription(db, subscriptionId);
      if (subscription?.state !== 'active') return;
      // Read now and not when it was enqueued: what was erased meanwhile is told to nobody.
      const event = await ledger.find(eventId);
      if (event === undefined) return;
      try {
        const status = await post(send, opened(subscription, secretBox), event, clock.now());
        if (status === 410) {
          await pause(subscription, 'the receiver says that it is gone (410)');
          return;
        }
        if (status < 200 || status > 299) throw refused(status);
        await store.noteSuccess(db, subscription.id, clock.now());
      } catch (error) {
        const words = describeError(error).slice(0, MAX_ERROR);
        const now = clock.now();
        const since = await store.noteFailure(db, subscription.id, words, now);
        if (since === undefined) return;
        if (now.getTime() - since.getTime() > PAUSE_AFTER_MS) {
          await pause(subscription, 'nothing was taken for five days');
          return;
        }
        throw error;
      }
    },
  };
}

/** The subscription with its secrets as they sign. */
function opened(one: store.SubscriptionRow, box: SecretBox): store.SubscriptionRow {
  const { id, secret, previousSecret } = one;
  return {
    ...one,
    secret: box.open(secret, id),
    previousSecret: previousSecret === null ? null : box.open(previousSecret, id),
  };
}

/** The body is `{ type, timestamp, data }`; the id is that of the event, the same at each attempt. */
async function post(
  send: GuardedFetch,
  { url, secret, previousSecret, previousUntil }: store.SubscriptionRow,
  event: LedgerEvent,
  now: Date,
): Promise<number> {
  const { type, occurredAt, ...rest } = event;
  const body = Buffer.from(
    JSON.stringify({ type, timestamp: occurredAt.toISOString(), data: rest }),
  );
  const timestamp = String(Math.floor(now.getTime() / 1_000));
  const isRenewing = previousUntil !== null && previousUntil > now;
  const signatures = [secret, isRenewing ? previousSecret : null].flatMap((one) =>
    one === null ? [] : [signDelivery(keyOfSecret(one), { id: event.id, timestamp, body })],
  );
  const answer = await send(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'loomstack',
      'webhook-id': event.id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatures.join(' '),
    },
    body,
  });
  return answer.status;
}

function refused(status: number): AppError {
  return new AppError('unavailable', 'subscriptions.refused', {
    message: `The receiver answered ${status}.`,
    hint: 'It is tried again; the receiver answers 2xx once it has the event.',
  });
}
