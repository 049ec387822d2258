/**
 * What a second worker process adds: the same runs worked off by one process and by two, interleaved.
 * The runs are started by a third process, this one. Database and workers share one machine, so the
 * figure says as much about its processors as about the engine: the table holds what was used.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  createLogger,
  createNewId,
  type Db,
  migrate,
  openDatabase,
  systemClock,
} from '../src/kernel/index.ts';
import { createLedger } from '../src/ledger/index.ts';
import { createWorkflowService } from '../src/orchestration/index.ts';
import { STEPS_PER_RUN, until } from './engines/engine.ts';
import { CHAIN } from './engines/ours.ts';
import { median, type Table, type Verdict } from './report.ts';
import type { BenchServer } from './server.ts';

const BAR = 1.5;

export type WorkerRates = ReadonlyMap<1 | 2, number[]>;

/** Steps per second by number of worker processes. */
export async function measureTwoWorkers(
  server: BenchServer,
  options: { rounds: number; runs: number },
): Promise<WorkerRates> {
  const url = await server.createDatabase('two_workers');
  await using db = openDatabase({ url, poolSize: 4 });
  await migrate(db);
  const rates = new Map<1 | 2, number[]>([
    [1, []],
    [2, []],
  ]);
  for (let round = 0; round < options.rounds; round += 1) {
    for (const count of round % 2 === 0 ? ([1, 2] as const) : ([2, 1] as const)) {
      const workers = await Promise.all(Array.from({ length: count }, () => startWorker(url)));
      await work(db, 40);
      const before = performance.now();
      await work(db, options.runs);
      const seconds = (performance.now() - before) / 1_000;
      rates.get(count)!.push((options.runs * STEPS_PER_RUN) / seconds);
      for (const worker of workers) worker.kill('SIGKILL');
      await Promise.all(workers.map((worker) => once(worker, 'exit')));
    }
  }
  return rates;
}

async function startWorker(url: string): Promise<ChildProcess> {
  const worker = spawn(process.execPath, [join(import.meta.dirname, 'worker-process.ts'), url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(worker.stdout, 'data');
  return worker;
}

async function work(db: Db, runs: number): Promise<void> {
  const clock = systemClock;
  const newId = createNewId(clock);
  const log = createLogger({ level: 'error' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'bench' });
  const service = createWorkflowService({ db, ledger, clock, newId, log });
  const correlationId = newId('evt');
  await Promise.all(
    Array.from({ length: runs }, (_, index) =>
      service.startGrouped({ definition: CHAIN, title: `run ${index}`, input: {}, correlationId }),
    ),
  );
  await until(async () => {
    const [open] = await db.query<{ count: number }>(
      `select count(*)::int as count from loom.runs where state = 'running'`,
    );
    return open?.count === 0;
  }, runs);
}

export function twoWorkersTable(rates: WorkerRates): Table {
  return {
    head: ['worker processes', 'steps/s (median)', 'range'],
    rows: [...rates].map(([count, all]) => [
      String(count),
      String(Math.round(median(all))),
      `${Math.round(Math.min(...all))}-${Math.round(Math.max(...all))}`,
    ]),
  };
}

export function twoWorkersVerdicts(rates: WorkerRates): Verdict[] {
  const ratio = median(rates.get(2)!) / median(rates.get(1)!);
  return [
    {
      bar: `two worker processes: at least ${BAR}x one (${availableParallelism()} processors for workers and database)`,
      figure: `${ratio.toFixed(2)}x`,
      isMet: ratio >= BAR,
    },
  ];
}
