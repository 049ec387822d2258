/** Jira as a source of signals: checks that a delivery is genuine and has it translated. */
import { hash } from 'node:crypto';
import { AppError } from '#kernel';
import { isSignedBy, type SignalSource } from '#connectors/contract';
import { JIRA, type JiraPlaces, toSignals } from './signals.ts';

/** @throws AppError `jira.missing_webhook_secret` when the secret is empty: anyone could sign then. */
export function createJiraSource(options: {
  /** Unset: only callers with a token of ours are genuine. */
  webhookSecret: string | undefined;
  places: JiraPlaces;
}): SignalSource {
  const { webhookSecret, places } = options;
  if (webhookSecret?.trim() === '') {
    throw new AppError('invalid', 'jira.missing_webhook_secret', {
      message: 'The webhook secret of Jira is empty.',
      hint: 'Set connectors.jira.webhookSecret to the secret of the webhook in Jira.',
    });
  }

  return {
    name: JIRA,

    verify({ headers, body }) {
      const given = headers['x-hub-signature'] ?? '';
      if (webhookSecret !== undefined && isSignedBy(webhookSecret, body, given)) return;
      throw new AppError('unauthenticated', 'jira.bad_signature', {
        message: 'The delivery is not signed with the configured webhook secret.',
        hint: 'Compare connectors.jira.webhookSecret with the webhook in Jira, or send a token of LoomStack.',
      });
    },

    deliveryId({ headers, body }) {
      const id = headers['x-atlassian-webhook-identifier'] ?? '';
      // Data Center names no delivery; it sends equal bytes when it tries again.
      return id !== '' && id.length <= 200 ? id : `sha256:${hash('sha256', body, 'hex')}`;
    },

    toSignals: ({ body }) => toSignals(body, places),
  };
}
