/**
 * Goal: deliveries of the local forge are judged as strictly as those of a stranger.
 * Method: the suite all sources share, with deliveries as the forge makes them.
 */
import { describeSignalSource } from '../contract/conformance.ts';
import { type Delivery, signBody } from '#connectors/contract';
import type { Push } from './push.ts';
import { createLocalSource, toDelivery } from './source.ts';

function push(id: string, headSha: string, title = 'Add a total'): Push {
  return {
    id,
    repository: 'acme/shop',
    branch: 'agent/total',
    before: null,
    after: headSha,
    isForced: false,
    occurredAt: '2026-01-05T09:00:00.000Z',
    pusher: { login: 'ada' },
    changes: [
      {
        kind: 'opened',
        key: id,
        isMerged: false,
        change: {
          repository: 'acme/shop',
          branch: 'agent/total',
          baseBranch: 'main',
          headSha,
          title,
          text: '',
          author: {},
          isDraft: false,
        },
      },
    ],
  };
}

function unsigned(delivery: Delivery): Delivery {
  return { ...delivery, headers: { ...delivery.headers, 'x-loom-signature-256': undefined } };
}

const first = unsigned(toDelivery('any', push('d1', '1'.repeat(40))));

describeSignalSource({
  name: 'the local forge',
  create: createLocalSource,
  sign: (delivery, secret) => ({
    ...delivery,
    headers: { ...delivery.headers, 'x-loom-signature-256': signBody(secret, delivery.body) },
  }),
  signatureHeader: 'x-loom-signature-256',
  eventHeader: 'x-loom-event',
  firstPush: first,
  secondPush: unsigned(toDelivery('any', push('d2', '2'.repeat(40)))),
  redelivered: { ...first },
  withTitle: (title) => unsigned(toDelivery('any', push('d1', '1'.repeat(40), title))),
});
