/** Signing as Standard Webhooks 1.0.0 has it (https://www.standardwebhooks.com), for what comes and what goes. */
import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/** The key of a secret: `whsec_` and base64, or any other text as it is. Empty when it has none. */
export function keyOfSecret(secret: string): Buffer {
  const text = secret.trim();
  return text.startsWith(PREFIX)
    ? Buffer.from(text.slice(PREFIX.length), 'base64')
    : Buffer.from(text);
}

/** The signature of a delivery as its header holds it. */
export function signDelivery(
  key: Uint8Array,
  { id, timestamp, body }: { id: string; timestamp: string; body: Uint8Array },
): string {
  const digest = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body);
  return `v1,${digest.digest('base64')}`;
}
