/**
 * A devbox on a repository of 10,000 files, from the request until somebody can work in it: from the warm
 * pool and from nothing, beside a plain `git worktree add` of the same commit. In turn, round by round.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cloneMirror, openRepository } from '../src/git/index.ts';
import {
  createLogger,
  createNewId,
  migrate,
  openDatabase,
  systemClock,
} from '../src/kernel/index.ts';
import { createLedger } from '../src/ledger/index.ts';
import { createDevboxService } from '../src/orchestration/index.ts';
import { median, type Table, type Verdict } from './report.ts';
import type { BenchServer } from './server.ts';

export interface DevboxMeasured {
  warmMs: number[];
  coldMs: number[];
  worktreeMs: number[];
}

const FILES = 10_000;
const BAR_MS = 2_000;

export async function measureDevbox(
  server: BenchServer,
  { rounds }: { rounds: number },
): Promise<DevboxMeasured> {
  const folder = join(server.folder, 'devbox');
  const { source, shas } = makeRepository(join(folder, 'source'));
  const mirrorDir = join(folder, 'mirror.git');
  await cloneMirror({ url: source, dir: mirrorDir });
  await using db = openDatabase({ url: await server.createDatabase('devbox') });
  await migrate(db);
  const clock = systemClock;
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'bench' });
  const signal = new AbortController().signal;
  const servicesOf = (warm: number) =>
    createDevboxService({
      db,
      ledger,
      clock,
      newId,
      log,
      context: { openMirror: async () => openRepository(mirrorDir) },
      folder: join(folder, `boxes-${warm}`),
      node: `bench-${warm}`,
      warm,
      environment: {},
    });
  await using pooled = servicesOf(1);
  await using plain = servicesOf(0);
  const measured: DevboxMeasured = { warmMs: [], coldMs: [], worktreeMs: [] };
  const repository = 'bench/large';

  for (let round = 0; round < rounds; round += 1) {
    // Ten commits apart from what the warm one stands on, as work usually is.
    const baseSha = shas[round % shas.length]!;
    for (const [service, times] of [
      [pooled, measured.warmMs],
      [plain, measured.coldMs],
    ] as const) {
      if (service === pooled) await pooled.warm(repository);
      const began = performance.now();
      const box = await service.open({ repository, baseSha, branch: `bench-${round}`, signal });
      times.push(performance.now() - began);
      if (service === pooled && !box.wasWarm) throw new Error('the pool was empty');
      await service.discard(box, 'measured');
    }
    const tree = join(folder, `tree-${round}`);
    const began = performance.now();
    execFileSync('git', [
      '--git-dir',
      mirrorDir,
      'worktree',
      'add',
      '-q',
      '--detach',
      tree,
      baseSha,
    ]);
    measured.worktreeMs.push(performance.now() - began);
    execFileSync('git', ['--git-dir', mirrorDir, 'worktree', 'remove', '--force', tree]);
  }
  return measured;
}

function makeRepository(source: string): { source: string; shas: string[] } {
  rmSync(source, { recursive: true, force: true });
  mkdirSync(source, { recursive: true });
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Bench', '-c', 'user.email=bench@localhost', ...args], {
      cwd: source,
      encoding: 'utf8',
    }).trim();
  git('init', '-q', '-b', 'main');
  // It would pack in the background while the repository is cloned and measured.
  git('config', 'gc.auto', '0');
  for (let at = 0; at < FILES; at += 1) {
    const place = join(source, `src/area-${at % 100}`);
    if (at < 100) mkdirSync(place, { recursive: true });
    writeFileSync(join(place, `file-${at}.ts`), `export const value${at} = ${at};\n`.repeat(40));
  }
  const shas: string[] = [];
  for (let commit = 0; commit < 10; commit += 1) {
    writeFileSync(join(source, `src/area-${commit}/file-${commit}.ts`), `// ${commit}\n`);
    git('add', '-A');
    git('commit', '-qm', `Change ${commit}`);
    shas.push(git('rev-parse', 'HEAD'));
  }
  return { source, shas };
}

const inMs = (values: readonly number[]) => `${Math.round(median(values))}`;

export function devboxTable({ warmMs, coldMs, worktreeMs }: DevboxMeasured): Table {
  const peer = median(worktreeMs);
  const row = (name: string, times: readonly number[]) => [
    name,
    inMs(times),
    `${Math.round(Math.max(...times))}`,
    (median(times) / peer).toFixed(2),
  ];
  return {
    head: ['ready to work in', 'median ms', 'slowest ms', 'of git worktree add'],
    rows: [
      row('devbox, warm', warmMs),
      row('devbox, from nothing', coldMs),
      row('git worktree add', worktreeMs),
    ],
  };
}

export function devboxVerdicts({ warmMs, worktreeMs }: DevboxMeasured): Verdict[] {
  const warm = median(warmMs);
  return [
    {
      bar: `a warm devbox on ${FILES} files is ready in <= ${BAR_MS} ms`,
      figure: `${Math.round(warm)} ms, ${(warm / median(worktreeMs)).toFixed(2)}x git worktree add`,
      isMet: warm <= BAR_MS,
    },
  ];
}
