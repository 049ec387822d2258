/** CloudEvents as a source of signals: checks that a delivery is genuine and has it translated. */
import { hash } from 'node:crypto';
import { AppError, type Clock } from '#kernel';
import { type Delivery, keyOfSecret, type Signal, type SignalSource } from '#connectors/contract';
import { readCDEvent } from './cdevents.ts';
import { type CloudEvent, parseEvents } from './parse.ts';
import { verifyDelivery } from './signature.ts';

export const CLOUD_EVENTS = 'cloudevents';
const MAX_ID = 200;

export interface CloudEventsOptions {
  /** Shared with senders that sign; unset, only callers with a token are genuine. */
  webhookSecret?: string | undefined;
  clock: Clock;
}

/** @throws AppError `cloudevents.missing_webhook_secret` when the secret is empty: anyone could sign then. */
export function createCloudEventsSource({
  webhookSecret,
  clock,
}: CloudEventsOptions): SignalSource {
  const key = webhookSecret === undefined ? undefined : keyOfSecret(webhookSecret);
  if (key?.length === 0) {
    throw new AppError('invalid', 'cloudevents.missing_webhook_secret', {
      message: 'The webhook secret of CloudEvents is empty.',
      hint: 'Set cloudevents.webhookSecret (LOOM_CLOUDEVENTS_WEBHOOK_SECRET), or leave it out to take tokens only.',
    });
  }

  return {
    name: CLOUD_EVENTS,

    verify(delivery) {
      if (key === undefined) {
        throw new AppError('unauthenticated', 'cloudevents.bad_signature', {
          message: 'No webhook secret is set, so no signature can be checked.',
          hint: 'Set cloudevents.webhookSecret, or send a bearer token with the scope signals:write.',
        });
      }
      verifyDelivery(key, delivery, clock.now());
    },

    deliveryId({ headers, body }) {
      const id = headers['webhook-id'];
      if (id !== undefined && id.length <= MAX_ID) return id;
      if (id === undefined) return `sha256:${digest(headers, body)}`;
      throw new AppError('invalid', 'cloudevents.bad_delivery_id', {
        message: `The webhook-id has more than ${MAX_ID} characters.`,
        hint: 'Send a shorter one, the same for each attempt at one delivery.',
      });
    },

    toSignals(delivery) {
      const sentAt = Number(delivery.headers['webhook-timestamp'] ?? 0) * 1_000;
      return parseEvents(delivery).map((event) => toSignal(event, sentAt));
    },
  };
}

function toSignal(event: CloudEvent, sentAt: number): Signal {
  const common = {
    source: CLOUD_EVENTS,
    // The standard says: equal source and id are one event.
    dedupeKey: `cloudevents:${hash('sha256', JSON.stringify([event.source, event.id]), 'hex')}`,
    // An event without a time is dated to when it was sent, or to the epoch rather than guessed.
    occurredAt: new Date(event.time ?? (Number.isFinite(sentAt) ? sentAt : 0)),
  };
  const understood = readCDEvent(event, common);
  return understood ?? { ...common, type: 'event.received', event };
}

/** Senders with a token need no id of their own: the same bytes are the same delivery. */
function digest(headers: Delivery['headers'], body: Uint8Array): string {
  const attributes = Object.entries(headers)
    .filter(([name]) => name.startsWith('ce-'))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return hash(
    'sha256',
    Buffer.concat([Buffer.from(`${JSON.stringify(attributes)}\n`), body]),
    'hex',
  );
}
