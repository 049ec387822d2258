/** Watches over sessions: any node may run it, and all of them do. */
import type { Logger } from '#kernel';
import type { BackgroundLoop } from '#ledger';
import { startLoop } from '../background-loop.ts';
import type { SessionSweeper } from './service.ts';

export function createSessionLoop(deps: {
  sessions: SessionSweeper;
  log: Logger;
  everyMs?: number;
}): BackgroundLoop {
  const { sessions, log, everyMs = 5_000 } = deps;
  return startLoop({ name: 'sessions', everyMs, log, runOnce: () => sessions.sweep() });
}
