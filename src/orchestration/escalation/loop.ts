/** Keeps the time of escalations: any node may run it, and all of them do. */
import { type BackgroundLoop, type Clock, type Logger, startLoop } from '#kernel';
import type { EscalationService } from './service.ts';

export function createEscalationLoop(deps: {
  escalations: Pick<EscalationService, 'keep'>;
  clock: Clock;
  log: Logger;
  everyMs?: number;
}): BackgroundLoop {
  const { escalations, clock, log, everyMs = 5_000 } = deps;
  return startLoop({ name: 'escalations', everyMs, clock, log, work: () => escalations.keep() });
}
