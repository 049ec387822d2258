/** SQL of the transparency log, and nothing else. */
import type { Queryable, Tx } from '#kernel';
import type { Actor, EventRefs } from './schema.ts';
import type { EntryFields } from './transparency/entry.ts';
import { TILE_WIDTH, type Tile, widthOf } from './transparency/tiles.ts';

/** Any constant nobody else uses: "ledg" in ASCII. Held to the end of the transaction. */
const SEQUENCER_LOCK = 0x6c_65_64_67;

/** One sequencer at a time, on whichever node; false when another has it and we would not wait. */
export async function lockSequencer(tx: Tx, mayWait: boolean): Promise<boolean> {
  // A node that hangs while it holds the lock is cut off, so that another can go on.
  await tx.query(`set local idle_in_transaction_session_timeout = '30s'`);
  // What a checkpoint covers must be on disk before anyone can see the checkpoint.
  await tx.query(`select set_config('synchronous_commit', 'on', true)
    where current_setting('synchronous_commit') in ('off', 'local')`);
  if (mayWait) {
    await tx.query('select pg_advisory_xact_lock($1)', [SEQUENCER_LOCK]);
    return true;
  }
  const [row] = await tx.query<{ taken: boolean }>(
    'select pg_try_advisory_xact_lock($1) as taken',
    [SEQUENCER_LOCK],
  );
  return row?.taken === true;
}

export interface LogState {
  isAnyWaiting: boolean;
  size: number;
  signedSize: number;
  signedAt: Date | null;
}

export async function readState(db: Queryable): Promise<LogState> {
  const [row] = await db.query<LogState>(
    `select exists (select from loom.unsequenced_events) as "isAnyWaiting",
       coalesce((select max(seq) from loom.log_leaves), -1) + 1 as size,
       coalesce(c.size, 0) as "signedSize", c.signed_at as "signedAt"
     from (values (1)) as one
       left join (select * from loom.log_checkpoints order by number desc limit 1) c on true`,
    [],
    'ledger_log_state',
  );
  return row ?? { isAnyWaiting: false, size: 0, signedSize: 0, signedAt: null };
}

/** The part of an entry that is stored with the event; its place and time come from the log. */
export type StoredFields = Omit<EntryFields, 'seq' | 'ts'> & { position: number };

export interface FieldsRow {
  position: number;
  id: string;
  type: string;
  subject: string;
  actor_kind: Actor['kind'];
  actor_id: string;
  on_behalf_of: string | null;
  tenant: string;
  cause: string | null;
  correlation_id: string;
  occurred_at: Date;
  recorded_at: Date;
  refs: EventRefs;
  data_commitment: Buffer | null;
  redacts_seq: number | null;
}

export const FIELD_COLUMNS = `e.position, e.id, e.type, e.subject, e.actor_kind, e.actor_id,
  e.on_behalf_of, e.tenant, e.cause, e.correlation_id, e.occurred_at, e.recorded_at, e.refs,
  e.data_commitment, e.redacts_seq`;

export function toFields(row: FieldsRow): StoredFields {
  return {
    position: row.position,
    id: row.id,
    type: row.type,
    subject: row.subject,
    actor: {
      kind: row.actor_kind,
      id: row.actor_id,
      ...(row.on_behalf_of === null ? {} : { onBehalfOf: row.on_behalf_of }),
    },
    tenant: row.tenant,
    cause: row.cause,
    correlationId: row.correlation_id,
    occurredAt: row.occurred_at,
    recordedAt: row.recorded_at,
    refs: row.refs,
    dataCommitment: row.data_commitment,
    redactsSeq: row.redacts_seq,
  };
}

/**
 * The oldest events without a place. Whatever commits later is simply placed later. The positions go
 * through an array, because a merge join would read the whole log up to the first of them.
 */
export async function readWaiting(tx: Tx, limit: number): Promise<StoredFields[]> {
  const rows = await tx.query<FieldsRow>(
    `select ${FIELD_COLUMNS} from loom.events e
     where e.position = any(array(
       select position from loom.unsequenced_events order by position limit $1
     ))
     order by e.position`,
    [limit],
    'ledger_waiting',
  );
  return rows.map(toFields);
}

export async function readEntry(db: Queryable, seq: number): Promise<Buffer | undefined> {
  const [row] = await db.query<{ entry: Buffer }>(
    'select entry from loom.log_leaves where seq = $1',
    [seq],
  );
  return row?.entry;
}

export interface NewLeaf {
  position: number;
  eventId: string;
  entry: Buffer;
  hash: Uint8Array;
}

/** Writes leaves from `firstSeq` on and takes them off the queue, together with the commit. */
export function insertLeavesWithCommit(tx: Tx, firstSeq: number, leaves: readonly NewLeaf[]): void {
  tx.withCommit(
    `with placed as (
       insert into loom.log_leaves (seq, position, event_id, entry, leaf_hash)
       select $1 + number - 1, position, event_id, convert_to(entry, 'UTF8'),
         substring($5::bytea from (number::int - 1) * 32 + 1 for 32)
       from unnest($2::bigint[], $3::text[], $4::text[])
         with ordinality as l (position, event_id, entry, number)
     )
     delete from loom.unsequenced_events where position = any($2::bigint[])`,
    [
      firstSeq,
      leaves.map(({ position }) => position),
      leaves.map(({ eventId }) => eventId),
      leaves.map(({ entry }) => entry.toString()),
      Buffer.concat(leaves.map(({ hash }) => hash)),
    ],
    'ledger_place',
  );
}

/** Reads tiles by level and index; those that are missing are left out. */
export async function readTiles(
  db: Queryable,
  places: readonly { level: number; index: number }[],
): Promise<Tile[]> {
  if (places.length === 0) return [];
  return db.query<Tile>(
    `select t.level, t.index, t.hashes
     from unnest($1::smallint[], $2::bigint[]) as w (level, index)
       join loom.log_tiles t using (level, index)`,
    [places.map(({ level }) => level), places.map(({ index }) => index)],
    'ledger_tiles',
  );
}

/** Where the unfinished tiles of a log of this size are. */
export function unfinishedTiles(size: number): { level: number; index: number }[] {
  const places: { level: number; index: number }[] = [];
  for (let level = 0, count = size; count > 0; level += 1, count = Math.floor(count / TILE_WIDTH)) {
    if (count % TILE_WIDTH > 0) places.push({ level, index: Math.floor(count / TILE_WIDTH) });
  }
  return places;
}

export function saveTilesWithCommit(tx: Tx, tiles: readonly Tile[]): void {
  tx.withCommit(
    `insert into loom.log_tiles (level, index, width, hashes)
     select * from unnest($1::smallint[], $2::bigint[], $3::smallint[], $4::bytea[])
     on conflict (level, index) do update set width = excluded.width, hashes = excluded.hashes`,
    [
      tiles.map(({ level }) => level),
      tiles.map(({ index }) => index),
      tiles.map(widthOf),
      tiles.map(({ hashes }) => hashes),
    ],
    'ledger_save_tiles',
  );
}

export interface CheckpointRow {
  number: number;
  size: number;
  root: Buffer;
  note: string;
  signedAt: Date;
}

const CHECKPOINT_COLUMNS = 'number, size, root, note, signed_at as "signedAt"';

export async function readNewestCheckpoint(db: Queryable): Promise<CheckpointRow | undefined> {
  const [row] = await db.query<CheckpointRow>(
    `select ${CHECKPOINT_COLUMNS} from loom.log_checkpoints order by number desc limit 1`,
  );
  return row;
}

export async function readCheckpoints(
  db: Queryable,
  after: number,
  limit: number,
): Promise<CheckpointRow[]> {
  return db.query<CheckpointRow>(
    `select ${CHECKPOINT_COLUMNS} from loom.log_checkpoints where number > $1
     order by number limit $2`,
    [after, limit],
  );
}

export function insertCheckpointWithCommit(
  tx: Tx,
  checkpoint: { size: number; root: Uint8Array; note: string; signedAt: Date },
): void {
  tx.withCommit(
    `insert into loom.log_checkpoints (number, size, root, note, signed_at)
     select coalesce(max(number), 0) + 1, $1, $2, $3, $4 from loom.log_checkpoints`,
    [
      checkpoint.size,
      Buffer.from(checkpoint.root),
      checkpoint.note,
      checkpoint.signedAt.toISOString(),
    ],
  );
}

export interface KeyRow {
  name: string;
  publicKey: Buffer;
  privateKey: string | null;
}

/** All keys the log was ever signed with, the newest first. */
export async function readKeys(db: Queryable): Promise<KeyRow[]> {
  return db.query<KeyRow>(
    `select name, public_key as "publicKey", private_key as "privateKey"
     from loom.log_keys order by id desc`,
  );
}

export async function insertKey(tx: Tx, key: KeyRow): Promise<void> {
  await tx.query(
    `insert into loom.log_keys (name, public_key, private_key) values ($1, $2, $3)
     on conflict (public_key) do nothing`,
    [key.name, key.publicKey, key.privateKey],
  );
}
