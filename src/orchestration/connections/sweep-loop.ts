/**
 * Reads what webhooks may have lost: each scope of each connection, page by page, from where the last
 * reading ended. The deliveries of a page are kept before the cursor moves, so a crash reads a page twice
 * and loses none; intake knows what it was told already.
 */
import {
  AppError,
  type BackgroundLoop,
  type Clock,
  type Db,
  describeError,
  type Logger,
  startLoop,
} from '#kernel';
import type { SignalSweep } from '#connectors/contract';
import type { IntakeService } from '../service.ts';
import type { ConnectionService } from './service.ts';
import * as store from './store.ts';

const LOOK_EVERY_MS = 30_000;
const SWEEP_EVERY_MS = 5 * 60_000;
/** A node that dies in a sweep leaves its scope to others after this. */
const LEASE_MS = 10 * 60_000;
const MAX_PAGES = 500;

export interface SweepDeps {
  connections: Pick<ConnectionService, 'sweeps' | 'isPaused' | 'tally'>;
  intake: Pick<IntakeService, 'receive'>;
  db: Db;
  clock: Clock;
  log: Logger;
}

export function createSweepLoop(deps: SweepDeps): BackgroundLoop {
  return startLoop({
    name: 'sweeps',
    everyMs: LOOK_EVERY_MS,
    firstAfterMs: 5_000,
    clock: deps.clock,
    log: deps.log,
    async work() {
      let accepted = 0;
      for (const { name, sweep } of deps.connections.sweeps()) {
        accepted += await sweepConnection(deps, name, sweep);
      }
      return accepted;
    },
  });
}

/** Sweeps the scopes of one connection that are due. Gives how many signals were new. */
async function sweepConnection(deps: SweepDeps, name: string, sweep: SignalSweep): Promise<number> {
  let scopes: string[];
  try {
    scopes = await sweep.listScopes();
  } catch (error) {
    noteFailure(deps, name, error);
    return 0;
  }
  let accepted = 0;
  for (const scope of scopes) accepted += await sweepScope(deps, name, scope, sweep);
  return accepted;
}

async function sweepScope(
  deps: SweepDeps,
  name: string,
  scope: string,
  sweep: SignalSweep,
): Promise<number> {
  const { db, intake, connections } = deps;
  const taken = await store.takeScope(db, name, scope, LEASE_MS);
  if (taken === undefined) return 0;
  let { cursor } = taken;
  let accepted = 0;
  try {
    for (let page = 0; page < MAX_PAGES && !connections.isPaused(name); page += 1) {
      const read = await sweep.sweep(scope, cursor);
      const receipts = await Promise.all(
        read.deliveries.map(({ deliveryId, signals }) =>
          intake.receive({ source: name, deliveryId, signals }),
        ),
      );
      accepted += receipts.reduce((sum, receipt) => sum + receipt.accepted, 0);
      await store.saveCursor(db, name, scope, read.cursor);
      cursor = read.cursor;
      if (!read.hasMore) break;
    }
    connections.tally.succeeded(name);
    await store.endSweep(db, name, scope, { againInMs: SWEEP_EVERY_MS, error: null });
  } catch (error) {
    noteFailure(deps, name, error);
    await store.endSweep(db, name, scope, {
      againInMs: Math.max(LOOK_EVERY_MS, waitOf(error)),
      error: describeError(error),
    });
  }
  return accepted;
}

function noteFailure({ connections, log }: SweepDeps, name: string, error: unknown): void {
  connections.tally.failed(name, error);
  log.info({ err: error, connector: name }, 'a sweep was not ended; it goes on where it was');
}

/** How long the system wants us to wait, in milliseconds. */
function waitOf(error: unknown): number {
  const seconds = error instanceof AppError ? error.details?.['retryAfterSeconds'] : undefined;
  return typeof seconds === 'number' ? seconds * 1_000 : 0;
}
