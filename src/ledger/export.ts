/**
 * The log as static files that a verifier of any make can check: signed checkpoints, entries, tiles,
 * proofs and payloads. The newest checkpoint comes last, so a torn export has none.
 */
import { AppError, type Db } from '#kernel';
import { readVerifiers } from './log-key.ts';
import { type CheckpointRow, readNewestCheckpoint, readTiles } from './log-store.ts';
import { hashRanges } from './proofs.ts';
import { formatConsistencyProof, formatInclusionProof } from './transparency/checkpoint.ts';
import { consistencyRanges, HASH_BYTES, inclusionRanges } from './transparency/merkle.ts';
import { formatVkey } from './transparency/note.ts';
import { tilePath, type TilePlace, tilesOf } from './transparency/tiles.ts';

/** A part of an export: the file at `path`, or what is to be put at its end. */
export interface ExportPart {
  path: string;
  data: Uint8Array;
  append: boolean;
}

const ENTRIES_AT_ONCE = 2_000;
const TILES_AT_ONCE = 100;
const MAX_CHECKPOINTS = 1_000;
const PROOFS = 16;

/**
 * Gives the files one by one; nothing is held in memory.
 * @throws AppError `ledger.nothing_to_export` or `ledger.export_disturbed`.
 */
export async function* exportLog(db: Db): AsyncGenerator<ExportPart> {
  const newest = await readNewestCheckpoint(db);
  const keys = await readVerifiers(db);
  if (newest === undefined) {
    throw new AppError('conflict', 'ledger.nothing_to_export', {
      message: 'The log has no signed checkpoint yet.',
      hint: 'The first one is signed within a second of the first event.',
    });
  }
  yield whole('vkey', keys.map((key) => `${formatVkey(key)}\n`).join(''));
  yield* exportEntries(db, newest.size);
  yield* exportTiles(db, newest.size);
  const older = await readOlderCheckpoints(db, newest);
  for (const { size, note } of older) yield whole(`checkpoints/${size}`, note);
  yield* exportProofs(db, newest, older);
  yield whole('checkpoint', newest.note);
}

function whole(path: string, text: string): ExportPart {
  return { path, data: Buffer.from(text), append: false };
}

interface ExportRow {
  seq: number;
  entry: Buffer;
  is_committed: boolean;
  salt: Buffer | null;
  value: Buffer | null;
}

async function* exportEntries(db: Db, size: number): AsyncGenerator<ExportPart> {
  for (let from = 0; from < size; from += ENTRIES_AT_ONCE) {
    const rows = await db.query<ExportRow>(
      `select l.seq, l.entry, e.data_commitment is not null as is_committed, p.salt, p.value
       from loom.log_leaves l left join loom.events e on e.position = l.position
         left join loom.event_payloads p on p.position = l.position and p.field = 'data'
       where l.seq >= $1 and l.seq < least($1 + $2, $3::bigint) order by l.seq`,
      [from, ENTRIES_AT_ONCE, size],
    );
    const erased = rows.filter(({ is_committed, value }) => is_committed && value === null);
    await refuseNewErasure(db, erased, size);
    const newline = Buffer.from('\n');
    const entries = Buffer.concat(rows.flatMap(({ entry }) => [entry, newline]));
    yield { path: 'entries.ndjson', data: entries, append: from > 0 };
    const payloads = rows.map(payloadLine).join('');
    yield { path: 'payloads.ndjson', data: Buffer.from(payloads), append: from > 0 };
  }
}

function payloadLine({ seq, salt, value }: ExportRow): string {
  if (salt === null || value === null) return '';
  const line = { index: seq, field: 'data', salt: salt.toString('base64') };
  return `${JSON.stringify({ ...line, value: value.toString('base64') })}\n`;
}

/** An export may not miss a payload whose redaction comes after its last entry. */
async function refuseNewErasure(db: Db, erased: readonly ExportRow[], size: number): Promise<void> {
  if (erased.length === 0) return;
  const late = await db.query(
    `select from loom.events r left join loom.log_leaves l on l.position = r.position
     where r.redacts_seq = any($1::bigint[]) group by r.redacts_seq
     having min(l.seq) is null or min(l.seq) >= $2`,
    [erased.map(({ seq }) => seq), size],
  );
  if (late.length === 0) return;
  throw new AppError('conflict', 'ledger.export_disturbed', {
    message: 'A payload was erased while the log was being exported.',
    hint: 'Start the export again.',
  });
}

async function* exportTiles(db: Db, size: number): AsyncGenerator<ExportPart> {
  for (const places of inGroups(tilesOf(size), TILES_AT_ONCE)) yield* readTileParts(db, places);
}

/** Cuts a sequence into groups, the last one with what is left. */
export function* inGroups<Item>(items: Iterable<Item>, size: number): Generator<Item[]> {
  let group: Item[] = [];
  for (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

async function* readTileParts(db: Db, places: readonly TilePlace[]): AsyncGenerator<ExportPart> {
  const tiles = await readTiles(db, places);
  const byPlace = new Map(tiles.map((tile) => [`${tile.level}/${tile.index}`, tile.hashes]));
  for (const { level, index, width } of places) {
    // A tile may have grown since; a missing one is left out, for the verifier to name.
    const data = byPlace.get(`${level}/${index}`)?.subarray(0, width * HASH_BYTES);
    if (data !== undefined) yield { path: tilePath(level, index, width), data, append: false };
  }
}

async function readOlderCheckpoints(db: Db, newest: CheckpointRow): Promise<CheckpointRow[]> {
  // Each one that is given away narrows where a change can hide, so they are spread evenly.
  const stride = Math.ceil(newest.number / MAX_CHECKPOINTS);
  return db.query<CheckpointRow>(
    `select number, size, root, note, signed_at as "signedAt" from loom.log_checkpoints
     where number < $1 and number % $2 = 0 order by number`,
    [newest.number, stride],
  );
}

async function* exportProofs(
  db: Db,
  newest: CheckpointRow,
  older: readonly CheckpointRow[],
): AsyncGenerator<ExportPart> {
  for (const index of spread(newest.size)) {
    const hashes = await hashRanges(db, inclusionRanges(index, newest.size));
    const text = formatInclusionProof(index, hashes, newest.note);
    yield whole(`proofs/inclusion/${index}.tlog-proof`, text);
  }
  for (const at of spread(older.length)) {
    const { size } = older[at]!;
    const hashes = await hashRanges(db, consistencyRanges(size, newest.size));
    const text = formatConsistencyProof(size, hashes, newest.note);
    yield whole(`proofs/consistency/${size}-${newest.size}`, text);
  }
}

/** Some numbers from 0 up to `count`, the first and the last among them. */
function spread(count: number): number[] {
  const picked = Array.from({ length: PROOFS }, (_, at) =>
    Math.floor((at * (count - 1)) / (PROOFS - 1)),
  );
  return count === 0 ? [] : [...new Set(picked)];
}
