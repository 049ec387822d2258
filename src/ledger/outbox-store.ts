/** SQL of the outbox, and nothing else. Every time in it is the database's. */
import type { Id, Tx } from '#kernel';
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
