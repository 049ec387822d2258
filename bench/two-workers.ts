/**
 * What a second worker process adds: the same runs worked off by one process and by two, interleaved.
 * The runs are started by a third process, this one. Database and workers share one machine, so with
 * steps that do nothing the figure says as much about its processors as about the engine: one worker and
 * the database fill two of them. Real steps wait, for a check, an agent, another system; what is short
 * then are the slots of a worker, and those a second process doubles. Both are measured.
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
/** How long a step waits, without using a processor. */
const WAITS_MS = [0, 30] as const;
type WaitMs = (typeof WAITS_MS)[number];

export interface WorkerRates {
  waitMs: WaitMs;
  processes: 1 | 2;
  stepsPerSecond: number[];
}

/** Steps per second by what steps do and the number of worker processes. */
export async function measureTwoWorkers(
  server: BenchServer,
  options: { rounds: number; runs: number },
): Promise<WorkerRates[]> {
  const url = await server.createDatabase('two_workers');
  await using db = openDatabase({ url, poolSize: 4 });
  await migrate(db);
  const rates = WAITS_MS.flatMap((waitMs) =>
    ([1, 2] as const).map((processes): WorkerRates => ({ waitMs, processes, stepsPerSecond: [] })),
  );
  for (let round = 0; round < options.rounds; round += 1) {
    for (const rate of round % 2 === 0 ? rates : rates.toReversed()) {
      const { processes, waitMs, stepsPerSecond } = rate;
      const workers = await Promise.all(
        Array.from({ length: processes }, () => startWorker(url, waitMs)),
      );
      await work(db, 40);
      // A slot is taken for as long as a step waits: half the runs take longer than all the others.
      const runs = waitMs === 0 ? options.runs : options.runs / 2;
      const before = performance.now();
      await work(db, runs);
      const seconds = (performance.now() - before) / 1_000;
      stepsPerSecond.push((runs * STEPS_PER_RUN) / seconds);
      for (const worker of workers) worker.kill('SIGKILL');
      await Promise.all(workers.map((worker) => once(worker, 'exit')));
    }
  }
  return rates;
}

async function startWorker(url: string, waitMs: WaitMs): Promise<ChildProcess> {
  const program = join(import.meta.dirname, 'worker-process.ts');
  const worker = spawn(process.execPath, [program, url, String(waitMs)], {
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
      db.transaction((tx) =>
        service.start(tx, { definition: CHAIN, title: `run ${index}`, input: {}, correlationId }),
      ),
    ),
  );
  await until(async () => {
    const [open] = await db.query<{ count: number }>(
      `select count(*)::int as count from loom.runs where state = 'running'`,
    );
    return open?.count === 0;
  }, runs);
}

export function twoWorkersTable(rates: readonly WorkerRates[]): Table {
  return {
    head: ['a step', 'worker processes', 'steps/s (median)', 'range', 'of one'],
    rows: rates.map(({ waitMs, processes, stepsPerSecond: all }) => [
      waitMs === 0 ? 'does nothing' : `waits ${waitMs} ms`,
      String(processes),
      String(Math.round(median(all))),
      `${Math.round(Math.min(...all))}-${Math.round(Math.max(...all))}`,
      processes === 1 ? '1' : ratioOf(rates, waitMs).toFixed(2),
    ]),
  };
}

function ratioOf(rates: readonly WorkerRates[], waitMs: WaitMs): number {
  const rate = (processes: 1 | 2) =>
    median(
      rates.find((one) => one.waitMs === waitMs && one.processes === processes)!.stepsPerSecond,
    );
  return rate(2) / rate(1);
}

export function twoWorkersVerdicts(rates: readonly WorkerRates[]): Verdict[] {
  return WAITS_MS.map((waitMs) => {
    const ratio = ratioOf(rates, waitMs);
    const steps =
      waitMs === 0
        ? `steps that do nothing, ${availableParallelism()} processors for workers and database`
        : `steps that wait ${waitMs} ms`;
    return {
      bar: `two worker processes: at least ${BAR}x one (${steps})`,
      figure: `${ratio.toFixed(2)}x`,
      isMet: ratio >= BAR,
    };
  });
}
