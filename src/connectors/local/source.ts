/**
 * The local forge as a source of signals. Its deliveries are signed and read like those of any host,
 * although they never leave the process: one way in, one set of rules.
 */
import { AppError, parseJson } from '#kernel';
import {
  type Delivery,
  isSignedBy,
  type Signal,
  signBody,
  type SignalSource,
} from '#connectors/contract';
import { Push, type PushedChange } from './push.ts';

export const LOCAL = 'local';

const SIGNATURE_HEADER = 'x-loom-signature-256';
const DELIVERY_HEADER = 'x-loom-delivery';
const EVENT_HEADER = 'x-loom-event';

/** @throws AppError `local.missing_webhook_secret` when the secret is empty: anyone could sign then. */
export function createLocalSource({ webhookSecret }: { webhookSecret: string }): SignalSource {
  if (webhookSecret.trim() === '') {
    throw new AppError('invalid', 'local.missing_webhook_secret', {
      message: 'The local forge has no webhook secret.',
      hint: 'Set forge.webhookSecret, or leave it out to have one made on first start.',
    });
  }

  return {
    name: LOCAL,

    verify(delivery) {
      if (isSignedBy(webhookSecret, delivery.body, delivery.headers[SIGNATURE_HEADER] ?? '')) {
        return;
      }
      throw new AppError('unauthenticated', 'local.bad_signature', {
        message: 'The delivery is not signed with the secret of the local forge.',
        hint: 'Compare forge.webhookSecret on both sides.',
      });
    },

    deliveryId(delivery) {
      const id = delivery.headers[DELIVERY_HEADER] ?? '';
      if (id !== '' && id.length <= 200) return id;
      throw new AppError('invalid', 'local.missing_delivery_id', {
        message: `The delivery has no usable ${DELIVERY_HEADER} header.`,
      });
    },

    toSignals(delivery) {
      if (delivery.headers[EVENT_HEADER] !== 'push') return [];
      const push = parseJson(Push, delivery.body, 'local.unreadable_delivery');
      return [pushSignal(push), ...push.changes.map((change) => changeSignal(push, change))];
    },
  };
}

/** A push as a signed delivery. The same push gives the same delivery, byte for byte. */
export function toDelivery(webhookSecret: string, push: Push): Delivery {
  const body = Buffer.from(JSON.stringify(push));
  return {
    headers: {
      'content-type': 'application/json',
      [SIGNATURE_HEADER]: signBody(webhookSecret, body),
      [DELIVERY_HEADER]: push.id,
      [EVENT_HEADER]: 'push',
    },
    body,
  };
}

function pushSignal(push: Push): Signal {
  return {
    type: 'branch.pushed',
    source: LOCAL,
    dedupeKey: `${LOCAL}:${push.id}:branch.pushed`,
    occurredAt: new Date(push.occurredAt),
    repository: push.repository,
    branch: push.branch,
    beforeSha: push.before,
    afterSha: push.after,
    isForced: push.isForced,
    pusher: push.pusher,
  };
}

function changeSignal(push: Push, { kind, key, change, isMerged, mergeSha }: PushedChange): Signal {
  const common = {
    source: LOCAL,
    dedupeKey: `${LOCAL}:${key}:change.${kind}`,
    occurredAt: new Date(push.occurredAt),
    change,
  };
  switch (kind) {
    case 'opened':
      return { type: 'change.opened', ...common };
    case 'updated':
      return { type: 'change.updated', ...common };
    case 'closed':
      return {
        type: 'change.closed',
        ...common,
        isMerged,
        ...(mergeSha === undefined ? {} : { mergeSha }),
      };
  }
}
