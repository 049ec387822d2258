/** Watches over collisions: any node may run it, and all of them do; a pair's row settles who was first. */
import { type BackgroundLoop, type Clock, type Logger, startLoop } from '#kernel';
import type { CollisionChecker } from './collision-service.ts';

export function createCollisionLoop(deps: {
  collisions: CollisionChecker;
  clock: Clock;
  log: Logger;
  everyMs?: number;
}): BackgroundLoop {
  const { collisions, clock, log, everyMs = 5_000 } = deps;
  return startLoop({ name: 'collisions', everyMs, clock, log, work: () => collisions.sweep() });
}
