/** `/v1/events` and `/v1/audit`: what happened, and the proof that nobody rewrote it. */
import { z } from 'zod';
import { AppError, idSchema } from '#kernel';
import type { ExportPart } from '#ledger';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { named } from '../named.ts';
import { type Route, route } from '../route.ts';
import { LedgerEvent, listQuery, page } from '../schemas.ts';

const text = z.string().min(1).max(300).optional();

const Checkpoint = named(
  'Checkpoint',
  z.object({
    size: z.int().nonnegative().meta({ description: 'Entries it covers.' }),
    root: z.string().meta({ description: 'Root hash of the tree, base64.' }),
    note: z.string().meta({ description: 'The signed note, as verifiers read it.' }),
    signedAt: z.date(),
    vkey: z.string().meta({ description: 'Key with which to verify the note.' }),
  }),
);

const VerifyProblem = z.object({
  index: z.int().nullable(),
  eventId: z.string().nullable(),
  what: z.string(),
});
const VerifyReport = named(
  'VerifyReport',
  z.object({
    isValid: z.boolean(),
    firstBad: VerifyProblem.nullable(),
    problems: z.array(VerifyProblem),
    checked: z.object({
      entries: z.int(),
      payloads: z.int(),
      redacted: z.int(),
      tiles: z.int(),
      checkpoints: z.int(),
      proofs: z.int(),
    }),
    checkpoint: z
      .object({ origin: z.string(), size: z.int(), root: z.string(), note: z.string() })
      .nullable(),
    trust: z.object({ key: z.enum(['given', 'found']), isPinned: z.boolean() }),
  }),
);

export function auditRoutes({ ledger, transparencyLog }: Services): Route[] {
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
        const checkpoint = await transparencyLog.checkpoint();
        if (checkpoint !== undefined) return checkpoint;
        throw new AppError('not_found', 'http.no_checkpoint', {
          message: 'The log has no checkpoint yet.',
          hint: 'The first one is made within a second of the first event.',
        });
      },
    }),
    route({
      method: 'get',
      path: '/v1/audit/proofs/{seq}',
      access: 'audit:read',
      tag: 'audit',
      summary: 'Prove that an entry is in the log',
      description:
        'The hashes that lead from the entry to the newest checkpoint, also as one file for verifiers.',
      params: z.strictObject({
        seq: z.coerce
          .number()
          .int()
          .nonnegative()
          .meta({ description: 'Index of the entry.', example: 0 }),
      }),
      answer: z.object({
        seq: z.int(),
        size: z.int(),
        hashes: z.array(z.string()),
        file: z.string(),
      }),
      handle: ({ params: { seq } }) => transparencyLog.inclusionProof(seq),
    }),
    route({
      method: 'post',
      path: '/v1/audit/verify',
      access: 'audit:read',
      tag: 'audit',
      summary: 'Verify the log in the database',
      description: 'Recomputes every hash and compares; names the first bad entry.',
      body: z.strictObject({
        pinned: z.string().max(10_000).optional().meta({
          description: 'A checkpoint kept elsewhere, which the log must extend.',
        }),
      }),
      bodyExample: {},
      answer: VerifyReport,
      handle: ({ body }) => transparencyLog.verifyDatabase(body),
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
      async handle() {
        const files = transparencyLog.exportFiles()[Symbol.asyncIterator]();
        // The first part is read before the answer starts: afterwards no failure can be told.
        const first = await files.next();
        return new Response(toLines(first, files), {
          headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' },
        });
      },
    }),
  ];
}

/** Pulled by the reader, so a slow one holds back the reading of the database. */
function toLines(
  first: IteratorResult<ExportPart>,
  files: AsyncIterator<ExportPart>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<ExportPart>> = Promise.resolve(first);
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await next;
      if (done === true) return controller.close();
      const line = { ...value, data: Buffer.from(value.data).toString('base64') };
      controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`));
      next = files.next();
    },
    async cancel() {
      await files.return?.();
    },
  });
}
