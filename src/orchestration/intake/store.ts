/** SQL of the inbox. Each flush is a handful of statements, however many signals it carries. */
import { Signal } from '#connectors/contract';
import { type Id, packTexts, type Queryable, type Tx } from '#kernel';

/** The loops of all nodes listen here for new signals. */
export const INBOX_CHANNEL = 'loom_inbox';

export interface KnownOf {
  /** By `deliveryKey`: the deliveries that were not known before. */
  freshDeliveries: Set<string>;
  /** The keys of their signals that were not known before. */
  freshKeys: Set<string>;
}

/** Notes deliveries and the keys of their signals; gives what of both is new. */
export async function noteDeliveries(
  tx: Tx,
  deliveries: readonly { source: string; deliveryId: string; dedupeKeys: readonly string[] }[],
): Promise<KnownOf> {
  const keys = deliveries.flatMap(({ dedupeKeys }, index) =>
    dedupeKeys.map((key) => ({ key, number: index + 1 })),
  );
  const rows = await tx.query<{ source: string | null; delivery_id: string; key: string | null }>(
    NOTE_DELIVERIES,
    [
      deliveries.map(({ source }) => source),
      deliveries.map(({ deliveryId }) => deliveryId),
      keys.map(({ number }) => number),
      keys.map(({ key }) => key),
    ],
    'intake_note_deliveries',
  );
  return {
    freshDeliveries: new Set(
      rows.flatMap((row) =>
        row.source === null ? [] : [deliveryKey(row.source, row.delivery_id)],
      ),
    ),
    freshKeys: new Set(rows.flatMap(({ key }) => key ?? [])),
  };
}

/**
 * Keys of known deliveries stay untouched. Both inserts go in sorted order, so that two nodes that
 * write the same things wait for each other in one order.
 */
const NOTE_DELIVERIES = `
  with given as materialized (
    select distinct on (source, delivery_id) *
    from unnest((select $1::text[]), (select $2::text[]))
      with ordinality as g (source, delivery_id, number)
    order by source, delivery_id, number
  ), fresh as (
    insert into loom.inbound_deliveries (source, delivery_id)
    select source, delivery_id from given order by source, delivery_id
    on conflict do nothing returning source, delivery_id
  ), unseen as (
    insert into loom.signal_keys (dedupe_key)
    select distinct k.key
    from unnest((select $3::int[]), (select $4::text[])) as k (number, key)
      join given using (number) join fresh using (source, delivery_id)
    order by k.key
    on conflict do nothing returning dedupe_key
  )
  select source, delivery_id, null as key from fresh
  union all select null, null, dedupe_key from unseen`;

export function deliveryKey(source: string, deliveryId: string): string {
  return `${source} ${deliveryId}`;
}

export interface NewInboxSignal {
  id: Id<'sig'>;
  eventId: Id<'evt'>;
  subject: string;
  signal: Signal;
}

export function insertSignalsWithCommit(tx: Tx, signals: readonly NewInboxSignal[]): void {
  const bodies = packTexts(signals.map(({ signal }) => JSON.stringify(signal)));
  tx.withCommit(
    `insert into loom.inbox_signals (id, event_id, source, type, subject, body)
     select id, event_id, source, type, subject,
       convert_from(substring($8::bytea from start for length), 'UTF8')::jsonb
     from unnest((select $1::text[]), (select $2::text[]), (select $3::text[]),
       (select $4::text[]), (select $5::text[]), (select $6::int[]), (select $7::int[]))
       as n (id, event_id, source, type, subject, start, length)`,
    [
      signals.map(({ id }) => id),
      signals.map(({ eventId }) => eventId),
      signals.map(({ signal }) => signal.source),
      signals.map(({ signal }) => signal.type),
      signals.map(({ subject }) => subject),
      bodies.starts,
      bodies.lengths,
      bodies.bytes,
    ],
    'intake_insert_signals',
  );
}

export interface InboxRow {
  position: number;
  id: Id<'sig'>;
  event_id: Id<'evt'>;
  source: string;
  type: string;
  subject: string;
  body: unknown;
  attempt: number;
}

/**
 * Takes due signals, at most one of each subject. One that has failed before and waits for its next
 * try does not hold up the later ones of its subject: they are read in any order anyway.
 */
export function takeSignals(tx: Tx, limit: number, leaseMs: number): Promise<InboxRow[]> {
  return tx.query<InboxRow>(
    `with due as (
       select s.position from loom.inbox_signals s
       where (s.state = 'pending' and s.due_at <= now()
              or s.state = 'working' and s.lease_until < now())
         and not exists (
           select 1 from loom.inbox_signals e
           where e.subject = s.subject and e.position < s.position
             and (e.state = 'working' and e.lease_until >= now()
                  or e.state = 'pending' and (e.attempt = 0 or e.due_at <= now())))
       order by s.position limit $1 for update skip locked)
     update loom.inbox_signals s set state = 'working', attempt = attempt + 1,
       lease_until = now() + $2::bigint * interval '1 millisecond'
     from due where s.position = due.position
     returning s.position, s.id, s.event_id, s.source, s.type, s.subject, s.body, s.attempt`,
    [limit, leaseMs],
    'intake_take_signals',
  );
}

/** Keeps a signal in hand. Who lost it meanwhile does not get it back. */
export async function renewSignal(
  queryable: Queryable,
  { position, attempt }: InboxRow,
  leaseMs: number,
): Promise<void> {
  await queryable.query(
    `update loom.inbox_signals set lease_until = now() + $3::bigint * interval '1 millisecond'
     where position = $1 and attempt = $2 and state = 'working'`,
    [position, attempt, leaseMs],
    'intake_renew_signal',
  );
}

/** Fenced by the attempt: whoever lost the lease changes nothing. */
export async function finishSignal(
  queryable: Queryable,
  { position, attempt }: InboxRow,
): Promise<void> {
  await queryable.query(
    `update loom.inbox_signals set state = 'done', handled_at = now(), lease_until = null, error = null
     where position = $1 and attempt = $2 and state = 'working'`,
    [position, attempt],
    'intake_finish_signal',
  );
}

export async function postponeSignal(
  queryable: Queryable,
  { position, attempt }: InboxRow,
  delayMs: number,
  error: string,
): Promise<void> {
  await queryable.query(
    `update loom.inbox_signals set state = 'pending', lease_until = null, error = $4,
       due_at = now() + $3::bigint * interval '1 millisecond'
     where position = $1 and attempt = $2 and state = 'working'`,
    [position, attempt, delayMs, error],
  );
}

export async function buryIn(tx: Tx, row: InboxRow, error: string): Promise<boolean> {
  const rows = await tx.query(
    `update loom.inbox_signals set state = 'dead', lease_until = null, error = $3, handled_at = now()
     where position = $1 and attempt = $2 and state = 'working' returning id`,
    [row.position, row.attempt, error],
  );
  return rows.length > 0;
}

export function listDead(
  queryable: Queryable,
  limit: number,
): Promise<{ id: Id<'sig'>; source: string; type: string; subject: string; error: string }[]> {
  return queryable.query(
    `select id, source, type, subject, error from loom.inbox_signals
     where state = 'dead' order by position desc limit $1`,
    [limit],
  );
}

export async function inboxCounts(
  queryable: Queryable,
): Promise<{ pending: number; dead: number; oldestPendingAt: Date | null }> {
  const rows = await queryable.query<{ pending: number; dead: number; oldest: Date | null }>(
    `select count(*) filter (where state in ('pending', 'working')) as pending,
       count(*) filter (where state = 'dead') as dead,
       min(received_at) filter (where state in ('pending', 'working')) as oldest
     from loom.inbox_signals where state in ('pending', 'working', 'dead')`,
  );
  return { pending: rows[0]!.pending, dead: rows[0]!.dead, oldestPendingAt: rows[0]!.oldest };
}

/** A dead signal is tried afresh. False when there is no such one. */
export async function reviveSignal(queryable: Queryable, id: string): Promise<boolean> {
  const rows = await queryable.query(
    `update loom.inbox_signals set state = 'pending', attempt = 0, due_at = now(), error = null,
       handled_at = null where id = $1 and state = 'dead' returning id`,
    [id],
  );
  return rows.length > 0;
}

/** Bodies of signals acted upon long ago; their keys and their events stay. */
export async function clearHandled(queryable: Queryable, olderThanMs: number, limit: number) {
  await queryable.query(
    `delete from loom.inbox_signals where position in (
       select position from loom.inbox_signals
       where state = 'done' and handled_at < now() - $1::bigint * interval '1 millisecond'
       order by position limit $2)`,
    [olderThanMs, limit],
  );
}

export const readSignal = (body: unknown): Signal =>
  Signal.parse({
    ...(body as Record<string, unknown>),
    occurredAt: new Date((body as { occurredAt: string }).occurredAt),
  });
