/**
 * What a breaker keeps from being said. It is said once a person has closed the breaker, and given up,
 * visibly, when nobody has within a week: by then it is about another day.
 */
import type { Id, Tx } from '#kernel';
import type { Ledger } from '#ledger';
import { ORCHESTRATION } from '../deps.ts';

export interface HeldDelivery {
  target: string;
  payload: Record<string, unknown>;
  idempotencyKey: string;
  cause: Id<'evt'> | null;
  correlationId: string | null;
}

const KEPT_DAYS = 7;
/** An answer is to one question; all else takes the place of what was said before. */
const ONE_BY_ONE: ReadonlySet<string> = new Set(['host.answer']);

export async function holdDelivery(
  tx: Tx,
  ledger: Ledger,
  subject: string,
  delivery: HeldDelivery,
): Promise<void> {
  const { target, payload, idempotencyKey, cause, correlationId } = delivery;
  const slot = ONE_BY_ONE.has(target) ? idempotencyKey : '';
  const rows = await tx.query<{ isFirst: boolean }>(
    `insert into loom.held_deliveries
       (subject, target, slot, payload, idempotency_key, cause, correlation_id)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (subject, target, slot) do update set payload = excluded.payload,
       idempotency_key = excluded.idempotency_key, cause = excluded.cause,
       correlation_id = excluded.correlation_id, held_at = now()
     returning xmax = 0 as "isFirst"`,
    [subject, target, slot, JSON.stringify(payload), idempotencyKey, cause, correlationId],
  );
  if (rows[0]!.isFirst) {
    await ledger.append(tx, {
      type: 'delivery.held',
      subject: `subject:${subject}`,
      actor: ORCHESTRATION,
      ...(cause === null ? {} : { cause }),
      ...(correlationId === null ? {} : { correlationId }),
      data: { target },
    });
  }
  await expire(tx, ledger);
}

/** Puts back on its way what was kept for the subject; gives how much it was. */
export async function releaseHeld(tx: Tx, ledger: Ledger, subject: string): Promise<number> {
  await expire(tx, ledger);
  const rows = await tx.query<HeldDelivery & { heldAt: Date }>(
    `delete from loom.held_deliveries where subject = $1
     returning target, payload, idempotency_key as "idempotencyKey", cause,
       correlation_id as "correlationId", held_at as "heldAt"`,
    [subject],
  );
  for (const { target, payload, idempotencyKey, cause, correlationId, heldAt } of rows) {
    await ledger.enqueue(tx, {
      target,
      payload,
      // The first key is spent on the attempt that was kept.
      idempotencyKey: `${idempotencyKey}:held:${heldAt.getTime()}`,
      ...(cause === null ? {} : { cause }),
      ...(correlationId === null ? {} : { correlationId }),
    });
  }
  return rows.length;
}

async function expire(tx: Tx, ledger: Ledger): Promise<void> {
  const rows = await tx.query<{ subject: string; target: string }>(
    `delete from loom.held_deliveries where held_at < now() - $1::int * interval '1 day'
     returning subject, target`,
    [KEPT_DAYS],
  );
  for (const { subject, target } of rows) {
    await ledger.append(tx, {
      type: 'delivery.expired',
      subject: `subject:${subject}`,
      actor: ORCHESTRATION,
      data: { target, days: KEPT_DAYS },
    });
  }
}
