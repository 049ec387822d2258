/** Looks for workflows for work items as they come and change. Any node may run it. */
import { type BackgroundLoop, type Clock, type Db, type Logger, startLoop } from '#kernel';
import type { CompositionService } from './service.ts';

const AT_ONCE = 100;

export function createCompositionLoop(deps: {
  composition: Pick<CompositionService, 'considerWorkItems'>;
  db: Db;
  clock: Clock;
  log: Logger;
  everyMs?: number;
}): BackgroundLoop {
  const { composition, clock, log, everyMs = 2_000 } = deps;
  return startLoop({
    name: 'composition',
    everyMs,
    clock,
    log,
    runOnce: () => composition.considerWorkItems(AT_ONCE),
    // What could not be considered stays; looking again at once would find it again.
    work: async () => {
      await composition.considerWorkItems(AT_ONCE);
      return 0;
    },
  });
}
