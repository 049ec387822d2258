/** HMAC-SHA256 over the raw body of a delivery, written as GitHub writes it. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export function signBody(secret: string, body: Uint8Array): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** Takes equally long for every wrong signature of the right length. */
export function isSignedBy(secret: string, body: Uint8Array, signature: string): boolean {
  return isEqualSecret(signBody(secret, body), signature);
}

/** Compares what was received with what is expected, in a time that tells nothing but the length. */
export function isEqualSecret(expected: string, received: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(received)];
  // timingSafeEqual throws on unequal lengths, so the length is compared first.
  return one.length === other.length && timingSafeEqual(one, other);
}
