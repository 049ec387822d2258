/** Looks now and then whether the ranking is due to be fitted anew. */
import { type BackgroundLoop, type Clock, type Logger, startLoop } from '#kernel';
import type { RankingFits } from './service.ts';

const EVERY_MS = 3_600_000;
/** A server that has just started has better things to do. */
const FIRST_AFTER_MS = 10 * 60_000;

export function createRankingFitLoop(deps: {
  context: Pick<RankingFits, 'startFitIfDue'>;
  clock: Clock;
  log: Logger;
}): BackgroundLoop {
  return startLoop({
    name: 'ranking-fits',
    everyMs: EVERY_MS,
    firstAfterMs: FIRST_AFTER_MS,
    clock: deps.clock,
    log: deps.log,
    work: async () => ((await deps.context.startFitIfDue()) ? 1 : 0),
  });
}
