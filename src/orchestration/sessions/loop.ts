/** Watches over sessions: any node may run it, and all of them do. */
import { type BackgroundLoop, type Clock, type Logger, startLoop } from '#kernel';
import type { SessionSweeper } from './service.ts';

export function createSessionLoop(deps: {
  sessions: SessionSweeper;
  clock: Clock;
  log: Logger;
  everyMs?: number;
}): BackgroundLoop {
  const { sessions, clock, log, everyMs = 5_000 } = deps;
  return startLoop({ name: 'sessions', everyMs, clock, log, work: () => sessions.sweep() });
}
