/**
 * SQL that checks a whole range of the log where the rows are, and nothing else. It says yes or no:
 * what is wrong, and where, is for the exact check to tell.
 */
import type { Queryable } from '#kernel';
import { EventRefs } from './schema.ts';
import { ENTRY_VERSION } from './transparency/entry.ts';

/** What one statement found in a range of entries. */
export interface BulkRow {
  /** Leaves in the range. */
  leaves: number;
  /** Leaves that agree in all with their event and payload; their times are left to the caller. */
  sound: number;
  payloads: number;
  /** Leaves whose payload was redacted and is gone. */
  redacted: number;
  /** Times of the entries one after the other, each `TIME_LENGTH` characters. */
  times: string;
  /** Entries that are not dated when their event was recorded: they must be dated as the one before. */
  postponed: number[];
  /** Leaf hashes one after the other. */
  hashes: Buffer;
  /** Sum of the fingerprints of all names in the events. */
  fingerprint: string;
}

export const TIME_LENGTH = '2026-01-01T00:00:00.000Z'.length;
/** One of a broken verification may be left on a connection; the next has another name. */
const statementOf = (seed: bigint) => `loom_verify_${seed}`;

const REFS = EventRefs.keyType.options.toSorted();
const columnOf = (ref: string) => `ref_${REFS.indexOf(ref as (typeof REFS)[number])}`;
const toTime = (column: string) => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
/**
 * Of a name at a position, unpredictable by the seed. Sums of these tell whether two sets of names
 * are equal without sorting them; shifted, so that those of one event cannot overflow.
 */
const fingerprintOf = (name: string, position: string) =>
  `(hashtextextended(${name}, ${position} # $3) >> 8)`;

/** A name is found once, however often an event says it. Merges by fast-forward name a commit twice. */
function nameOf(ref: string): string {
  const name = `nullif(${columnOf(ref)} #>> '{}', subject)`;
  return ref === 'mergeCommit' ? `nullif(${name}, ${columnOf('commit')} #>> '{}')` : name;
}

/**
 * The text of an entry as `buildEntry` writes it. Names that cannot hold a character JSON escapes are
 * quoted as they are; a row in which one does is not sound. Keys of refs are known, so they can be
 * written in order without sorting.
 */
const ENTRY_TEXT = `'{"v":${ENTRY_VERSION},"seq":' || seq::text || ',"ts":"' || ts || '","id":"' || id
  || '","type":"' || type || '","subject":' || to_json(subject)::text
  || ',"actor":{"kind":"' || actor_kind || '","id":' || to_json(actor_id)::text
  || coalesce(',"onBehalfOf":' || to_json(on_behalf_of)::text, '')
  || '},"tenant":' || to_json(tenant)::text
  || coalesce(',"cause":' || to_json(cause)::text, '')
  || ',"correlation":' || to_json(correlation_id)::text || ',"occurredAt":"'
  || case when occurred_at = recorded_at then recorded else ${toTime('occurred_at')} end
  || '","recordedAt":"' || recorded || '","refs":{'
  || concat_ws(',', ${REFS.map((ref) => `'"${ref}":' || ${columnOf(ref)}::text`).join(', ')})
  || '},"commit":{' || coalesce('"data":"sha256:' || encode(data_commitment, 'hex') || '"', '')
  || '}' || coalesce(',"target":{"seq":' || redacts_seq || ',"field":"data"}', '') || '}'`;

/** Entries $1 up to, not including, $2; $3 is the seed. Nothing in a row can make it fail. */
const RANGE = `
with bounds as materialized (
  -- The addition keeps the planner from looking for the ends in the index of positions.
  select min(position + 0) as low, max(position + 0) as high
  from loom.log_leaves where seq >= $1 and seq < $2
), joined as (
  select l.seq, l.position, l.entry, l.leaf_hash, l.event_id = e.id as has_its_event,
    e.id, e.type, e.subject, e.actor_kind, e.actor_id, e.on_behalf_of, e.tenant, e.cause,
    e.correlation_id, e.occurred_at, e.recorded_at, e.data_commitment, e.redacts_seq,
    p.position is not null as has_payload,
    case when p.position is null then e.data_commitment is null
      else e.data_commitment = sha256(p.salt || p.value) end as has_its_payload,
    l.seq in (
      select redacts_seq from loom.events where redacts_seq >= $1 and redacts_seq < $2
    ) as is_redacted,
    case when jsonb_typeof(e.refs) = 'object'
      then e.refs - '{${REFS.join(',')}}'::text[] = '{}' end as has_known_refs,
    encode(substring(l.entry from ${`{"v":${ENTRY_VERSION},"seq":,"ts":"`.length + 1} + length(l.seq::text) for ${TIME_LENGTH}),
      'escape') as ts,
    ${toTime('e.recorded_at')} as recorded,
    ${REFS.map((ref) => `e.refs -> '${ref}' as ${columnOf(ref)}`).join(', ')}
  from loom.log_leaves l
    left join loom.events e on e.position = l.position
      and e.position >= (select low from bounds) and e.position <= (select high from bounds)
    left join loom.event_payloads p on p.position = l.position and p.field = 'data'
      and p.position >= (select low from bounds) and p.position <= (select high from bounds)
  where l.seq >= $1 and l.seq < $2
  -- Each column is computed once, however often it is used below.
  offset 0
), checked as (
  select seq, leaf_hash, ts, recorded, has_payload,
    is_redacted and not has_payload and data_commitment is not null as is_erased,
    coalesce(has_its_event and has_known_refs and ts >= recorded
      and case when has_payload then has_its_payload and not is_redacted
        else has_its_payload or is_redacted end
      and leaf_hash = sha256('\\x00'::bytea || entry)
      and entry = convert_to(${ENTRY_TEXT}, 'UTF8'), false) as is_sound,
    ${fingerprintOf('subject', 'position')}
      + ${REFS.map((ref) => `coalesce(${fingerprintOf(nameOf(ref), 'position')}, 0)`).join(' + ')}
      as fingerprint
  from joined
  order by seq
)
select count(*) as leaves, count(*) filter (where is_sound) as sound,
  count(*) filter (where has_payload) as payloads,
  count(*) filter (where is_erased) as redacted,
  coalesce(string_agg(ts, ''), '') as times,
  coalesce(array_agg(seq::float8) filter (where ts <> recorded), '{}') as postponed,
  coalesce(string_agg(leaf_hash, ''::bytea), '') as hashes,
  coalesce(sum(fingerprint), 0)::text as fingerprint
from checked`;

/** Plans the statement once for a connection, with what the planner knows of the tables today. */
export async function prepareRange(db: Queryable, seed: bigint): Promise<void> {
  await db.query('set local jit = off');
  await db.query('set local plan_cache_mode = force_generic_plan');
  await db.query(`set local work_mem = '32MB'`);
  // Of tables it never counted the planner expects few rows, and would compare each with each.
  await db.query('set local enable_nestloop = off');
  await db.query(`prepare ${statementOf(seed)} (bigint, bigint, bigint) as ${RANGE}`);
}

export async function forgetRange(db: Queryable, seed: bigint): Promise<void> {
  await db.query(`deallocate ${statementOf(seed)}`);
  await db.query('set local enable_nestloop = on');
}

/** Checks entries `start` up to, not including, `end`. */
export async function checkRange(
  db: Queryable,
  { start, end, seed }: { start: number; end: number; seed: bigint },
): Promise<BulkRow> {
  const call = `execute ${statementOf(seed)} (${start}, ${end}, ${seed})`;
  const [row] = await db.query<BulkRow>(call);
  return row!;
}

/** How many leaves the log must have: one more than the highest index. */
export async function readSize(db: Queryable): Promise<number> {
  const [row] = await db.query<{ size: number }>(
    'select coalesce(max(seq), -1) + 1 as size from loom.log_leaves',
  );
  return row?.size ?? 0;
}

export interface Totals {
  events: number;
  payloads: number;
  fingerprint: string;
}

/** What the tables hold beside the log: all of it, and what belongs to events without a place. */
export async function readTotals(
  db: Queryable,
  seed: bigint,
): Promise<{ all: Totals; waiting: Totals }> {
  const fingerprint = (position: string) =>
    `coalesce(sum(hashtextextended(ref, ${position} # $1) >> 8), 0)::text`;
  const [all] = await db.query<Totals>(
    `select (select count(*) from loom.events) as events,
       (select count(*) from loom.event_payloads) as payloads,
       (select ${fingerprint('position')} from loom.event_refs) as fingerprint`,
    [seed.toString()],
  );
  const [waiting] = await db.query<Totals>(
    `with waiting as materialized (
       select e.position, e.subject, e.refs from loom.unsequenced_events u join loom.events e using (position)
     ), named as (
       select w.position, n.ref from waiting w cross join lateral (
         select w.subject union
         select value from jsonb_each_text(case when jsonb_typeof(w.refs) = 'object' then w.refs end)
       ) as n (ref)
     )
     select (select count(*) from waiting) as events,
       (select count(*) from loom.event_payloads p join waiting w using (position)) as payloads,
       (select ${fingerprint('position')} from named) as fingerprint`,
    [seed.toString()],
  );
  return { all: all!, waiting: waiting! };
}
