/** SQL of the answers that are given again. */
import type { Queryable } from '#kernel';

export interface StoredAnswer {
  requestHash: string;
  /** Null while the first request is being worked on. */
  status: number | null;
  contentType: string | null;
  body: string | null;
}

interface Key {
  caller: string;
  key: string;
}

/**
 * Takes the key for this request. Undefined when it was taken; else what stands there. Expired
 * rows, and those whose request died unanswered, are taken over.
 */
export async function takeKey(
  queryable: Queryable,
  request: Key & { requestHash: string; now: Date; expiresAt: Date; abandonedBefore: Date },
): Promise<StoredAnswer | undefined> {
  const taken = await queryable.query(
    `insert into loom.idempotency_keys as k (caller, key, request_hash, started_at, expires_at)
     values ($1, $2, $3, $4, $5)
     on conflict (caller, key) do update
       set request_hash = excluded.request_hash, started_at = excluded.started_at,
           expires_at = excluded.expires_at, status = null, content_type = null, body = null
       where k.expires_at <= $4 or (k.status is null and k.started_at < $6)
     returning key`,
    [
      request.caller,
      request.key,
      request.requestHash,
      request.now,
      request.expiresAt,
      request.abandonedBefore,
    ],
  );
  if (taken.length > 0) return undefined;
  const [stored] = await queryable.query<StoredAnswer>(
    `select request_hash as "requestHash", status, content_type as "contentType", body
     from loom.idempotency_keys where caller = $1 and key = $2`,
    [request.caller, request.key],
  );
  // Given back between the two statements: its request failed, so the caller may try again.
  return (
    stored ?? { requestHash: request.requestHash, status: null, contentType: null, body: null }
  );
}

export async function storeAnswer(
  queryable: Queryable,
  { caller, key }: Key,
  answer: { status: number; contentType: string | null; body: string | null },
): Promise<void> {
  await queryable.query(
    `update loom.idempotency_keys set status = $3, content_type = $4, body = $5
     where caller = $1 and key = $2`,
    [caller, key, answer.status, answer.contentType, answer.body],
  );
}

export async function giveBackKey(queryable: Queryable, { caller, key }: Key): Promise<void> {
  await queryable.query('delete from loom.idempotency_keys where caller = $1 and key = $2', [
    caller,
    key,
  ]);
}

export async function deleteExpired(queryable: Queryable, now: Date): Promise<void> {
  await queryable.query('delete from loom.idempotency_keys where expires_at <= $1', [now]);
}
