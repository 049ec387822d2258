/** Acts on signals as they come. Any node may run it, and all of them do. */
import type { Clock, Db, Logger } from '#kernel';
import type { BackgroundLoop } from '#ledger';
import { startLoop } from '../background-loop.ts';
import type { Intake } from './service.ts';

const TIDY_EVERY_MS = 3_600_000;

export function createIntakeLoop(deps: {
  intake: Intake;
  db: Db;
  clock: Clock;
  log: Logger;
  everyMs?: number;
}): BackgroundLoop {
  const { intake, db, clock, log, everyMs = 1_000 } = deps;
  const stopping = new AbortController();
  let tidiedAt = clock.now().getTime();
  const loop = startLoop({
    name: 'intake',
    everyMs,
    log,
    async runOnce() {
      if (clock.now().getTime() - tidiedAt > TIDY_EVERY_MS) {
        tidiedAt = clock.now().getTime();
        await intake.tidy();
      }
      return intake.processOnce();
    },
  });
  // A wake-up only; polling is the truth.
  db.listen('loom_inbox', () => loop.wake(), stopping.signal);
  return {
    name: loop.name,
    runOnce: () => loop.runOnce(),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await loop[Symbol.asyncDispose]();
    },
  };
}
