/**
 * Slack's request signatures, version 0: HMAC-SHA256 over `v0:timestamp:body`, at most five minutes old.
 * https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
import { createHmac } from 'node:crypto';
import { AppError } from '#kernel';
import { type Delivery, isEqualSecret } from '#connectors/contract';

const TOLERANCE_MS = 5 * 60_000;

export function signSlack(secret: string, timestamp: string, body: Uint8Array): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`;
}

/** @throws AppError `slack.bad_signature` or `slack.stale_delivery`. Constant time. */
export function verifySlack(secret: string, { headers, body }: Delivery, now: Date): void {
  const timestamp = headers['x-slack-request-timestamp'] ?? '';
  const given = headers['x-slack-signature'] ?? '';
  if (!isEqualSecret(signSlack(secret, timestamp, body), given)) {
    throw new AppError('unauthenticated', 'slack.bad_signature', {
      message: "The request is not signed with the app's signing secret.",
      hint: 'Compare connectors.slack.signingSecret with Basic Information of the Slack app.',
    });
  }
  // After the signature: an unsigned time says nothing.
  const sentAt = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) * 1_000 : Number.NaN;
  if (!(Math.abs(now.getTime() - sentAt) <= TOLERANCE_MS)) {
    throw new AppError('unauthenticated', 'slack.stale_delivery', {
      message: 'The request was signed more than five minutes ago, or in the future.',
      hint: 'Check the clock of this machine.',
    });
  }
}
