/**
 * Feeds projections in log order. A batch and the cursor behind it are one transaction, and the
 * cursor is locked meanwhile: several nodes share the work, and every entry is applied once.
 */
import { type BackgroundLoop, type Clock, type Db, type Logger, startLoop } from '#kernel';
import type { Projection } from './service.ts';
import { lockCursor, readCursors, readHead, readLog, saveCursor } from './store.ts';
import { LEDGER_CHANNEL, NEWS, PROMPT, ringOn } from './wake.ts';

const BATCH = 500;

export interface ProjectorDeps {
  db: Db;
  clock: Clock;
  log: Logger;
  projections: readonly Projection[];
  /** False leaves the work to `runOnce`. */
  start?: boolean | undefined;
}

/** `runOnce` brings every projection up to the head of the log. */
export function createProjector(deps: ProjectorDeps): BackgroundLoop {
  const { db, clock, projections } = deps;

  /** Applies one batch and says how many entries it covered; 0 when another node is at it. */
  async function advance(projection: Projection, mayWait: boolean): Promise<number> {
    return db.transaction(async (tx) => {
      const seq = await lockCursor(tx, projection.name, mayWait);
      if (seq === undefined) return 0;
      const events = await readLog(tx, seq, BATCH);
      const last = events.at(-1)?.seq;
      if (last === undefined || last === null) return 0;
      const wanted = events.filter(({ type }) => wants(projection, type));
      if (wanted.length > 0) await projection.apply(tx, wanted);
      await saveCursor(tx, projection.name, last, clock.now());
      return events.length;
    });
  }

  async function advanceAll(mayWait: boolean): Promise<number> {
    const head = await readHead(db);
    const cursors = await readCursors(db);
    let covered = 0;
    const failures: unknown[] = [];
    for (const projection of projections) {
      if ((cursors.get(projection.name) ?? -1) >= head) continue;
      // One projection that fails does not hold up the others.
      covered += await advance(projection, mayWait).catch((error: unknown) => {
        failures.push(error);
        return 0;
      });
    }
    if (failures.length > 0 && covered === 0) throw failures[0];
    return covered;
  }

  return startLoop({
    name: 'projector',
    clock,
    log: deps.log.child({ room: 'ledger' }),
    ...PROMPT,
    work: () => advanceAll(false),
    async runOnce() {
      let covered = 0;
      for (;;) {
        const count = await advanceAll(true);
        if (count === 0) return covered;
        covered += count;
      }
    },
    listen: (bell, signal) => ringOn(db, LEDGER_CHANNEL, NEWS.placed, bell, signal),
    start: deps.start,
  });
}

function wants({ types }: Projection, type: string): boolean {
  if (types === undefined) return true;
  return types.some((wanted) => (wanted.endsWith('.') ? type.startsWith(wanted) : type === wanted));
}
