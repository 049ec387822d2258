/** GitLab as a source of signals: checks that a delivery is genuine and has it translated. Pure. */
import { AppError, type Clock, parseJson } from '#kernel';
import { z } from 'zod';
import type { SignalSource } from '#connectors/contract';
import { GITLAB, UNREADABLE } from './naming.ts';
import { isGenuine } from './signature.ts';
import { TRANSLATIONS } from './signals.ts';

const OfProject = z.object({ project: z.object({ id: z.int() }).nullish() }).catch({});

/** @throws AppError `gitlab.missing_webhook_secret` when the secret is empty: anyone could sign then. */
export function createGitLabSource({
  webhookSecret,
  clock,
}: {
  webhookSecret: string;
  clock: Clock;
}): SignalSource {
  if (webhookSecret.trim() === '') {
    throw new AppError('invalid', 'gitlab.missing_webhook_secret', {
      message: 'The webhook secret of GitLab is empty.',
      hint: 'Set gitlab.webhookSecret, or leave it out to have one made.',
    });
  }
  return {
    name: GITLAB,

    verify(delivery) {
      if (isGenuine(webhookSecret, delivery, clock.now())) return;
      throw new AppError('unauthenticated', 'gitlab.bad_signature', {
        message:
          'The delivery proves nothing: its token or signature is missing, wrong or too old.',
        hint: 'Compare the secret token of the webhook with gitlab.webhookSecret; check the clocks.',
      });
    },

    deliveryId({ headers }) {
      const id =
        headers['webhook-id'] ?? headers['idempotency-key'] ?? headers['x-gitlab-event-uuid'] ?? '';
      if (id !== '' && id.length <= 200) return id;
      throw new AppError('invalid', 'gitlab.missing_delivery_id', {
        message: 'The delivery has no usable id in its headers.',
        hint: 'Deliver straight from GitLab 14.8 or newer, or have the proxy pass its headers on.',
      });
    },

    toSignals({ headers, body }) {
      const signals = TRANSLATIONS.get(headers['x-gitlab-event'] ?? '')?.(body) ?? [];
      const id =
        signals.length === 0 ? undefined : parseJson(OfProject, body, UNREADABLE).project?.id;
      if (id === undefined) return signals;
      // A rename is told to administrators only; this number outlives it.
      return signals.map((signal) => ({ ...signal, repositoryKey: String(id) }));
    },
  };
}
