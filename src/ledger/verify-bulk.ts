/**
 * Checks the log in bulk: the database compares rows with rows over several connections that see one
 * snapshot, and what comes back, in order, is one answer for each range. A range that is not sound in
 * all is left to the exact check.
 */
import { randomBytes } from 'node:crypto';
import type { Db, Tx } from '#kernel';
import { HASH_BYTES } from './transparency/merkle.ts';
import { checkRange, forgetRange, prepareRange, TIME_LENGTH } from './verify-bulk-store.ts';

/** Enough work for one statement to be worth its trip, and little enough to stay in the caches. */
const RANGE = 4_096;
/** How many processors the database has is not known here; most have four. */
const MAX_READERS = 4;

export interface BulkRange {
  start: number;
  end: number;
  /** Whether all rows are there and agree with each other, except for what `isDated` tells. */
  isSound: boolean;
  payloads: number;
  redacted: number;
  hashes: Buffer;
  /** Time of the last entry, in its own words. */
  lastTime: string;
  /** Whether each entry is dated as its event or, where that is later, as the entry before. */
  isDated(previous: string): boolean;
  fingerprint: bigint;
}

/** Random for each verification, so that nobody can change names to others of the same sum. */
export function newSeed(): bigint {
  return randomBytes(8).readBigUInt64BE() >> 2n;
}

/**
 * Gives the ranges of a log of `size` entries in their order. `readers` work side by side, each on
 * the next range nobody has.
 */
export async function* checkRanges(
  readers: readonly Tx[],
  { size, seed, width = RANGE }: { size: number; seed: bigint; width?: number },
): AsyncGenerator<BulkRange> {
  await Promise.all(readers.map((reader) => prepareRange(reader, seed)));
  const idle = [...readers];
  const running: { range: Promise<BulkRange>; reader: Tx }[] = [];
  let next = 0;
  const start = () => {
    // Not further ahead than there are readers: what is read and not yet used takes memory.
    for (; idle.length > 0 && next < size; next += width) {
      const reader = idle.shift()!;
      const place = { start: next, end: Math.min(next + width, size) };
      const range = checkRange(reader, { ...place, seed }).then((row) => toRange(place, row));
      range.catch(() => {});
      running.push({ range, reader });
    }
  };
  start();
  for (let first = running.shift(); first !== undefined; first = running.shift()) {
    const range = await first.range;
    idle.push(first.reader);
    start();
    yield range;
  }
  await Promise.all(readers.map((reader) => forgetRange(reader, seed)));
}

function toRange(
  place: { start: number; end: number },
  row: Awaited<ReturnType<typeof checkRange>>,
): BulkRange {
  const count = place.end - place.start;
  const { times, hashes, payloads, redacted } = row;
  const isWhole =
    row.leaves === count &&
    row.sound === count &&
    times.length === count * TIME_LENGTH &&
    hashes.length === count * HASH_BYTES;
  return {
    ...place,
    isSound: isWhole,
    payloads,
    redacted,
    hashes,
    lastTime: times.slice(-TIME_LENGTH),
    isDated: (previous) => areDated(times, new Set(row.postponed), { ...place, previous }),
    fingerprint: BigInt(row.fingerprint),
  };
}

/** Of one length and in UTC, times compare as text. */
function areDated(
  times: string,
  postponed: ReadonlySet<number>,
  { start, end, previous }: { start: number; end: number; previous: string },
): boolean {
  let last = previous;
  for (let seq = start; seq < end; seq += 1) {
    const from = (seq - start) * TIME_LENGTH;
    const time = times.slice(from, from + TIME_LENGTH);
    const isRight = postponed.has(seq) ? time === last : time >= last;
    if (!isRight) return false;
    last = time;
  }
  return true;
}

/**
 * Runs `work` with transactions that all see what `tx` sees, so that as many processors work. Never
 * more than a quarter of the pool is taken, and `tx` itself where that is nothing.
 */
export async function withReaders<Result>(
  db: Db,
  tx: Tx,
  work: (readers: readonly Tx[]) => Promise<Result>,
): Promise<Result> {
  const [row] = await tx.query<{ snapshot: string }>('select pg_export_snapshot() as snapshot');
  const done = Promise.withResolvers<void>();
  const openings = Array.from(
    { length: Math.min(MAX_READERS, Math.floor(db.poolSize / 4)) },
    () => {
      const opened = Promise.withResolvers<Tx | undefined>();
      const ended = db
        .transaction(async (reader) => {
          await reader.query('set transaction isolation level repeatable read, read only');
          await reader.query(`set transaction snapshot '${row!.snapshot}'`);
          await reader.query('set local statement_timeout = 0');
          opened.resolve(reader);
          await done.promise;
        })
        // A pool with no connection to spare makes it slower, not impossible.
        .catch(() => opened.resolve(undefined));
      return { opened: opened.promise, ended };
    },
  );
  try {
    const opened = await Promise.all(openings.map((each) => each.opened));
    const readers = opened.filter((reader) => reader !== undefined);
    return await work(readers.length === 0 ? [tx] : readers);
  } finally {
    done.resolve();
    await Promise.all(openings.map((each) => each.ended));
  }
}
