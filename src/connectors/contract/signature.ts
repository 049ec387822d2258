/** HMAC-SHA256 over the raw body of a delivery, written as GitHub writes it. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export function signBody(secret: string, body: Uint8Array): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** Takes equally long for every wrong signature of the right length. */
export function isSignedBy(secret: string, body: Uint8Array, signature: string): boolean {
  const expected = Buffer.from(signBody(secret, body));
  const received = Buffer.from(signature);
  // timingSafeEqual throws on unequal lengths, so the length is compared first.
  return received.length === expected.length && timingSafeEqual(received, expected);
}
