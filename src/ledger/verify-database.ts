/**
 * Checks the live tables against the signed checkpoints, in one snapshot: every entry must be what its
 * event says and have the hash that was signed. Ranges of entries are compared in bulk; one in which
 * anything is wrong is gone through entry by entry, and the row is named. Whoever edits, removes or
 * moves a row in any of the tables is found.
 */
import type { Db, Tx } from '#kernel';
import { readVerifiers } from './log-key.ts';
import {
  type CheckpointRow,
  readCheckpoints,
  readNewestCheckpoint,
  readTiles,
} from './log-store.ts';
import { openPinned } from './pinned.ts';
import { PromiseKeeper } from './promises.ts';
import { openCheckpoint } from './transparency/checkpoint.ts';
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
import { type BulkRange, checkRanges, newSeed, withReaders } from './verify-bulk.ts';
import { readSize, readTotals } from './verify-bulk-store.ts';
import { checkLeaf, isErased, type LeafRow, readLeaves } from './verify-exact.ts';
import { findStrayRow } from './verify-store.ts';
import { Findings, type VerifyReport } from './verify-report.ts';

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
    await tx.query('set local statement_timeout = 0');
    return withReaders(db, tx, (readers) => verifyTables(tx, { ...options, readers }));
  });
}

/** The same as the caller's transaction sees the tables; `readers` see the same and share the work. */
export async function verifyTables(
  tx: Tx,
  { pinned, readers = [tx] }: { pinned?: string | undefined; readers?: readonly Tx[] } = {},
): Promise<VerifyReport> {
  const findings = new Findings();
  const verifiers = await readVerifiers(tx);
  const keeper = new PromiseKeeper(findings);
  if (pinned !== undefined) {
    const kept = openPinned(pinned, verifiers, findings);
    if (kept !== undefined) keeper.expect([kept]);
  }
  const seed = newSeed();
  const walk = new Walk(tx, findings, keeper, verifiers);
  await walk.run(readers, seed);
  const stray = await findStrayRow(tx, await addUp(tx, seed, walk, findings));
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

/** Whether events, payloads and names are as many, and the same, as those in the log and the queue. */
async function addUp(
  tx: Tx,
  seed: bigint,
  walk: Walk,
  { checked }: Findings,
): Promise<Parameters<typeof findStrayRow>[1]> {
  // What was walked through entry by entry was not added up.
  if (!walk.isSound) return { events: false, payloads: false, names: false };
  const { all, waiting } = await readTotals(tx, seed);
  return {
    events: all.events === checked.entries + waiting.events,
    payloads: all.payloads === checked.payloads + waiting.payloads,
    names: BigInt(all.fingerprint) === walk.fingerprint + BigInt(waiting.fingerprint),
  };
}

/** One walk through the log from its first entry to its last. */
class Walk {
  /** Whether all entries were found sound in bulk. */
  isSound = true;
  /** Of the names of all events, where all are sound. */
  fingerprint = 0n;
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

  async run(readers: readonly Tx[], seed: bigint): Promise<void> {
    await this.#expectCheckpoints();
    this.#keeper.reached(this.#tree);
    const size = await readSize(this.#tx);
    for await (const range of checkRanges(readers, { size, seed })) {
      if (range.isSound && range.isDated(this.#lastTime?.toISOString() ?? '')) {
        await this.#take(range);
      } else await this.#inspect(range);
      await this.#compareTiles(false);
    }
    await this.#compareTiles(true);
    if (this.#brokenAt === undefined) this.#keeper.ended(size);
  }

  /** Goes past a range in which all is right. */
  async #take(range: BulkRange): Promise<void> {
    const { checked } = this.#findings;
    checked.entries += range.end - range.start;
    checked.payloads += range.payloads;
    checked.redacted += range.redacted;
    this.fingerprint += range.fingerprint;
    this.#lastTime = new Date(range.lastTime);
    if (this.#brokenAt !== undefined) return;
    for (let at = 0; at < range.hashes.length;) {
      at += this.#keeper.grow(this.#tree, range.hashes.subarray(at));
      if (this.#tree.size === this.#lastCheckpoint?.size) await this.#expectCheckpoints();
    }
  }

  /** Goes through a range entry by entry, to name what is wrong. */
  async #inspect(range: BulkRange): Promise<void> {
    this.isSound = false;
    let next = range.start;
    for (const row of await readLeaves(this.#tx, range)) {
      if (row.seq !== next) this.#break(next, row.seq);
      await this.#visit(row);
      next = row.seq + 1;
    }
    if (next < range.end) this.#break(next, range.end);
  }

  #break(from: number, to: number): void {
    this.#brokenAt ??= from;
    const which = to - from === 1 ? `entry ${from} is` : `entries ${from} to ${to - 1} are`;
    this.#findings.add(`${which} missing from loom.log_leaves`, from);
  }

  async #visit(row: LeafRow): Promise<void> {
    const { checked } = this.#findings;
    checked.entries += 1;
    if (row.value !== null) checked.payloads += 1;
    if (isErased(row)) checked.redacted += 1;
    const { entry, time, problems } = checkLeaf(row, this.#lastTime);
    this.#lastTime = time;
    for (const problem of problems) this.#findings.add(problem, row.seq, row.event_id);
    if (this.#append(leafHash(entry))) await this.#expectCheckpoints();
  }

  /** True when the last of the checkpoints that were read is reached. */
  #append(leaf: Uint8Array): boolean {
    if (this.#brokenAt !== undefined) return false;
    this.#tree.append(leaf);
    this.#keeper.reached(this.#tree);
    return this.#tree.size === this.#lastCheckpoint?.size;
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
