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
import { AT_ONCE, type BenchEngine, type BenchPeer, inLanes, STEPS_PER_RUN } from './engine.ts';

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

/** Calls back after the commit that ends a run, as others resolve a handle then. */
function tellingEnds(ledger: Ledger, onEnded: () => void): Ledger {
  return {
    ...ledger,
    appendCountedWithCommit(tx, events) {
      const ends = events.filter(({ event }) => event.type === 'run.completed').length;
      for (let end = 0; end < ends; end += 1) tx.afterCommit(onEnded);
      ledger.appendCountedWithCommit(tx, events);
    },
  };
}

async function open(url: string, wrap: (ledger: Ledger) => Ledger): Promise<BenchEngine> {
  const db = openDatabase({ url, poolSize: AT_ONCE + 4 });
  await migrate(db);
  const clock = systemClock;
  const newId = createNewId(clock);
  const log = createLogger({ level: 'error' });
  let open = 0;
  let allEnded = Promise.withResolvers<void>();
  const ledger = tellingEnds(wrap(createLedger({ db, clock, newId, log, tenant: 'bench' })), () => {
    open -= 1;
    if (open === 0) allEnded.resolve();
  });
  const deps = { db, ledger, clock, newId, log };
  const service = createWorkflowService(deps);
  const worker = createWorkflowWorker({
    ...deps,
    handlers: [
      {
        kind: 'notify',
        async run() {
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
      open = count;
      allEnded = Promise.withResolvers();
      await inLanes(count, AT_ONCE, async (index) => {
        const run = { definition: CHAIN, title: `run ${index}`, input: {}, correlationId };
        ids.push((await db.transaction((tx) => service.start(tx, run))).id);
      });
      await allEnded.promise;
      await refuseUnended(db, ids);
    },
    async [Symbol.asyncDispose]() {
      await worker[Symbol.asyncDispose]();
      await db[Symbol.asyncDispose]();
    },
  };
}

/** What was told must be so in the tables. */
async function refuseUnended(db: Db, ids: readonly Id<'run'>[]): Promise<void> {
  const [row] = await db.query<{ count: number }>(
    `select count(*)::int as count from loom.runs where id = any($1) and state <> 'done'`,
    [ids],
    'bench-unended',
  );
  if (row?.count !== 0) throw new Error(`${row?.count} runs are not done`);
}
