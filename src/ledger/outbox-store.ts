/** SQL of the outbox, and nothing else. Every time in it is the database's. */
import type { Id, JsonObject, Queryable, Tx } from '#kernel';
import type { NewOutboxMessage } from './schema.ts';

/** Leaves a message; an equal idempotency key changes nothing. */
export async function insertMessage(
  tx: Tx,
  id: Id<'out'>,
  message: NewOutboxMessage,
): Promise<void> {
  await tx.query(
    `insert into loom.outbox_messages
       (id, target, payload, idempotency_key, cause, correlation_id, due_at)
     values ($1, $2, $3, $4, $5, $6, coalesce($7, now()))
     on conflict (idempotency_key) do nothing`,
    [
      id,
      message.target,
      JSON.stringify(message.payload),
      message.idempotencyKey,
      message.cause ?? null,
      message.correlationId ?? null,
      message.dueAt?.toISOString() ?? null,
    ],
    'ledger_enqueue',
  );
}

export interface LeasedMessage {
  id: Id<'out'>;
  target: string;
  payload: Record<string, unknown>;
  idempotencyKey: string;
  cause: Id<'evt'> | null;
  correlationId: string | null;
  /** How often it was leased, this time included. Whoever holds an older lease has lost it. */
  attempt: number;
}

/** Takes messages that are due. Nobody else gets them until the lease ends or they are settled. */
export async function leaseMessages(
  db: Queryable,
  options: {
    targets: readonly string[];
    /** Parts of payloads that other workers serve. */
    leaveToOthers?: readonly JsonObject[];
    limit: number;
    leaseMs: number;
  },
): Promise<LeasedMessage[]> {
  return db.query<LeasedMessage>(
    `update loom.outbox_messages m
     set attempt = attempt + 1, due_at = now() + $3 * interval '1 millisecond'
     from (
       select id from loom.outbox_messages
       where state = 'pending' and due_at <= now() and target = any($1)
         and not (payload @> any($4::jsonb[]))
       order by due_at limit $2 for update skip locked
     ) due
     where m.id = due.id
     returning m.id, m.target, m.payload, m.idempotency_key as "idempotencyKey", m.cause,
       m.correlation_id as "correlationId", m.attempt`,
    [
      options.targets,
      options.limit,
      options.leaseMs,
      (options.leaveToOthers ?? []).map((part) => JSON.stringify(part)),
    ],
  );
}

export async function renewLease(
  db: Queryable,
  { id, attempt }: LeasedMessage,
  leaseMs: number,
): Promise<void> {
  await db.query(
    `update loom.outbox_messages set due_at = now() + $3 * interval '1 millisecond'
     where id = $1 and attempt = $2 and state = 'pending'`,
    [id, attempt, leaseMs],
  );
}

export async function markDelivered(db: Queryable, { id, attempt }: LeasedMessage): Promise<void> {
  await db.query(
    `update loom.outbox_messages set state = 'delivered', ended_at = now(), last_error = null
     where id = $1 and attempt = $2 and state = 'pending'`,
    [id, attempt],
    'outbox_delivered',
  );
}

export async function markFailed(
  db: Queryable,
  { id, attempt }: LeasedMessage,
  failure: { error: string; retryInMs: number },
): Promise<void> {
  await db.query(
    `update loom.outbox_messages
     set due_at = now() + $4 * interval '1 millisecond', last_error = $3
     where id = $1 and attempt = $2 and state = 'pending'`,
    [id, attempt, failure.error, failure.retryInMs],
  );
}

/** Gives a message up; false when the lease was lost and another worker decides. */
export async function markDead(
  tx: Tx,
  { id, attempt }: LeasedMessage,
  error: string,
): Promise<boolean> {
  const rows = await tx.query(
    `update loom.outbox_messages set state = 'dead', ended_at = now(), last_error = $3
     where id = $1 and attempt = $2 and state = 'pending' returning id`,
    [id, attempt, error],
  );
  return rows.length > 0;
}

export interface OutboxStatus {
  /** Waiting for delivery, due or not. */
  pending: number;
  /** Given up after too many attempts. */
  dead: number;
  /** How long the oldest message that is due has waited, in milliseconds. */
  lagMs: number;
}

/** How the outbox stands, for the system page and for metrics. */
export async function readOutboxStatus(db: Queryable): Promise<OutboxStatus> {
  const [row] = await db.query<OutboxStatus>(
    `select
       (select count(*) from loom.outbox_messages where state = 'pending') as pending,
       (select count(*) from loom.outbox_messages where state = 'dead') as dead,
       coalesce((
         select extract(epoch from now() - min(due_at)) * 1000 from loom.outbox_messages
         where state = 'pending' and due_at <= now()
       ), 0)::float8 as "lagMs"`,
  );
  return row ?? { pending: 0, dead: 0, lagMs: 0 };
}
