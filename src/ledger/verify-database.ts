/**
 * Checks the live tables against the signed checkpoints, in one snapshot: every entry is built anew
 * from its event and must have the hash that was signed. Whoever edits, removes or moves a row in
 * any of the tables is found, and the row is named.
 */
import type { Db, Tx } from '#kernel';
import { readVerifiers } from './log-key.ts';
import {
  type CheckpointRow,
  FIELD_COLUMNS,
  type FieldsRow,
  readCheckpoints,
  readNewestCheckpoint,
  readTiles,
  toFields,
} from './log-store.ts';
import { openPinned } from './pinned.ts';
import { commitTo } from './prepare.ts';
import { PromiseKeeper } from './promises.ts';
import { openCheckpoint } from './transparency/checkpoint.ts';
import { buildEntry, entryTime } from './transparency/entry.ts';
import { equalHashes, leafHash } from './transparency/merkle.ts';
import type { NoteVerifier } from './transparency/note.ts';
import {
  differingEntries,
  GrowingTree,
  TILE_WIDTH,
  tilePath,
  tilesOf,
  widthOf,
} from './transparency/tiles.ts';
import { findStrayRow } from './verify-store.ts';
import { Findings, type VerifyReport } from './verify-report.ts';

const ENTRIES_AT_ONCE = 2_048;
const CHECKPOINTS_AT_ONCE = 1_000;

/**
 * Verifies everything there is. `pinned` is the text of a checkpoint kept from before: the log
 * must extend it.
 */
export async function verifyDatabase(
  db: Db,
  options: { pinned?: string | undefined } = {},
): Promise<VerifyReport> {
  return db.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read, read only');
    return verifyTables(tx, options);
  });
}

/** The same as the caller's transaction sees the tables. */
export async function verifyTables(
  tx: Tx,
  { pinned }: { pinned?: string | undefined } = {},
): Promise<VerifyReport> {
  const findings = new Findings();
  const verifiers = await readVerifiers(tx);
  const keeper = new PromiseKeeper(findings);
  if (pinned !== undefined) {
    const kept = openPinned(pinned, verifiers, findings);
    if (kept !== undefined) keeper.expect([kept]);
  }
  await new Walk(tx, findings, keeper, verifiers).run();
  const stray = await findStrayRow(tx);
  if (stray !== undefined) findings.add(stray.what, stray.seq, stray.eventId);

  const newest = await readNewestCheckpoint(tx);
  const promised = newest && openCheckpoint(newest.note, verifiers);
  return findings.report({
    checkpoint:
      newest === undefined || promised === undefined
        ? null
        : {
            origin: promised.origin,
            size: promised.size,
            root: Buffer.from(promised.root).toString('base64'),
            note: newest.note,
          },
    trust: { key: 'found', isPinned: pinned !== undefined },
  });
}

interface LeafRow extends Omit<FieldsRow, 'id'> {
  seq: number;
  event_id: string;
  entry: Buffer;
  leaf_hash: Buffer;
  /** Null when the event is gone. */
  id: string | null;
  salt: Buffer | null;
  value: Buffer | null;
  is_redacted: boolean;
}

/** One walk through the log from its first entry to its last. */
class Walk {
  readonly #tx: Tx;
  readonly #findings: Findings;
  readonly #keeper: PromiseKeeper;
  readonly #verifiers: readonly NoteVerifier[];
  readonly #tree = new GrowingTree();
  #lastTime: Date | undefined;
  #lastCheckpoint: CheckpointRow | undefined;
  /** Where the log has a hole; from there on no root can be computed. */
  #brokenAt: number | undefined;

  constructor(
    tx: Tx,
    findings: Findings,
    keeper: PromiseKeeper,
    verifiers: readonly NoteVerifier[],
  ) {
    this.#tx = tx;
    this.#findings = findings;
    this.#keeper = keeper;
    this.#verifiers = verifiers;
  }

  async run(): Promise<void> {
    await this.#expectCheckpoints();
    this.#keeper.reached(this.#tree);
    let next = 0;
    for (;;) {
      const rows = await this.#readLeaves(next);
      for (const row of rows) {
        if (row.seq !== next) this.#break(next, row.seq);
        this.#visit(row);
        next = row.seq + 1;
        if (this.#brokenAt !== undefined) continue;
        this.#keeper.reached(this.#tree);
        if (this.#tree.size === this.#lastCheckpoint?.size) await this.#expectCheckpoints();
      }
      await this.#compareTiles(false);
      if (rows.length < ENTRIES_AT_ONCE) break;
    }
    await this.#compareTiles(true);
    if (this.#brokenAt === undefined) this.#keeper.ended(next);
  }

  #break(from: number, to: number): void {
    this.#brokenAt ??= from;
    const which = to - from === 1 ? `entry ${from} is` : `entries ${from} to ${to - 1} are`;
    this.#findings.add(`${which} missing from loom.log_leaves`, from);
  }

  #visit(row: LeafRow): void {
    this.#findings.checked.entries += 1;
    const bad = (what: string) => this.#findings.add(what, row.seq, row.event_id);
    let entry = row.entry;
    if (row.id === null) bad('its event is missing from loom.events');
    else {
      const fields = toFields({ ...row, id: row.id });
      const ts = entryTime(this.#lastTime, fields.recordedAt);
      entry = buildEntry({ ...fields, seq: row.seq, ts });
      this.#lastTime = ts;
      const difference = differenceOf(row, entry);
      if (difference !== undefined) {
        bad(difference);
        // Go on from what the log says, so that one edited time is one problem.
        this.#lastTime = timeOf(row.entry) ?? ts;
      }
      const payloadProblem = this.#checkPayload(row);
      if (payloadProblem !== undefined) bad(payloadProblem);
    }
    if (this.#brokenAt === undefined) this.#tree.append(leafHash(entry));
  }

  #checkPayload(row: LeafRow): string | undefined {
    const { data_commitment: commitment, salt, value } = row;
    if (salt === null || value === null) {
      if (commitment === null) return undefined;
      if (!row.is_redacted) return 'its payload is missing, and no payload.redacted says why';
      this.#findings.checked.redacted += 1;
      return undefined;
    }
    this.#findings.checked.payloads += 1;
    if (commitment === null) return 'it has a payload that was never committed to';
    if (row.is_redacted) return 'its payload was redacted and is there again';
    const isSame = equalHashes(commitTo(salt, value), commitment);
    return isSame ? undefined : 'its payload in loom.event_payloads is not the one recorded';
  }

  async #readLeaves(from: number): Promise<LeafRow[]> {
    return this.#tx.query<LeafRow>(
      `select ${FIELD_COLUMNS}, l.seq, l.event_id, l.entry, l.leaf_hash, p.salt, p.value,
         exists (select from loom.events r where r.redacts_seq = l.seq) as is_redacted
       from (select * from loom.log_leaves where seq >= $1 order by seq limit $2) l
         left join loom.events e on e.position = l.position
         left join loom.event_payloads p on p.position = l.position and p.field = 'data'
       order by l.seq`,
      [from, ENTRIES_AT_ONCE],
    );
  }

  async #expectCheckpoints(): Promise<void> {
    const last = this.#lastCheckpoint?.number ?? 0;
    const rows = await readCheckpoints(this.#tx, last, CHECKPOINTS_AT_ONCE);
    for (const row of rows) {
      this.#checkNote(row);
      this.#lastCheckpoint = row;
    }
    this.#keeper.expect(
      rows.map(({ number, size, root }) => ({ name: `checkpoint ${number}`, size, root })),
    );
  }

  #checkNote(row: CheckpointRow): void {
    const before = this.#lastCheckpoint;
    const missing = (before?.number ?? 0) + 1;
    if (row.number !== missing) this.#findings.add(`checkpoint ${missing} is missing`);
    if (before !== undefined && row.size <= before.size) {
      this.#findings.add(`checkpoint ${row.number} does not extend the one before`);
    }
    const promised = openCheckpoint(row.note, this.#verifiers);
    if (promised === undefined) {
      this.#findings.add(`checkpoint ${row.number} (size ${row.size}) has no valid signature`);
    } else if (promised.size !== row.size || !equalHashes(promised.root, row.root)) {
      this.#findings.add(`checkpoint ${row.number} says something else than its signed note`);
    }
  }

  /** Compares the tiles that were completed, and at the end also the unfinished ones. */
  async #compareTiles(isEnd: boolean): Promise<void> {
    if (this.#brokenAt !== undefined) return;
    const grown = this.#tree.takeChangedTiles();
    if (isEnd) {
      grown.push(...this.#tree.unfinishedTiles());
      const [stored] = await this.#tx.query<{ count: number }>(
        'select count(*) as count from loom.log_tiles',
      );
      const expected = tilesOf(this.#tree.size).reduce((count) => count + 1, 0);
      if (stored?.count !== expected) {
        this.#findings.add(`loom.log_tiles has ${stored?.count} rows instead of ${expected}`);
      }
    }
    const due = grown.filter((tile) => isEnd || widthOf(tile) === TILE_WIDTH);
    const stored = await readTiles(this.#tx, due);
    const byPlace = new Map(stored.map((tile) => [`${tile.level}/${tile.index}`, tile.hashes]));
    for (const tile of due) {
      this.#findings.checked.tiles += 1;
      const found = byPlace.get(`${tile.level}/${tile.index}`);
      if (found?.equals(tile.hashes) === true) continue;
      const path = tilePath(tile.level, tile.index, widthOf(tile));
      const what = `${path} in loom.log_tiles differs from the entries`;
      const { start, end } = differingEntries(tile, found);
      this.#findings.addWithin(what, start, end);
    }
  }
}

/** Says how a leaf and the entry built anew from its event differ. */
function differenceOf(row: LeafRow, rebuilt: Buffer): string | undefined {
  const isSame = rebuilt.equals(row.entry);
  const hasHash = equalHashes(leafHash(row.entry), row.leaf_hash);
  if (row.event_id !== row.id) return 'loom.log_leaves names another event';
  if (isSame) return hasHash ? undefined : 'loom.log_leaves holds a wrong leaf hash';
  if (!hasHash && equalHashes(leafHash(rebuilt), row.leaf_hash)) {
    return 'the entry in loom.log_leaves was edited';
  }
  return `its event in loom.events differs from the log in: ${differingKeys(row.entry, rebuilt)}`;
}

function differingKeys(logged: Buffer, rebuilt: Buffer): string {
  const before = parseObject(logged);
  const after = parseObject(rebuilt);
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  const differing = [...keys].filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  return differing.join(', ') || 'its form';
}

function parseObject(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function timeOf(entry: Buffer): Date | undefined {
  const { ts } = parseObject(entry);
  const time = typeof ts === 'string' ? new Date(ts) : undefined;
  return time === undefined || Number.isNaN(time.getTime()) ? undefined : time;
}
