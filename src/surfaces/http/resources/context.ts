/** `/v1/context-packs`, `/v1/search`, `/v1/lessons`: what the organisation knows, with its sources. */
import { z } from 'zod';
import * as contextRoom from '#context';
import { idSchema } from '#kernel';
import { ownSession } from '../../own-session.ts';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import { ContextPack, PackItem, repositoryName, SearchHit } from '../schemas.ts';

export function contextRoutes(services: Services): Route[] {
  const { context } = services;
  return [
    route({
      method: 'post',
      path: '/v1/context-packs',
      access: 'context:read',
      tag: 'context',
      summary: 'Make a context pack',
      description:
        'The files, decisions, rules and people that matter for a task, each with source and age, in at most the tokens asked for.',
      body: contextRoom.ContextRequest.strict(),
      bodyExample: { repository: 'acme/shop', title: 'Refuse empty orders', budgetTokens: 4_000 },
      status: 201,
      answer: ContextPack,
      handle: ({ body, actor }) => context.buildPack(body, actor),
    }),
    route({
      method: 'get',
      path: '/v1/context-packs/{id}',
      access: 'context:read',
      tag: 'context',
      summary: 'Show a context pack',
      description: 'What exactly a session was told; packs never change.',
      params: z.strictObject({ id: idSchema('ctx') }),
      answer: ContextPack,
      handle: async ({ params: { id } }) => found(await context.findPack(id), 'context pack', id),
    }),
    route({
      method: 'get',
      path: '/v1/context-packs/{id}/items/{itemId}',
      access: 'context:read',
      tag: 'context',
      summary: 'Expand an item',
      description: 'More of one item of a pack: the whole section, the outline, the record.',
      params: z.strictObject({
        id: idSchema('ctx'),
        itemId: z.string().min(1).max(200).meta({ description: 'Id of the item.', example: 'i1' }),
      }),
      answer: z.object({ item: PackItem, text: z.string() }),
      handle: ({ params: { id, itemId } }) => context.expand(id, itemId),
    }),
    route({
      method: 'get',
      path: '/v1/search',
      access: 'context:read',
      tag: 'context',
      summary: 'Search knowledge',
      description: 'Files, documents, decisions and lessons by their words, best first.',
      query: z.strictObject({
        q: z
          .string()
          .min(1)
          .max(500)
          .meta({ description: 'Words to look for.', example: 'orders' }),
        repository: repositoryName.optional(),
        limit: z.coerce
          .number()
          .int()
          .min(1)
          .max(50)
          .default(10)
          .meta({ description: 'Most hits.' }),
      }),
      answer: z.object({ items: z.array(SearchHit) }),
      handle: async ({ query: { q, repository, limit } }) => ({
        items: await context.search({ text: q, repository, limit }),
      }),
    }),
    route({
      method: 'post',
      path: '/v1/lessons',
      access: 'context:record',
      tag: 'context',
      summary: 'Record a lesson',
      description: 'Keeps something learnt for later packs of the repository.',
      body: z.strictObject({
        repository: repositoryName,
        text: z.string().min(1).max(2_000),
        paths: z.array(z.string().max(1_000)).max(50).optional(),
        sessionId: idSchema('ses').optional(),
      }),
      bodyExample: {
        repository: 'acme/shop',
        text: 'Money is in cents everywhere; floats break the invoices.',
        paths: ['src/orders/'],
      },
      status: 201,
      answer: z.object({ id: z.string() }),
      async handle({ body, actor, principal }) {
        if (body.sessionId !== undefined) await ownSession(services, principal, body.sessionId);
        return context.recordLesson(body, actor);
      },
    }),
  ];
}
