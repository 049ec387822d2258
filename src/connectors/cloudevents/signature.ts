/**
 * Standard Webhooks signatures (https://www.standardwebhooks.com, version 1.0.0): HMAC-SHA256 over
 * `id.timestamp.body` in base64, after `v1,`. A header may hold several, while a secret is changed.
 */
import { timingSafeEqual } from 'node:crypto';
import { AppError } from '#kernel';
import { type Delivery, signDelivery } from '#connectors/contract';

/** How far the sender's time may be from ours, either way. */
const TOLERANCE_MS = 5 * 60_000;
const MAX_SIGNATURES = 20;

/** @throws AppError `cloudevents.bad_signature` or `cloudevents.stale_delivery`. Constant time. */
export function verifyDelivery(key: Uint8Array, { headers, body }: Delivery, now: Date): void {
  const id = headers['webhook-id'] ?? '';
  const timestamp = headers['webhook-timestamp'] ?? '';
  const given = (headers['webhook-signature'] ?? '').split(' ', MAX_SIGNATURES);
  const wanted = Buffer.from(signDelivery(key, { id, timestamp, body }));
  const isGenuine = given.some((signature) => {
    const bytes = Buffer.from(signature);
    // timingSafeEqual throws on unequal lengths, so the length is compared first.
    return bytes.length === wanted.length && timingSafeEqual(bytes, wanted);
  });
  if (!isGenuine || id === '') {
    throw new AppError('unauthenticated', 'cloudevents.bad_signature', {
      message: 'The delivery is not signed with the configured webhook secret.',
      hint: 'Sign as Standard Webhooks does, with cloudevents.webhookSecret, or send a bearer token.',
    });
  }
  // After the signature: an unsigned time says nothing.
  const sentAt = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) * 1_000 : Number.NaN;
  if (!(Math.abs(now.getTime() - sentAt) <= TOLERANCE_MS)) {
    throw new AppError('unauthenticated', 'cloudevents.stale_delivery', {
      message: 'The delivery was signed more than five minutes ago, or in the future.',
      hint: 'Sign each attempt anew, and check the clocks of both sides.',
    });
  }
}
