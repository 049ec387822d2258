/** Linear as a source of signals: checks that a delivery is genuine and recent, and has it translated. */
import { createHmac } from 'node:crypto';
import { AppError, type Clock, parseJson } from '#kernel';
import { type Delivery, isEqualSecret, type SignalSource } from '#connectors/contract';
import { z } from 'zod';
import { LINEAR, type LinearPlaces, toSignals, UNREADABLE } from './signals.ts';

/** Linear advises a minute; retries and clocks are given five. */
const TOLERANCE_MS = 5 * 60_000;
const Timed = z.looseObject({ webhookTimestamp: z.number() });

export function signLinear(secret: string, body: Uint8Array): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** @throws AppError `linear.missing_webhook_secret` when the secret is empty: anyone could sign then. */
export function createLinearSource(options: {
  webhookSecret: string;
  places: LinearPlaces;
  clock: Clock;
}): SignalSource {
  const { webhookSecret, places, clock } = options;
  if (webhookSecret.trim() === '') {
    throw new AppError('invalid', 'linear.missing_webhook_secret', {
      message: 'The webhook secret of Linear is empty.',
      hint: 'Set connectors.linear.webhookSecret to the signing secret of the webhook.',
    });
  }

  return {
    name: LINEAR,

    verify(delivery) {
      const given = delivery.headers['linear-signature'] ?? '';
      if (!isEqualSecret(signLinear(webhookSecret, delivery.body), given)) {
        throw new AppError('unauthenticated', 'linear.bad_signature', {
          message: 'The delivery is not signed with the configured webhook secret.',
          hint: 'Compare connectors.linear.webhookSecret with the signing secret in Linear.',
        });
      }
      // The time is part of what is signed.
      const sentAt = sentAtOf(delivery);
      if (!(Math.abs(clock.now().getTime() - sentAt) <= TOLERANCE_MS)) {
        throw new AppError('unauthenticated', 'linear.stale_delivery', {
          message: 'The delivery was sent more than five minutes ago, or in the future.',
          hint: 'Check the clock of this machine; what was missed is read by the sweep.',
        });
      }
    },

    deliveryId({ headers }) {
      const id = headers['linear-delivery'] ?? '';
      if (id !== '' && id.length <= 200) return id;
      throw new AppError('invalid', 'linear.missing_delivery_id', {
        message: 'The delivery has no usable Linear-Delivery header.',
        hint: 'Deliver straight from Linear, or have the proxy pass this header on.',
      });
    },

    toSignals: ({ body }) => toSignals(parseJson(z.unknown(), body, UNREADABLE), places),
  };
}

function sentAtOf({ body }: Delivery): number {
  try {
    return parseJson(Timed, body, UNREADABLE).webhookTimestamp;
  } catch {
    // A genuine delivery without a time is no delivery of Linear.
    return Number.NaN;
  }
}
