/** Delivers what a crash of this node left untold by its forge: soon after the start, and now and then. */
import type { LocalForge } from '#connectors/local';
import { type BackgroundLoop, type Clock, type Logger, startLoop } from '#kernel';

const FIRST_AFTER_MS = 1_000;
const EVERY_MS = 5 * 60_000;

export function forgeSweepLoop(deps: {
  forge: LocalForge;
  clock: Clock;
  log: Logger;
}): BackgroundLoop {
  const { forge, clock, log } = deps;
  return startLoop({
    name: 'forge-sweep',
    everyMs: EVERY_MS,
    firstAfterMs: FIRST_AFTER_MS,
    clock,
    log,
    async work() {
      await forge.sweep();
      return 0;
    },
  });
}
