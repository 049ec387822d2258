/** `/v1/stream`: the ledger as it grows, as server-sent events. */
import { z } from 'zod';
import type { Principal } from '#governance';
import { AppError } from '#kernel';
import type { LedgerEvent } from '#ledger';
import type { Services } from '../../services.ts';
import { type Route, route } from '../route.ts';
import * as schemas from '../schemas.ts';
import { visibleTo } from '../visible-events.ts';

const HEARTBEAT_MS = 15_000;
/** Browsers come back after so long when the connection broke. */
const RETRY_MS = 2_000;

/** A token that was revoked hears nothing new after so long. */
const RECHECK_MS = 2_000;
/** A browser has one per tab; each holds a place in the server. */
const MAX_STREAMS_PER_TOKEN = 50;

export function streamRoutes({ ledger, governance, clock }: Services): Route[] {
  const open = new Map<string, number>();

  function enter(caller: string): () => void {
    const count = open.get(caller) ?? 0;
    if (count >= MAX_STREAMS_PER_TOKEN) {
      throw new AppError('limit_exceeded', 'http.too_many_streams', {
        message: `More than ${MAX_STREAMS_PER_TOKEN} streams are open with this token.`,
        hint: 'Close some: one stream tells everything the token may see.',
      });
    }
    open.set(caller, count + 1);
    let isLeft = false;
    return () => {
      if (isLeft) return;
      isLeft = true;
      const left = (open.get(caller) ?? 1) - 1;
      if (left === 0) open.delete(caller);
      else open.set(caller, left);
    };
  }

  /** Says per event whether the caller may see it, as they are now; rejects when they are nobody now. */
  function watch(principal: Principal, reauthenticate: () => Promise<Principal>): Visibility {
    let isVisible = visibleTo(governance, principal);
    let checkedAt = clock.now().getTime();
    return async (event) => {
      const now = clock.now().getTime();
      if (now - checkedAt >= RECHECK_MS) {
        isVisible = visibleTo(governance, await reauthenticate());
        checkedAt = now;
      }
      return isVisible(event);
    };
  }

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
        const leave = enter(principal.tokenId ?? principal.id);
        stop.signal.addEventListener('abort', leave, { once: true });
        const reauthenticate = context.get('reauthenticate') ?? (() => Promise.resolve(principal));
        const events = ledger.tail({ after, signal: stop.signal });
        context.req.raw.signal.addEventListener('abort', () => stop.abort(), { once: true });
        return new Response(toEventStream(events, watch(principal, reauthenticate), stop), {
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

/** Whether the caller may see an event. Rejecting ends the stream. */
type Visibility = (event: LedgerEvent) => boolean | Promise<boolean>;

/** Pulled by the client, so a slow one holds back its own reading and nothing piles up. */
export function toEventStream(
  events: AsyncIterable<LedgerEvent>,
  isVisible: Visibility,
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
        if (result.done === true) {
          stop.abort();
          return controller.close();
        }
        const event = result.value;
        let isShown: boolean;
        try {
          isShown = await isVisible(event);
        } catch {
          // The client comes back and is told by the gate what is wrong with its token.
          stop.abort();
          void iterator.return?.();
          return controller.close();
        }
        // Even a hidden event moves the client's position on, so that it does not come again.
        const text = isShown
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
