/** Writes down what this node saw of its connections, and learns which are paused. */
import { type BackgroundLoop, type Clock, type Logger, startLoop } from '#kernel';
import type { ConnectionService } from './service.ts';

const EVERY_MS = 2_000;

export function createConnectionLoop(deps: {
  connections: Pick<ConnectionService, 'sync'>;
  clock: Clock;
  log: Logger;
}): BackgroundLoop {
  const { connections, clock, log } = deps;
  return startLoop({
    name: 'connections',
    everyMs: EVERY_MS,
    clock,
    log,
    async work() {
      await connections.sync();
      return 0;
    },
  });
}
