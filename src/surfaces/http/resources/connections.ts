/** `/v1/connections`: the outside systems, how each fares, and what may be done with it. */
import { z } from 'zod';
import type { Services } from '../../services.ts';
import { named } from '../named.ts';
import { type Route, route } from '../route.ts';
import { Connection } from '../schemas.ts';

const params = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9-]{1,50}$/, 'has lower-case letters, digits and dashes only')
    .meta({ description: 'Name of the connector.', example: 'github' }),
});

const TestAnswer = named(
  'ConnectionTest',
  z.object({
    isWorking: z.boolean(),
    /** As whom we are known there. */
    account: z.string(),
    findings: z.array(
      z.object({
        level: z.enum(['ok', 'warning', 'problem']),
        text: z.string(),
        hint: z.string().optional(),
      }),
    ),
  }),
);

export function connectionRoutes({ connections }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/connections',
      access: 'connections:read',
      tag: 'connections',
      summary: 'List connections',
      description:
        'Every connector there is, set up or not: its state, last event, last error, rate budget and what it took in. Secrets are shown as set or not.',
      answer: z.object({ items: z.array(Connection) }),
      handle: async () => ({ items: await connections.list() }),
    }),
    route({
      method: 'get',
      path: '/v1/connections/{name}',
      access: 'connections:read',
      tag: 'connections',
      summary: 'Show a connection',
      description: 'One connection by the name of its connector.',
      params,
      answer: Connection,
      handle: ({ params: { name } }) => connections.read(name),
    }),
    route({
      method: 'post',
      path: '/v1/connections/{name}/settings',
      access: 'connections:manage',
      tag: 'connections',
      summary: 'Set a connection up',
      description:
        'Gives the settings of a connector by their paths, all of them at once: what was given before is forgotten, secrets too, so that none is ever sent to an address somebody else gave. In force at once, and kept in the data folder of this server. Refused where loom.yaml or the environment sets the connector up.',
      params,
      body: z.strictObject({
        values: z
          .record(z.string().max(100), z.string().trim().min(1).max(4_000))
          .refine((values) => Object.keys(values).length <= 30, 'has at most 30 settings'),
      }),
      bodyExample: {
        values: {
          'connectors.confluence.url': 'https://acme.atlassian.net',
          'connectors.confluence.spaces': 'ENG',
        },
      },
      answer: Connection,
      handle: ({ params: { name }, body, actor }) => connections.setUp(name, body.values, actor),
    }),
    route({
      method: 'delete',
      path: '/v1/connections/{name}/settings',
      access: 'connections:manage',
      tag: 'connections',
      summary: 'Take a connection down',
      description:
        'Forgets the settings that were given by the API. What was read from the system stays.',
      params,
      answer: Connection,
      handle: ({ params: { name }, actor }) => connections.setUp(name, undefined, actor),
    }),
    route({
      method: 'post',
      path: '/v1/connections/{name}/test',
      access: 'connections:manage',
      tag: 'connections',
      summary: 'Test a connection',
      description:
        'Asks the outside system who we are there and what we may do. A refusal is a finding in the answer.',
      params,
      answer: TestAnswer,
      handle: ({ params: { name } }) => connections.test(name),
    }),
    route({
      method: 'post',
      path: '/v1/connections/{name}/pause',
      access: 'connections:manage',
      tag: 'connections',
      summary: 'Pause a connection',
      description:
        'Stops sweeps of the system and everything we would write to it; that waits until it is resumed. Its webhooks are still kept. Pausing again changes nothing.',
      params,
      body: z.strictObject({ reason: z.string().trim().min(1).max(500).optional() }),
      bodyExample: { reason: 'migration of the issue tracker' },
      answer: Connection,
      handle: ({ params: { name }, body, actor }) =>
        connections.pause(name, body.reason ?? null, actor),
    }),
    route({
      method: 'post',
      path: '/v1/connections/{name}/resume',
      access: 'connections:manage',
      tag: 'connections',
      summary: 'Resume a connection',
      description: 'Ends a pause. Sweeps catch up, and what waited is written.',
      params,
      answer: Connection,
      handle: ({ params: { name }, actor }) => connections.resume(name, actor),
    }),
    route({
      method: 'post',
      path: '/v1/connections/{name}/rotate-secret',
      access: 'connections:manage',
      tag: 'connections',
      summary: 'Renew the webhook secret',
      description:
        'Makes a new secret where the secret is ours, tells the other system where it can be told, and shows it once. The old one counts until `acceptedUntil`.',
      params,
      answer: z.object({ secret: z.string(), acceptedUntil: z.date() }),
      isSecret: true,
      handle: ({ params: { name }, actor }) => connections.rotateSecret(name, actor),
    }),
  ];
}
