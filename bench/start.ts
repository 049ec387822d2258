/**
 * From the command to the first answer over HTTP: the first start ever, which makes the database, and
 * warm ones. Each is a process of its own, as a person or a supervisor starts it; it is asked every few
 * milliseconds, and what it had used of the processors by its first answer is noted beside the time.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { treeSeconds } from './processor.ts';
import { median, type Table, type Verdict } from './report.ts';

const PROGRAM = join(import.meta.dirname, '..', 'bin', 'loom');
const ASK_EVERY_MS = 5;
const GIVE_UP_MS = 120_000;

interface Start {
  ms: number;
  /** Of all processes it started, its database too. */
  cpuSeconds: number;
}
export type StartMeasured = Record<'first' | 'warm', Start[]>;

export async function measureStart({ rounds }: { rounds: number }): Promise<StartMeasured> {
  const measured: StartMeasured = { first: [], warm: [] };
  for (let round = 0; round < rounds; round += 1) {
    const folder = mkdtempSync(join(tmpdir(), 'loom-bench-start-'));
    // The database server is another user where we are root.
    chmodSync(folder, 0o711);
    measured.first.push(await startOnce(folder));
    measured.warm.push(await startOnce(folder));
    rmSync(folder, { recursive: true, force: true });
  }
  return measured;
}

async function startOnce(folder: string): Promise<Start> {
  const port = await freePort();
  const before = performance.now();
  const child = spawn(PROGRAM, ['--data', folder, 'serve', '--port', String(port)], {
    stdio: 'ignore',
  });
  try {
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`loom serve ended with ${child.exitCode}`);
      if (performance.now() - before > GIVE_UP_MS) throw new Error('loom serve does not answer');
      await delay(ASK_EVERY_MS);
    }
    return { ms: performance.now() - before, cpuSeconds: treeSeconds(child.pid!) };
  } finally {
    await stop(child);
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`);
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const NAMES = { first: 'the first ever, which makes the database', warm: 'warm' } as const;

export function startTable(measured: StartMeasured): Table {
  return {
    head: ['start', 'median ms', 'slowest ms', 'processor s'],
    rows: (['first', 'warm'] as const).map((kind) => {
      const times = measured[kind].map(({ ms }) => ms);
      return [
        NAMES[kind],
        median(times).toFixed(0),
        Math.max(...times).toFixed(0),
        median(measured[kind].map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
      ];
    }),
  };
}

export function startVerdicts(measured: StartMeasured): Verdict[] {
  const seconds = (kind: 'first' | 'warm') => median(measured[kind].map(({ ms }) => ms)) / 1_000;
  return [
    {
      bar: 'first start ever to the first answer over HTTP: at most 5 s',
      figure: `${seconds('first').toFixed(1)} s`,
      isMet: seconds('first') <= 5,
    },
    {
      bar: 'warm start to the first answer over HTTP: at most 1.5 s',
      figure: `${seconds('warm').toFixed(1)} s`,
      isMet: seconds('warm') <= 1.5,
    },
  ];
}
