/**
 * Gives committed events their place in the transparency log. Any node may do it; a transaction lock
 * lets one at a time. Leaves, tiles and checkpoint are one transaction, so that after any crash the
 * log still ends in what it promised.
 */
import { type BackgroundLoop, type Clock, type Db, type Logger, startLoop, type Tx } from '#kernel';
import { obtainSigner, readKeyFile } from './log-key.ts';
import {
  insertCheckpointWithCommit,
  insertLeavesWithCommit,
  lockSequencer,
  type LogState,
  type NewLeaf,
  readEntry,
  readState,
  readTiles,
  readWaiting,
  saveTilesWithCommit,
  unfinishedTiles,
} from './log-store.ts';
import { signCheckpoint } from './transparency/checkpoint.ts';
import { buildEntry, Entry, entryTime } from './transparency/entry.ts';
import { leafHash } from './transparency/merkle.ts';
import type { NoteSigner } from './transparency/note.ts';
import { GrowingTree } from './transparency/tiles.ts';
import { createTransparencyLog, type TransparencyLog } from './transparency-log.ts';
import { createAnnouncer, LEDGER_CHANNEL, NEWS, PROMPT, ringOn } from './wake.ts';

const BATCH = 1_024;
/** A checkpoint is signed after this time or this many entries, whichever comes first. */
const CHECKPOINT_MS = 1_000;
const CHECKPOINT_ENTRIES = 256;

export interface SequencerDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  /** Name of the log in its checkpoints; kept for ever. */
  origin: string;
  /** Ed25519 private key (PKCS#8 PEM). Without it the key is made and kept in the database. */
  keyFile?: string | undefined;
  /** False leaves the work to `runOnce`. */
  start?: boolean | undefined;
}

/**
 * `runOnce` places everything that was committed before the call and signs it.
 * @throws AppError `ledger.bad_key` when the key file is of no use.
 */
export function createSequencer(deps: SequencerDeps): BackgroundLoop & TransparencyLog {
  const { db, clock, origin } = deps;
  const fromFile = deps.keyFile === undefined ? undefined : readKeyFile(deps.keyFile, origin);

  const announcePlaced = createAnnouncer(db, LEDGER_CHANNEL, NEWS.placed);

  /** One batch in one transaction; undefined when another node is at it. */
  async function advance(mustSign: boolean, mayWait: boolean): Promise<number | undefined> {
    return db.transaction(async (tx) => {
      if (!(await lockSequencer(tx, mayWait))) return undefined;
      const signer = await obtainSigner(tx, origin, fromFile);
      const state = await readState(tx);
      const waiting = await readWaiting(tx, BATCH);
      if (waiting.length === 0 && !isCheckpointDue(state, state.size, mustSign)) return 0;

      const tree = await loadTree(tx, state.size);
      if (waiting.length > 0) {
        const leaves = makeLeaves(waiting, state.size, await readLastTime(tx, state.size));
        for (const { hash } of leaves) tree.append(hash);
        insertLeavesWithCommit(tx, state.size, leaves);
        saveTilesWithCommit(tx, tree.takeChangedTiles());
        tx.afterCommit(announcePlaced);
      }
      if (isCheckpointDue(state, tree.size, mustSign)) sign(tx, tree, signer);
      return waiting.length;
    });
  }

  function isCheckpointDue(state: LogState, size: number, mustSign: boolean): boolean {
    if (size === state.signedSize) return false;
    if (mustSign || state.signedAt === null) return true;
    const ageMs = clock.now().getTime() - state.signedAt.getTime();
    // A checkpoint from the future was signed by a node whose clock is ahead of ours.
    return ageMs >= CHECKPOINT_MS || ageMs < 0 || size - state.signedSize >= CHECKPOINT_ENTRIES;
  }

  function sign(tx: Tx, tree: GrowingTree, signer: NoteSigner): void {
    const checkpoint = { origin, size: tree.size, root: tree.root() };
    const note = signCheckpoint(checkpoint, signer);
    insertCheckpointWithCommit(tx, { ...checkpoint, note, signedAt: clock.now() });
  }

  async function work(): Promise<number> {
    // A look without the lock, so that idle nodes cost one small query.
    const state = await readState(db);
    if (!state.isAnyWaiting && !isCheckpointDue(state, state.size, false)) return 0;
    return (await advance(false, false)) ?? 0;
  }

  async function runOnce(): Promise<number> {
    let placed = 0;
    for (;;) {
      const count = (await advance(true, true)) ?? 0;
      placed += count;
      if (count < BATCH) return placed;
    }
  }

  const loop = startLoop({
    name: 'sequencer',
    clock,
    log: deps.log.child({ room: 'ledger' }),
    ...PROMPT,
    work,
    runOnce,
    listen: (bell, signal) => ringOn(db, LEDGER_CHANNEL, NEWS.appended, bell, signal),
    start: deps.start,
  });
  return { ...loop, ...createTransparencyLog(db) };
}

async function loadTree(tx: Tx, size: number): Promise<GrowingTree> {
  const tiles = await readTiles(tx, unfinishedTiles(size));
  const byPlace = new Map(tiles.map((tile) => [`${tile.level}/${tile.index}`, tile.hashes]));
  return new GrowingTree(size, (level, index) => {
    const hashes = byPlace.get(`${level}/${index}`);
    if (hashes === undefined) throw new Error(`tile ${level}/${index} of the log is missing`);
    return hashes;
  });
}

async function readLastTime(tx: Tx, size: number): Promise<Date | undefined> {
  const entry = size === 0 ? undefined : await readEntry(tx, size - 1);
  return entry === undefined ? undefined : new Date(Entry.parse(JSON.parse(entry.toString())).ts);
}

function makeLeaves(
  waiting: Awaited<ReturnType<typeof readWaiting>>,
  firstSeq: number,
  lastTime: Date | undefined,
): NewLeaf[] {
  let ts = lastTime;
  return waiting.map((fields, index) => {
    ts = entryTime(ts, fields.recordedAt);
    const entry = buildEntry({ ...fields, seq: firstSeq + index, ts });
    return { position: fields.position, eventId: fields.id, entry, hash: leafHash(entry) };
  });
}
