/** `/v1/context-packs` and `/v1/search`: what the organisation knows, with its sources. */
import { z } from 'zod';
import * as contextRoom from '#context';
import { idSchema, isId } from '#kernel';
import { ownSession } from '../../own-session.ts';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import { ContextPack, PackItem, PackPreview, repositoryName, SearchHit } from '../schemas.ts';

const packReference = z
  .string()
  .regex(/^(?:ctx_[0-9a-f]{32}|[0-9a-f]{64})$/, 'is neither the id of a pack nor a SHA-256')
  .meta({ description: 'Id of the pack, or the SHA-256 of its text.' });

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
      async handle({ body, actor, principal }) {
        if (body.sessionId !== undefined) await ownSession(services, principal, body.sessionId);
        return context.buildPack(body, actor);
      },
    }),
    route({
      method: 'post',
      path: '/v1/context-packs/preview',
      access: 'context:read',
      tag: 'context',
      summary: 'Preview a context pack',
      description:
        'What an agent would be told for a task, the reason of every item, and what was found and left out. Nothing is kept, and no session counts as told.',
      body: contextRoom.ContextRequest.omit({ sessionId: true }).strict(),
      bodyExample: { repository: 'acme/shop', title: 'Refuse empty orders', budgetTokens: 1_500 },
      answer: PackPreview,
      handle: ({ body, actor }) => context.previewPack(body, actor),
    }),
    route({
      method: 'get',
      path: '/v1/context-packs/{id}',
      access: 'context:read',
      tag: 'context',
      summary: 'Show a context pack',
      description:
        'What exactly a session was told, byte for byte; packs never change. Takes the id, or the SHA-256 of the text.',
      params: z.strictObject({ id: packReference }),
      answer: ContextPack,
      async handle({ params: { id }, actor }) {
        const reference = isId('ctx', id) ? id : { contentHash: id };
        const { body } = found(await context.readPack(reference, actor), 'context pack', id);
        // The very bytes that were handed out, not a new rendering of the same values.
        return new Response(body, {
          headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
        });
      },
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
      handle: ({ params: { id, itemId }, actor }) => context.expand(id, itemId, actor),
    }),
    route({
      method: 'get',
      path: '/v1/search',
      access: 'context:read',
      tag: 'context',
      summary: 'Search knowledge',
      description:
        'Files, documents, decisions and lessons by their words, and definitions of code by their names, best first.',
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
      handle: async ({ query: { q, repository, limit }, actor }) => ({
        items: await context.search({ text: q, repository, limit }, actor),
      }),
    }),
  ];
}
