/** SQL of the events, and nothing else. */
import { type Id, packTexts, type Queryable, type Tx } from '#kernel';
import type { PreparedEvent } from './prepare.ts';
import type { Actor, EventRefs, LedgerEvent } from './schema.ts';
import { COUNTED_EVENTS } from './service.ts';

/**
 * One statement writes events, payloads, refs and queue. Separate arrays are faster than one JSON
 * parameter (17,400 against 10,900 events/s); salts, commitments and payloads travel as one binary blob each.
 * The arrays hide behind sub-selects: a planner that sees how short one is makes a new plan for every
 * call, which takes longer than writing a single event.
 */
const append = (extra: { parameter: string; column: string; condition: string }) => `
with new_events as materialized (
  select nextval('loom.events_position_seq') as position, n.*,
    coalesce(n.correlation,
      (select c.correlation_id from loom.events c where c.id = n.inherit_from), n.id)
      as correlation_id
  from unnest((select $1::text[]), (select $2::text[]), (select $3::text[]), (select $4::text[]),
    (select $5::text[]), (select $6::text[]), (select $7::text[]), (select $8::text[]),
    (select $9::timestamptz[]), (select $10::text[]), (select $11::int[]),
    (select $12::bigint[]), (select $19::text[]), (select $20::int[])
    ${extra.parameter})
    with ordinality as n (id, type, subject, actor_kind, actor_id, on_behalf_of, cause,
      correlation, occurred_at, refs, data_start, redacts_seq, inherit_from, data_length
      ${extra.column}, number)
  ${extra.condition}
), stored as (
  insert into loom.events (position, id, type, subject, actor_kind, actor_id, on_behalf_of, tenant,
    cause, correlation_id, occurred_at, recorded_at, refs, data_commitment, redacts_seq)
  select position, id, type, subject, actor_kind, actor_id, on_behalf_of, $13,
    cause, correlation_id, occurred_at, $14, refs::jsonb,
    case when data_start is not null then substring($16::bytea from (number::int - 1) * 32 + 1 for 32) end,
    redacts_seq
  from new_events
), payloads as (
  insert into loom.event_payloads (position, field, salt, value)
  select position, 'data', substring($15::bytea from (number::int - 1) * 32 + 1 for 32),
    substring($21::bytea from data_start for data_length)
  from new_events where data_start is not null
), named as (
  insert into loom.event_refs (ref, position)
  select r.ref, n.position
  from unnest((select $17::int[]), (select $18::text[])) as r (number, ref) join new_events n using (number)
), queued as (
  insert into loom.unsequenced_events (position) select position from new_events
)
select position, correlation_id as "correlationId" from new_events order by number`;

const APPEND = append({ parameter: '', column: '', condition: '' });
const APPEND_COUNTED = append({
  parameter: ', (select $22::text[])',
  column: ', if_counted',
  condition: `where if_counted is null or if_counted = any (
    (select string_to_array(current_setting('${COUNTED_EVENTS}', true), ','))::text[])`,
});

export interface AppendedRow {
  position: number;
  correlationId: string;
}

/** Stores events in their order; gives back what the database decided. */
export function insertEvents(
  tx: Tx,
  tenant: string,
  events: readonly PreparedEvent[],
  redactsSeq: number | null,
): Promise<AppendedRow[]> {
  return tx.query<AppendedRow>(APPEND, appendValues(tenant, events, redactsSeq), 'ledger_append');
}

/** The same, sent together with the commit. */
export function insertEventsWithCommit(
  tx: Tx,
  tenant: string,
  events: readonly PreparedEvent[],
): void {
  tx.withCommit(`${APPEND} limit 0`, appendValues(tenant, events, null), 'ledger_append_last');
}

/** The same, of those without a condition and those whose condition the transaction names. */
export function insertCountedEventsWithCommit(
  tx: Tx,
  tenant: string,
  events: readonly PreparedEvent[],
  conditions: readonly (Id<'evt'> | null)[],
): void {
  const values = [...appendValues(tenant, events, null), conditions];
  tx.withCommit(`${APPEND_COUNTED} limit 0`, values, 'ledger_append_counted');
}

function appendValues(
  tenant: string,
  events: readonly PreparedEvent[],
  redactsSeq: number | null,
): unknown[] {
  const column = <Value>(pick: (prepared: PreparedEvent) => Value) => events.map(pick);
  const names = events.flatMap(({ names }, index) =>
    names.map((ref) => ({ index: index + 1, ref })),
  );
  const data = packTexts(column(({ dataText }) => dataText));
  return [
    column(({ id }) => id),
    column(({ event }) => event.type),
    column(({ event }) => event.subject),
    column(({ event }) => event.actor.kind),
    column(({ event }) => event.actor.id),
    column(({ event }) => event.actor.onBehalfOf ?? null),
    column(({ event }) => event.cause ?? null),
    column(({ thread }) => thread.correlationId ?? null),
    column(({ occurredAt }) => occurredAt.toISOString()),
    column(({ refsText }) => refsText),
    data.starts,
    column(() => redactsSeq),
    tenant,
    events[0]?.recordedAt.toISOString(),
    Buffer.concat(column(({ salt }) => salt)),
    Buffer.concat(column(({ commitment }) => commitment)),
    names.map(({ index }) => index),
    names.map(({ ref }) => ref),
    column(({ thread }) => thread.inheritFrom ?? null),
    data.lengths,
    data.bytes,
  ];
}

const EVENT_COLUMNS = `e.position, l.seq, e.id, e.type, e.subject, e.actor_kind, e.actor_id,
  e.on_behalf_of, e.cause, e.correlation_id, e.occurred_at, e.recorded_at, e.refs,
  e.data_commitment is null as has_no_data, convert_from(p.value, 'UTF8') as data`;
const EVENT_JOINS = `left join loom.log_leaves l on l.position = e.position
  left join loom.event_payloads p on p.position = e.position and p.field = 'data'`;

interface EventRow {
  position: number;
  seq: number | null;
  id: Id<'evt'>;
  type: string;
  subject: string;
  actor_kind: Actor['kind'];
  actor_id: string;
  on_behalf_of: string | null;
  cause: Id<'evt'> | null;
  correlation_id: string;
  occurred_at: Date;
  recorded_at: Date;
  refs: EventRefs;
  has_no_data: boolean;
  data: string | null;
}

export interface StoredEvent {
  position: number;
  event: LedgerEvent;
}

function toEvent(row: EventRow): StoredEvent {
  return {
    position: row.position,
    event: {
      id: row.id,
      seq: row.seq,
      type: row.type,
      subject: row.subject,
      actor: {
        kind: row.actor_kind,
        id: row.actor_id,
        ...(row.on_behalf_of === null ? {} : { onBehalfOf: row.on_behalf_of }),
      },
      cause: row.cause,
      correlationId: row.correlation_id,
      occurredAt: row.occurred_at,
      recordedAt: row.recorded_at,
      refs: row.refs,
      data: dataOf(row),
    },
  };
}

function dataOf(row: EventRow): LedgerEvent['data'] {
  if (row.data !== null) return JSON.parse(row.data) as LedgerEvent['data'];
  return row.has_no_data ? {} : null;
}

export async function findEvent(db: Queryable, id: Id<'evt'>): Promise<LedgerEvent | undefined> {
  const rows = await db.query<EventRow>(
    `select ${EVENT_COLUMNS} from loom.events e ${EVENT_JOINS} where e.id = $1`,
    [id],
    'ledger_find',
  );
  return rows[0] === undefined ? undefined : toEvent(rows[0]).event;
}

export interface EventFilter {
  type?: string | undefined;
  subject?: string | undefined;
  ref?: string | undefined;
  correlationId?: string | undefined;
  actorId?: string | undefined;
}

/** Reads events in order of writing, from past `after` on (exclusive). */
export async function listEvents(
  db: Queryable,
  filter: EventFilter,
  page: { order: 'newest' | 'oldest'; after: number | undefined; limit: number },
): Promise<StoredEvent[]> {
  const values: unknown[] = [];
  const value = (given: unknown) => `$${values.push(given)}`;
  const where: string[] = [];
  // A subject is among the names too, so both questions are answered by one index.
  const names = [filter.ref, filter.subject].filter((name) => name !== undefined);
  const joins = [...new Set(names)].map((name, index) => {
    const alias = `r${index}`;
    where.push(`${alias}.ref = ${value(name)}`);
    return `join loom.event_refs ${alias} on ${alias}.position = e.position`;
  });
  if (filter.subject !== undefined) where.push(`e.subject = ${value(filter.subject)}`);
  if (filter.correlationId !== undefined) {
    where.push(`e.correlation_id = ${value(filter.correlationId)}`);
  }
  if (filter.actorId !== undefined) where.push(`e.actor_id = ${value(filter.actorId)}`);
  if (filter.type?.endsWith('.') === true) {
    // "/" is the character after "." and the column compares bytes: the range is the prefix.
    where.push(
      `e.type >= ${value(filter.type)} and e.type < ${value(`${filter.type.slice(0, -1)}/`)}`,
    );
  } else if (filter.type !== undefined) {
    where.push(`e.type = ${value(filter.type)}`);
  }
  // The planner reads an index in order only when the sort key is a column of that index.
  const key = joins.length > 0 ? 'r0.position' : 'e.position';
  if (page.after !== undefined) {
    where.push(`${key} ${page.order === 'newest' ? '<' : '>'} ${value(page.after)}`);
  }
  const rows = await db.query<EventRow>(
    `select ${EVENT_COLUMNS} from loom.events e ${joins.join(' ')} ${EVENT_JOINS}
     ${where.length > 0 ? `where ${where.join(' and ')}` : ''}
     order by ${key} ${page.order === 'newest' ? 'desc' : 'asc'} limit ${value(page.limit)}`,
    values,
  );
  return rows.map(toEvent);
}

/**
 * Reads the log itself: placed events in log order, after entry `after`. Not prepared by name: a plan
 * made while the tables are small would be kept, and reads the whole log once they are large.
 */
export async function readLog(db: Queryable, after: number, limit: number): Promise<LedgerEvent[]> {
  const rows = await db.query<EventRow>(
    `select ${EVENT_COLUMNS}
     from loom.log_leaves l join loom.events e on e.position = l.position
       left join loom.event_payloads p on p.position = e.position and p.field = 'data'
     where l.seq > $1 and l.seq <= $1 + $2 order by l.seq`,
    [after, limit],
  );
  return rows.map((row) => toEvent(row).event);
}

/** Index of the newest entry; -1 when there is none. */
export async function readHead(db: Queryable): Promise<number> {
  const [row] = await db.query<{ head: number }>(
    'select coalesce(max(seq), -1) as head from loom.log_leaves',
    [],
    'ledger_head',
  );
  return row?.head ?? -1;
}

/** Takes the payload of a placed event away. The database refuses unless the log says so. */
export async function deletePayload(tx: Tx, seq: number): Promise<boolean> {
  const rows = await tx.query(
    `delete from loom.event_payloads p using loom.log_leaves l
     where l.seq = $1 and p.position = l.position and p.field = 'data' returning p.position`,
    [seq],
  );
  return rows.length > 0;
}

/** How far each projection has read. */
export async function readCursors(db: Queryable): Promise<ReadonlyMap<string, number>> {
  const rows = await db.query<{ name: string; seq: number }>(
    'select name, seq from loom.projection_cursors',
  );
  return new Map(rows.map(({ name, seq }) => [name, seq]));
}

/** Locks a cursor to the end of the transaction; undefined when another node holds it. */
export async function lockCursor(
  tx: Tx,
  name: string,
  mayWait: boolean,
): Promise<number | undefined> {
  await tx.query(
    'insert into loom.projection_cursors (name) values ($1) on conflict (name) do nothing',
    [name],
  );
  const [row] = await tx.query<{ seq: number }>(
    `select seq from loom.projection_cursors where name = $1
     for update ${mayWait ? '' : 'skip locked'}`,
    [name],
  );
  return row?.seq;
}

export async function saveCursor(tx: Tx, name: string, seq: number, at: Date): Promise<void> {
  await tx.query('update loom.projection_cursors set seq = $2, updated_at = $3 where name = $1', [
    name,
    seq,
    at.toISOString(),
  ]);
}
