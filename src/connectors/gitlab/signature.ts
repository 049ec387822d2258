/**
 * How GitLab proves itself: a signature over the body where the webhook has a signing token (Standard
 * Webhooks), else the secret itself in a header, which covers nothing and is better than nothing.
 */
import { createHmac } from 'node:crypto';
import { type Delivery, isEqualSecret } from '#connectors/contract';

/** A signature is believed for so long, and so far ahead of our clock. */
const WINDOW_MS = 5 * 60_000;

export function isGenuine(secret: string, { headers, body }: Delivery, now: Date): boolean {
  const signatures = headers['webhook-signature'];
  if (signatures === undefined) {
    const shown = headers['x-gitlab-token'] ?? '';
    return shown !== '' && isEqualSecret(secret, shown);
  }
  const id = headers['webhook-id'] ?? '';
  const at = headers['webhook-timestamp'] ?? '';
  if (id === '' || !/^\d{1,12}$/.test(at)) return false;
  if (Math.abs(now.getTime() - Number(at) * 1_000) > WINDOW_MS) return false;
  const expected = signDelivery(secret, { id, at, body });
  return signatures.split(' ').some((one) => isEqualSecret(expected, one));
}

/** `v1,` and the HMAC-SHA256 over id, time and raw body, in base64. */
export function signDelivery(
  secret: string,
  { id, at, body }: { id: string; at: string; body: Uint8Array },
): string {
  const key = secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret);
  return `v1,${createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest('base64')}`;
}
