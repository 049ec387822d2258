/** `/v1/stream`: the ledger as it grows, as server-sent events. */
import { z } from 'zod';
import type { LedgerEvent } from '#ledger';
import type { Services } from '../../services.ts';
import { type Route, route } from '../route.ts';
import * as schemas from '../schemas.ts';
import { visibleTo } from '../visible-events.ts';

const HEARTBEAT_MS = 15_000;
/** Browsers come back after so long when the connection broke. */
const RETRY_MS = 2_000;

export function streamRoutes({ ledger, governance }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/stream',
      access: ['audit:read', 'changes:read'],
      tag: 'audit',
      summary: 'Follow the ledger',
      description:
        'Server-sent events named `ledger`; the id is the index in the log, so a client that comes back with `Last-Event-ID` misses nothing. Shows what the caller may read.',
      query: z.strictObject({
        after: z.coerce.number().int().min(-1).optional().meta({
          description: 'Index after which to start; -1 is the very beginning, none is now.',
          example: -1,
        }),
      }),
      answer: schemas.LedgerEvent,
      contentType: 'text/event-stream',
      async handle({ query, principal, context }) {
        const last = Number.parseInt(context.req.header('last-event-id') ?? '', 10);
        // A head read now, and not when the first event is pulled, so that nothing slips in between.
        const after = Number.isNaN(last) ? (query.after ?? (await ledger.head())) : last;
        const stop = new AbortController();
        const events = ledger.tail({ after, signal: stop.signal });
        context.req.raw.signal.addEventListener('abort', () => stop.abort(), { once: true });
        return new Response(toEventStream(events, visibleTo(governance, principal), stop), {
          headers: {
            'content-type': 'text/event-stream',
            'cache-control': 'no-store',
            // Proxies that collect answers would hold the events back.
            'x-accel-buffering': 'no',
          },
        });
      },
    }),
  ];
}

/** Pulled by the client, so a slow one holds back its own reading and nothing piles up. */
export function toEventStream(
  events: AsyncIterable<LedgerEvent>,
  isVisible: (event: LedgerEvent) => boolean,
  stop: AbortController,
  heartbeatMs = HEARTBEAT_MS,
): ReadableStream<Uint8Array> {
  const iterator = events[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<LedgerEvent>> | undefined;

  return new ReadableStream(
    {
      start(controller) {
        controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
      },
      async pull(controller) {
        next ??= iterator.next();
        const result = await orHeartbeat(next, heartbeatMs);
        if (result === 'heartbeat') return controller.enqueue(encoder.encode(': still here\n\n'));
        next = undefined;
        if (result.done === true) return controller.close();
        const event = result.value;
        // Even a hidden event moves the client's position on, so that it does not come again.
        const text = isVisible(event)
          ? `event: ledger\nid: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`
          : `id: ${event.seq}\n\n`;
        controller.enqueue(encoder.encode(text));
      },
      cancel() {
        stop.abort();
        next?.catch(() => {});
        void iterator.return?.();
      },
    },
    { highWaterMark: 1 },
  );
}

async function orHeartbeat<Value>(
  value: Promise<Value>,
  heartbeatMs: number,
): Promise<Value | 'heartbeat'> {
  let timer: NodeJS.Timeout | undefined;
  const heartbeat = new Promise<'heartbeat'>((resolve) => {
    timer = setTimeout(() => resolve('heartbeat'), heartbeatMs);
  });
  try {
    return await Promise.race([value, heartbeat]);
  } finally {
    clearTimeout(timer);
  }
}
