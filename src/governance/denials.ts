/** Writes denials to the ledger, but lets no loop flood it: one event a minute per caller and action. */
import type { Clock, Db, Logger } from '#kernel';
import type { Ledger } from '#ledger';
import { authorizationDenied } from './events.ts';
import type { Action, Principal } from './schema.ts';
import type { Resource } from './service.ts';

const QUIET_MS = 60_000;
/** Callers remembered at once; beyond it the longest known is forgotten and may report again. */
const MAX_REMEMBERED = 10_000;

export interface DenialRecorder {
  record(principal: Principal, action: Action, resource: Resource): Promise<void>;
}

export function createDenialRecorder(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  log: Logger;
}): DenialRecorder {
  const { db, ledger, clock, log } = deps;
  const remembered = new Map<string, { reportedAt: number; unreported: number }>();

  async function record(principal: Principal, action: Action, resource: Resource): Promise<void> {
    const now = clock.now().getTime();
    const key = `${principal.id} ${action}`;
    const known = remembered.get(key);
    if (known !== undefined && now - known.reportedAt < QUIET_MS) {
      known.unreported += 1;
      return;
    }
    remembered.delete(key);
    if (remembered.size >= MAX_REMEMBERED) {
      const [oldest = ''] = remembered.keys();
      remembered.delete(oldest);
    }
    remembered.set(key, { reportedAt: now, unreported: 0 });
    try {
      await db.transaction(async (tx) => {
        await ledger.append(
          tx,
          authorizationDenied(principal, action, resource, known?.unreported ?? 0),
        );
      });
    } catch (error) {
      // The denial stands whether or not it could be written down.
      log.error({ err: error, action }, 'denial could not be recorded');
    }
  }

  return { record };
}
