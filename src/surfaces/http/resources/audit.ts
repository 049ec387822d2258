/** `/v1/events` and `/v1/audit`: what happened, and the proof that nobody rewrote it. */
import { z } from 'zod';
import { AppError, idSchema } from '#kernel';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import { AuditVerification, Checkpoint, LedgerEvent, listQuery, page } from '../schemas.ts';

const text = z.string().min(1).max(300).optional();

export function auditRoutes({ ledger, audit }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/events',
      access: 'audit:read',
      tag: 'audit',
      summary: 'List events',
      description:
        'Facts of the ledger by what they are about, who did it, or the thread they belong to.',
      query: listQuery({
        type: text.meta({
          description: 'Exact type, or a prefix ending in a dot.',
          example: 'change.',
        }),
        subject: text,
        ref: text.meta({ description: 'Named in any of its refs, or its subject.' }),
        correlationId: text.meta({ description: 'One thread of work, from signal to outcome.' }),
        actorId: text,
        order: z.enum(['newest', 'oldest']).default('newest'),
      }),
      answer: page(LedgerEvent),
      handle: ({ query }) => ledger.list(query),
    }),
    route({
      method: 'get',
      path: '/v1/events/{id}',
      access: 'audit:read',
      tag: 'audit',
      summary: 'Show an event',
      description: 'One fact of the ledger.',
      params: z.strictObject({ id: idSchema('evt') }),
      answer: LedgerEvent,
      handle: async ({ params: { id } }) => found(await ledger.find(id), 'event', id),
    }),
    route({
      method: 'get',
      path: '/v1/audit/checkpoint',
      access: 'audit:read',
      tag: 'audit',
      summary: 'Newest checkpoint',
      description:
        'The signed head of the transparency log. Pin it elsewhere to catch a rewritten log.',
      answer: Checkpoint,
      async handle() {
        const checkpoint = await audit.checkpoint();
        if (checkpoint !== undefined) return checkpoint;
        throw new AppError('not_found', 'http.no_checkpoint', {
          message: 'The log has no checkpoint yet.',
          hint: 'The first one is made within a second of the first event.',
        });
      },
    }),
    route({
      method: 'post',
      path: '/v1/audit/verify',
      access: 'audit:read',
      tag: 'audit',
      summary: 'Verify the log in the database',
      description: 'Recomputes every hash and compares; names the first bad entry.',
      answer: AuditVerification,
      handle: () => audit.verify(),
    }),
    route({
      method: 'get',
      path: '/v1/audit/export',
      access: 'audit:export',
      tag: 'audit',
      summary: 'Export the log',
      description:
        'Files of the log as lines of JSON: `path`, `data` in base64, and `append` when the file goes on. `loom audit export` writes them to a folder.',
      answer: z.object({ path: z.string(), data: z.string(), append: z.boolean() }),
      contentType: 'application/x-ndjson',
      handle: async () =>
        new Response(toLines(audit.exportFiles()), {
          headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' },
        }),
    }),
  ];
}

/** Pulled by the reader, so a slow one holds back the reading of the database. */
function toLines(
  files: AsyncIterable<{ path: string; data: Uint8Array; append: boolean }>,
): ReadableStream<Uint8Array> {
  const iterator = files[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) return controller.close();
      const line = { ...value, data: Buffer.from(value.data).toString('base64') };
      controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
