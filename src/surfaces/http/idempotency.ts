/**
 * `Idempotency-Key` on writes: a request that is sent again, because its answer was lost, gets the
 * first answer and changes nothing more. One that failed changed nothing and may be tried afresh.
 */
import { createHash } from 'node:crypto';
import type { Principal } from '#governance';
import { AppError, type Clock, type Db } from '#kernel';
import type { RequestContext } from './environment.ts';
import { deleteExpired, giveBackKey, storeAnswer, takeKey } from './idempotency-store.ts';

const LIFE_MS = 24 * 60 * 60_000;
/** A request without an answer for so long died with its node. */
const ABANDONED_MS = 10 * 60_000;
const SWEEP_EVERY_MS = 60 * 60_000;
const MAX_KEY_LENGTH = 200;

export interface IdempotentRequest {
  context: RequestContext;
  principal: Principal;
  bytes: Uint8Array;
  /** The answer holds a secret and is stored nowhere: a second request learns only that it is done. */
  isSecret: boolean;
}

export interface Idempotency {
  /** Runs `work` once per caller and key, and gives its answer to every later request. */
  run(request: IdempotentRequest, work: () => Promise<Response>): Promise<Response>;
}

export function createIdempotency({ db, clock }: { db: Db; clock: Clock }): Idempotency {
  let sweptAt = clock.now().getTime();

  async function sweep(now: Date): Promise<void> {
    if (now.getTime() - sweptAt < SWEEP_EVERY_MS) return;
    sweptAt = now.getTime();
    await deleteExpired(db, now);
  }

  return {
    async run({ context, principal, bytes, isSecret }, work) {
      const key = context.req.header('idempotency-key');
      if (key === undefined) return work();
      if (key === '' || key.length > MAX_KEY_LENGTH) {
        throw new AppError('invalid', 'http.bad_idempotency_key', {
          message: `An Idempotency-Key has 1 to ${MAX_KEY_LENGTH} characters.`,
          hint: 'A random UUID does well.',
        });
      }

      const now = clock.now();
      await sweep(now);
      const name = { caller: principal.id, key };
      const requestHash = hashRequest(context.req.method, context.req.url, bytes);
      const stored = await takeKey(db, {
        ...name,
        requestHash,
        now,
        expiresAt: new Date(now.getTime() + LIFE_MS),
        abandonedBefore: new Date(now.getTime() - ABANDONED_MS),
      });
      if (stored !== undefined) return replay(stored, requestHash);

      let response: Response;
      try {
        response = await work();
      } catch (error) {
        await giveBackKey(db, name);
        throw error;
      }
      const body = isSecret ? null : await response.clone().text();
      await storeAnswer(db, name, {
        status: response.status,
        contentType: response.headers.get('content-type'),
        body,
      });
      return response;
    },
  };
}

function replay(
  stored: NonNullable<Awaited<ReturnType<typeof takeKey>>>,
  requestHash: string,
): Response {
  if (stored.requestHash !== requestHash) {
    throw new AppError('conflict', 'http.idempotency_conflict', {
      message: 'This Idempotency-Key was used for another request.',
      hint: 'Use a new key for a new request.',
    });
  }
  if (stored.status === null) {
    throw new AppError('conflict', 'http.idempotency_in_progress', {
      message: 'The first request with this Idempotency-Key is still being worked on.',
      hint: 'Ask again in a moment.',
      details: { retryAfterSeconds: 1 },
    });
  }
  if (stored.body === null) {
    throw new AppError('conflict', 'http.secret_shown_once', {
      message: 'This request was carried out, and its answer held a secret that is shown once.',
      hint: 'Revoke what it made, and make another with a new key.',
    });
  }
  const isEmpty = stored.status === 204;
  return new Response(isEmpty ? null : stored.body, {
    status: stored.status,
    headers: {
      ...(stored.contentType === null ? {} : { 'content-type': stored.contentType }),
      'cache-control': 'no-store',
      'idempotency-replayed': 'true',
    },
  });
}

function hashRequest(method: string, url: string, bytes: Uint8Array): string {
  const { pathname, search } = new URL(url);
  return createHash('sha256')
    .update(`${method} ${pathname}${search}\n`)
    .update(bytes)
    .digest('hex');
}
