/** Acts on signals as they come. Any node may run it, and all of them do. */
import { type BackgroundLoop, type Clock, type Db, type Logger, startLoop } from '#kernel';
import type { Intake } from './service.ts';
import { INBOX_CHANNEL } from './store.ts';

const TIDY_EVERY_MS = 3_600_000;

export function createIntakeLoop(deps: {
  intake: Intake;
  db: Db;
  clock: Clock;
  log: Logger;
  everyMs?: number;
}): BackgroundLoop {
  const { intake, db, clock, log, everyMs = 1_000 } = deps;
  let tidiedAt = clock.now().getTime();
  return startLoop({
    name: 'intake',
    everyMs,
    clock,
    log,
    async work() {
      if (clock.now().getTime() - tidiedAt > TIDY_EVERY_MS) {
        tidiedAt = clock.now().getTime();
        await intake.tidy();
      }
      return intake.processOnce();
    },
    listen: (bell, signal) => db.listen(INBOX_CHANNEL, () => bell.ring(), signal),
  });
}
