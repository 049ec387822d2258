/** The signature of a delivery: HMAC-SHA256 over the raw body, as GitHub does it. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export function sign(secret: string, body: Uint8Array): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** Takes equally long for every wrong signature of the right length. */
export function isSignedWith(secret: string, body: Uint8Array, signature: string): boolean {
  const expected = Buffer.from(sign(secret, body));
  const received = Buffer.from(signature);
  // timingSafeEqual throws on unequal lengths, so the length is compared first.
  return received.length === expected.length && timingSafeEqual(received, expected);
}
