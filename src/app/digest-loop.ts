/**
 * Sends the daily digest through the outbox. The key of a message is its channel and day, so that each
 * channel is told once a day, however many nodes there are and however often they start.
 */
import { digestWords, dueDay, readChannel, readDigest } from '#insights';
import {
  type BackgroundLoop,
  type Clock,
  type Config,
  type Db,
  type Logger,
  startLoop,
} from '#kernel';
import type { Ledger } from '#ledger';

const LOOK_EVERY_MS = 60_000;
const DAY_MS = 24 * 3_600_000;

export interface DigestDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  settings: Config['connectors']['digest'];
  publicUrl: string;
}

/** Gives how many messages were new. */
export async function sendDigests(deps: DigestDeps): Promise<number> {
  const { db, ledger, clock, settings, publicUrl } = deps;
  const now = clock.now();
  const day = dueDay(now, settings.at, settings.zone);
  if (day === undefined) return 0;
  let sent = 0;
  for (const entry of settings.to) {
    const { channel, repository } = readChannel(entry);
    const idempotencyKey = `digest:${entry}:${day}`;
    const known = await db.query('select 1 from loom.outbox_messages where idempotency_key = $1', [
      idempotencyKey,
    ]);
    if (known.length > 0) continue;
    const window = { from: new Date(now.getTime() - DAY_MS), to: now, repository };
    const digest = await readDigest(db, window);
    const of = repository === null ? '' : ` of ${repository}`;
    const text = `The day${of}, ${day}\n\n${digestWords(digest, now, publicUrl)}`;
    await db.transaction((tx) =>
      ledger.enqueue(tx, { target: 'notify', payload: { channel, text }, idempotencyKey }),
    );
    sent += 1;
  }
  return sent;
}

export function digestLoop(deps: DigestDeps & { log: Logger }): BackgroundLoop {
  return startLoop({
    name: 'digest',
    everyMs: LOOK_EVERY_MS,
    clock: deps.clock,
    log: deps.log,
    work: () => sendDigests(deps),
  });
}
