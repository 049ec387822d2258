/**
 * The ways in which monitoring systems prove who they are. All compare in constant time, over the raw
 * bytes, before anything is parsed.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { Delivery } from '#connectors/contract';

export interface Proof {
  /** What the sender is given: shown in hints. */
  readonly kind: 'signature' | 'token';
  isGenuine(secret: string, delivery: Delivery): boolean;
}

/** HMAC-SHA256 in hex after a prefix; a header may hold several, with commas between them. */
export function signedBy(
  header: string,
  options: {
    prefix?: string;
    /** What is signed, unless it is the body alone. */
    content?: (delivery: Delivery) => (string | Uint8Array)[];
  } = {},
): Proof {
  const { prefix = '', content = ({ body }) => [body] } = options;
  return {
    kind: 'signature',
    isGenuine(secret, delivery) {
      const digest = createHmac('sha256', secret);
      for (const part of content(delivery)) digest.update(part);
      const wanted = `${prefix}${digest.digest('hex')}`;
      const given = (delivery.headers[header] ?? '').split(',', MAX_SIGNATURES);
      return given.some((signature) => isEqual(wanted, signature.trim()));
    },
  };
}

const MAX_SIGNATURES = 20;

/** `Authorization: Bearer TOKEN`, or TOKEN as the password of basic authentication. */
export const bearer: Proof = {
  kind: 'token',
  isGenuine(secret, { headers }) {
    const given = tokenOf(headers['authorization'] ?? '');
    // Digests have one length, so that nothing is told of the secret's.
    return given !== undefined && isEqual(digestOf(secret), digestOf(given));
  },
};

/** The token of an Authorization header; undefined when it holds none. */
export function tokenOf(header: string): string | undefined {
  const [, scheme = '', value = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return value;
  const pair = Buffer.from(value, 'base64').toString();
  const at = pair.indexOf(':');
  return at < 0 ? undefined : pair.slice(at + 1);
}

function digestOf(text: string): string {
  return hash('sha256', text, 'hex');
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
