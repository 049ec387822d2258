/**
 * The loop that puts old runs away, and forgets the oldest where the installation says so. Any node
 * runs it; rows that another one has in hand are passed over.
 */
import { type BackgroundLoop, type Clock, type Db, type Logger, startLoop } from '#kernel';
import type { Ledger } from '#ledger';
import { type Archived, archiveRuns, dropArchived } from './archive-store.ts';
import { runsArchived, runsForgotten } from './events.ts';

/** Few enough that a batch holds its locks for some hundredths of a second. */
const BATCH = 200;
const BATCHES_AT_ONCE = 50;

export interface ArchiveSettings {
  /** Runs are put away this many days after their end. */
  archiveAfterDays: number;
  /** And forgotten this many days after their end; undefined keeps them. */
  forgetAfterDays?: number | undefined;
}

interface ArchiveDeps {
  db: Db;
  ledger: Ledger;
  log: Logger;
}

/** One look: gives how many runs were put away and forgotten. */
export async function archiveOldRuns(
  { db, ledger, log }: ArchiveDeps,
  { archiveAfterDays, forgetAfterDays }: ArchiveSettings,
): Promise<{ archived: number; forgotten: number }> {
  const archived = await inBatches(() =>
    db.transaction(async (tx) => {
      const batch = await archiveRuns(tx, { afterDays: archiveAfterDays, limit: BATCH });
      if (batch !== undefined) await ledger.append(tx, runsArchived(batch));
      return batch;
    }),
  );
  const forgotten =
    forgetAfterDays === undefined
      ? 0
      : await inBatches(() =>
          db.transaction(async (tx) => {
            const batch = await dropArchived(tx, { keepDays: forgetAfterDays, limit: BATCH });
            if (batch !== undefined) await ledger.append(tx, runsForgotten(batch));
            return batch;
          }),
        );
  if (archived + forgotten > 0) log.info({ archived, forgotten }, 'old runs put away');
  return { archived, forgotten };
}

/** Until one is not full; what is left after many waits for the next look. */
async function inBatches(work: () => Promise<Archived | undefined>): Promise<number> {
  let count = 0;
  for (let batch = 0; batch < BATCHES_AT_ONCE; batch += 1) {
    const done = await work();
    count += done?.count ?? 0;
    if ((done?.count ?? 0) < BATCH) break;
  }
  return count;
}

export function createArchiveLoop(
  deps: ArchiveDeps & { clock: Clock; settings: ArchiveSettings; everyMs?: number },
): BackgroundLoop {
  const { clock, log, settings, everyMs = 60_000 } = deps;
  return startLoop({
    name: 'archive',
    everyMs,
    clock,
    log,
    async work() {
      const { archived } = await archiveOldRuns(deps, settings);
      return archived;
    },
  });
}
