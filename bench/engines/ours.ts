/** Our engine: the real service and worker; with the ledger, and without it to show what it costs. */
import {
  createLogger,
  createNewId,
  type Db,
  type Id,
  migrate,
  openDatabase,
  systemClock,
} from '../../src/kernel/index.ts';
import { createLedger, type Ledger, type LedgerEvent } from '../../src/ledger/index.ts';
import {
  createWorkflowService,
  createWorkflowWorker,
  type WorkflowGraph,
} from '../../src/orchestration/index.ts';
import {
  AT_ONCE,
  type BenchEngine,
  type BenchPeer,
  inLanes,
  STEPS_PER_RUN,
  until,
} from './engine.ts';

export const CHAIN: WorkflowGraph = {
  name: 'chain',
  source: 'bench',
  steps: Array.from({ length: STEPS_PER_RUN }, (_, index) => ({
    name: `step-${index}`,
    kind: 'notify',
    needs: index === 0 ? [] : [`step-${index - 1}`],
    with: {},
    origin: 'bench',
    maxAttempts: 3,
    backoffMs: 1_000,
    timeoutMs: null,
  })),
};

export const ours: BenchPeer = {
  name: 'LoomStack, with ledger',
  note: 'every step writes its event in the transaction of its state',
  open: (url) => open(url, (ledger) => ledger),
};

export const oursWithoutLedger: BenchPeer = {
  name: 'LoomStack, without ledger',
  note: 'the same engine with events dropped: what the ledger costs',
  open: (url) => open(url, droppingEvents),
};

/** What the engine pays for its events is the difference; nothing else may use this. */
function droppingEvents(ledger: Ledger): Ledger {
  return {
    ...ledger,
    append: async () => ({}) as LedgerEvent,
    appendMany: async () => [],
    appendWithCommit: () => {},
    appendCountedWithCommit: () => {},
  };
}

async function open(url: string, wrap: (ledger: Ledger) => Ledger): Promise<BenchEngine> {
  const db = openDatabase({ url, poolSize: AT_ONCE + 4 });
  await migrate(db);
  const clock = systemClock;
  const newId = createNewId(clock);
  const log = createLogger({ level: 'error' });
  const ledger = wrap(createLedger({ db, clock, newId, log, tenant: 'bench' }));
  const deps = { db, ledger, clock, newId, log };
  const service = createWorkflowService(deps);
  let stepsRun = 0;
  const worker = createWorkflowWorker({
    ...deps,
    handlers: [
      {
        kind: 'notify',
        async run() {
          stepsRun += 1;
          return { outcome: 'done' };
        },
      },
    ],
    workerId: newId('req'),
    concurrency: AT_ONCE,
    leaseMs: 30_000,
  });
  const correlationId = newId('evt');
  return {
    async run(count) {
      const ids: Id<'run'>[] = [];
      const goal = stepsRun + count * STEPS_PER_RUN;
      await inLanes(count, AT_ONCE, async (index) => {
        const run = { definition: CHAIN, title: `run ${index}`, input: {}, correlationId };
        ids.push((await service.startGrouped(run)).id);
      });
      // Asking for each result would load the database; the last commits are waited for below.
      await until(() => stepsRun >= goal, count);
      await untilDone(db, ids);
    },
    async [Symbol.asyncDispose]() {
      await worker[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
}

async function untilDone(db: Db, ids: readonly Id<'run'>[]): Promise<void> {
  await until(async () => {
    const [open] = await db.query<{ count: number }>(
      `select count(*)::int as count from loom.runs where id = any($1) and state = 'running'`,
      [ids],
    );
    return open?.count === 0;
  }, ids.length);
}
