/** Slack as a sender: checks that a request is genuine. What it asks for is answered by the app. */
import { hash } from 'node:crypto';
import { AppError, type Clock } from '#kernel';
import type { SignalSource } from '#connectors/contract';
import { readDelivery } from './deliveries.ts';
import { verifySlack } from './signature.ts';

export const SLACK = 'slack';

/** @throws AppError `slack.missing_signing_secret` when the secret is empty: anyone could sign then. */
export function createSlackSource(options: {
  /** Undefined with Socket Mode alone: then no request is genuine. */
  signingSecret: string | undefined;
  clock: Clock;
}): SignalSource {
  const { signingSecret, clock } = options;
  if (signingSecret?.trim() === '') {
    throw new AppError('invalid', 'slack.missing_signing_secret', {
      message: 'The signing secret of the Slack app is empty.',
      hint: 'Set connectors.slack.signingSecret; Socket Mode needs none.',
    });
  }

  return {
    name: SLACK,

    verify(delivery) {
      if (signingSecret !== undefined) {
        verifySlack(signingSecret, delivery, clock.now());
        return;
      }
      throw new AppError('unauthenticated', 'slack.bad_signature', {
        message: 'No signing secret is set, so no request can be checked.',
        hint: 'Set connectors.slack.signingSecret, or use Socket Mode alone.',
      });
    },

    deliveryId(delivery) {
      const told = readDelivery(delivery);
      return told.kind === 'message'
        ? told.eventId
        : `sha256:${hash('sha256', delivery.body, 'hex')}`;
    },

    // Clicks and commands are answered at once; messages are knowledge. None of them is work by itself.
    toSignals(delivery) {
      readDelivery(delivery);
      return [];
    },
  };
}
