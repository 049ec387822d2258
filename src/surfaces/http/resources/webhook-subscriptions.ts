/** `/v1/webhook-subscriptions`: who is told of events over HTTP. */
import { z } from 'zod';
import { EventType, WebhookSubscription as Subscription } from '#orchestration';
import { idSchema } from '#kernel';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { named } from '../named.ts';
import { type Route, route } from '../route.ts';
import { listQuery, page } from '../schemas.ts';

const WebhookSubscription = named('WebhookSubscription', Subscription);
const params = z.strictObject({ id: idSchema('sub') });
const url = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .meta({
    description: 'A public https address.',
    example: 'https://hooks.example.com/loom',
  });
const eventTypes = z
  .array(EventType)
  .min(1)
  .max(50)
  .meta({
    description: 'Types, prefixes that end in a dot, or `*`.',
    example: ['change.', 'decision.made'],
  });
const description = z.string().max(500).optional();

export function subscriptionRoutes({ subscriptions }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/webhook-subscriptions',
      access: 'connections:read',
      tag: 'connections',
      summary: 'List webhook subscriptions',
      description: 'Who is told of which events, and whether it works. Never a secret.',
      query: listQuery({}),
      answer: page(WebhookSubscription),
      handle: ({ query }) => subscriptions.list(query),
    }),
    route({
      method: 'post',
      path: '/v1/webhook-subscriptions',
      access: 'connections:manage',
      tag: 'connections',
      summary: 'Subscribe to events',
      description:
        'From now on each event of these types is posted to the address, signed as Standard Webhooks has it. The secret is in this answer and in no other.',
      isSecret: true,
      body: z.strictObject({ url, eventTypes, description }),
      bodyExample: { url: 'https://hooks.example.com/loom', eventTypes: ['change.merged'] },
      status: 201,
      answer: z.object({ subscription: WebhookSubscription, secret: z.string() }),
      handle: ({ body, principal }) => subscriptions.create(body, principal),
    }),
    route({
      method: 'get',
      path: '/v1/webhook-subscriptions/{id}',
      access: 'connections:read',
      tag: 'connections',
      summary: 'Show a webhook subscription',
      description: 'One subscription, and how its deliveries fare.',
      params,
      answer: WebhookSubscription,
      handle: async ({ params: { id } }) =>
        found(await subscriptions.find(id), 'webhook subscription', id),
    }),
    route({
      method: 'post',
      path: '/v1/webhook-subscriptions/{id}',
      access: 'connections:manage',
      tag: 'connections',
      summary: 'Change a webhook subscription',
      description:
        'Changes what is given. `paused` tells it nothing until it is `active` again; what happened meanwhile is not told later.',
      params,
      body: z.strictObject({
        url: url.optional(),
        eventTypes: eventTypes.optional(),
        description,
        state: Subscription.shape.state.optional(),
      }),
      bodyExample: { state: 'paused' },
      answer: WebhookSubscription,
      handle: ({ params: { id }, body, principal }) => subscriptions.update(id, body, principal),
    }),
    route({
      method: 'delete',
      path: '/v1/webhook-subscriptions/{id}',
      access: 'connections:manage',
      tag: 'connections',
      summary: 'Remove a webhook subscription',
      description: 'Nothing more is told to it.',
      params,
      answer: null,
      handle: ({ params: { id }, principal }) => subscriptions.remove(id, principal),
    }),
    route({
      method: 'post',
      path: '/v1/webhook-subscriptions/{id}/secrets',
      access: 'connections:manage',
      tag: 'connections',
      summary: 'Renew the secret of a subscription',
      description: 'For a day deliveries carry the signature of the old secret too.',
      isSecret: true,
      params,
      body: z.strictObject({}),
      bodyExample: {},
      answer: z.object({ secret: z.string() }),
      handle: ({ params: { id }, principal }) => subscriptions.renewSecret(id, principal),
    }),
  ];
}
