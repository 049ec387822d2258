/**
 * Context packs over a repository of ten thousand files and more, through the service that answers agents: how
 * long the import takes and how long it keeps the event loop, how fast whole packs are made warm, how soon a
 * push is seen in one, and what the process holds in memory.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ContextRequest, createContextService, readPurpose } from '../src/context/index.ts';
import { openRepository } from '../src/git/index.ts';
import {
  createLogger,
  createNewId,
  migrate,
  openDatabase,
  systemClock,
} from '../src/kernel/index.ts';
import { createLedger } from '../src/ledger/index.ts';
import { percentile, type Table, type Verdict } from './report.ts';
import type { BenchServer } from './server.ts';

export interface ContextMeasured {
  repository: string;
  files: number;
  commits: number;
  importMs: number;
  /** Until the ranking answers, after the import. */
  indexMs: number;
  /** The longest time the event loop was kept, importing and indexing. */
  stallMs: number;
  /** Of it, what the main thread itself worked. */
  stallWorkMs: number;
  packMs: number[];
  /** Processor time of all our threads; the database's is not in it. */
  packWorkMs: number[];
  pushMs: number[];
  /** Processor time of all our threads until then; git's and the database's are not in it. */
  pushWorkMs: number[];
  /** Until the graph knows of the push, too. */
  graphMs: number[];
  /** Most held at any time, all threads of the process. */
  rssMb: number;
  /** What the graph holds: living facts by kind, the most first. */
  graphRows: { kind: string; facts: number }[];
  /** Left out of the packs' sources, by reason. */
  skipped: { reason: string; count: number }[];
}

const MADE_FILES = 10_000;
const MADE_CHANGES = 400;
const WORDS =
  'Payment Refund Cart Stock Mail Invoice Address Coupon Session Search Basket Price'.split(' ');
const ACTOR = { kind: 'system', id: 'bench' } as const;
const GIVE_UP_MS = 120_000;
const BARS = { packMs: 300, pushMs: 2_000, stallMs: 50 };

/** `clone` is a clone with full history, read only; without one a repository is made. */
export async function measureContext(
  server: BenchServer,
  { clone, packs, pushes }: { clone: string | undefined; packs: number; pushes: number },
): Promise<ContextMeasured> {
  const folder = join(server.folder, 'context');
  mkdirSync(folder, { recursive: true });
  const source = join(folder, 'source');
  if (clone === undefined) makeRepository(source);
  else execFileSync('git', ['clone', '-q', '--shared', '--no-checkout', clone, source]);
  await using db = openDatabase({ url: await server.createDatabase('context') });
  await migrate(db);
  const clock = systemClock;
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'bench' });
  const mirrors = join(folder, 'mirrors');
  await using context = createContextService({ db, ledger, clock, newId, log, folder: mirrors });
  const ask = (title: string, body = '') =>
    context.buildPack(ContextRequest.parse({ repository: name, title, text: body }), ACTOR);

  const name = 'bench/large';
  let rss = 0;
  const watch = setInterval(() => {
    rss = Math.max(rss, process.memoryUsage.rss());
  }, 100);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  // What the thread itself worked between two turns: what others took of the machine is not in it.
  let worked = threadMs();
  let stallWorkMs = 0;
  const turns = setInterval(() => {
    const now = threadMs();
    stallWorkMs = Math.max(stallWorkMs, now - worked);
    worked = now;
  }, 5);
  const importStart = performance.now();
  const imported = await context.importRepository({ url: source, name }, ACTOR);
  const importMs = performance.now() - importStart;
  await ask('Anything at all');
  const indexMs = performance.now() - importStart - importMs;
  delay.disable();
  clearInterval(turns);

  const packMs: number[] = [];
  const packWorkMs: number[] = [];
  for (const { title, body } of await lastTasks(source, packs)) {
    const start = performance.now();
    const before = process.cpuUsage();
    await ask(title, body);
    packMs.push(performance.now() - start);
    packWorkMs.push(toMs(process.cpuUsage(before)));
  }
  const pushMs: number[] = [];
  const pushWorkMs: number[] = [];
  const graphMs: number[] = [];
  for (let push = 0; push < pushes; push += 1) {
    const path = `zebra/quagga-${push}.ts`;
    commitFile(source, path, `export function feedQuagga${push}() {}\n`, `Feed quagga ${push}`);
    const start = performance.now();
    const before = process.cpuUsage();
    // A pack sees the push as soon as its history is written; the graph follows.
    const refreshed = context.refreshRepository(name);
    for (;;) {
      const pack = await ask(`Feed the quagga ${push}`);
      if (pack.items.some((item) => item.path === path)) break;
      if (performance.now() - start > GIVE_UP_MS) throw new Error(`${path} is in no pack`);
    }
    pushMs.push(performance.now() - start);
    pushWorkMs.push(toMs(process.cpuUsage(before)));
    await refreshed;
    graphMs.push(performance.now() - start);
  }
  clearInterval(watch);
  const graphRows = await db.query<{ kind: string; facts: number }>(
    `select e.kind, count(*)::int as facts from graph_assertions a join graph_edges e on e.id = a.edge_id
     where upper_inf(a.seen) and upper_inf(a.valid) group by e.kind order by 2 desc`,
  );
  return {
    repository: clone === undefined ? 'made' : (clone.split('/').findLast(isName) ?? clone),
    files: imported.fileCount,
    commits: imported.commitCount,
    importMs,
    indexMs,
    stallMs: delay.max / 1e6,
    stallWorkMs,
    packMs,
    packWorkMs,
    pushMs,
    pushWorkMs,
    graphRows,
    graphMs,
    rssMb: rss / 1e6,
    skipped: imported.skipped.map(({ reason, count }) => ({ reason, count })),
  };
}

const toMs = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1000;
const threadMs = () => toMs(process.threadCpuUsage());
const isName = (part: string) => part !== '' && part !== '.git' && part !== 'repo';

/** What the newest changes were for: tasks as people put them. */
async function lastTasks(dir: string, limit: number): Promise<{ title: string; body: string }[]> {
  const git = openRepository(dir);
  const head = await git.resolve('HEAD');
  const tasks: { title: string; body: string }[] = [];
  for await (const commit of git.log({ to: head!, firstParent: true })) {
    tasks.push(readPurpose(commit));
    if (tasks.length >= limit) break;
  }
  return tasks;
}

/** A commit on the branch that is checked out, without a work tree. */
function commitFile(dir: string, path: string, text: string, message: string): void {
  const env = {
    ...process.env,
    GIT_INDEX_FILE: join(dir, '.git', 'bench-index'),
    GIT_AUTHOR_NAME: 'Ada Lovelace',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada Lovelace',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
  };
  const git = (args: string[], input?: string) =>
    execFileSync('git', args, { cwd: dir, env, encoding: 'utf8', input: input ?? '' }).trim();
  git(['read-tree', 'HEAD']);
  const blob = git(['hash-object', '-w', '--stdin'], text);
  git(['update-index', '--add', '--cacheinfo', `100644,${blob},${path}`]);
  const commit = git(['commit-tree', git(['write-tree']), '-p', 'HEAD', '-m', message]);
  git(['update-ref', 'HEAD', commit]);
}

/** A repository of services with files that use each other, and changes that touch a few of them. */
function makeRepository(dir: string): void {
  mkdirSync(dir, { recursive: true });
  const git = (...args: string[]) => execFileSync('git', args, { cwd: dir });
  const pathOf = (file: number) =>
    `services/s${file % 50}/src/part${Math.floor(file / 50) % 20}/unit${file}.ts`;
  const textOf = (file: number, turn: number) =>
    Array.from(
      { length: 60 },
      (_, line) =>
        `export function handle${WORDS[(file + line) % WORDS.length]}${file}(value) { return unit${(file * 7 + line) % MADE_FILES}(value, ${turn}); }`,
    ).join('\n');
  git('init', '-q', '-b', 'main');
  git('config', 'user.name', 'Ada Lovelace');
  git('config', 'user.email', 'ada@example.org');
  const write = (file: number, turn: number) => {
    const path = join(dir, pathOf(file));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, textOf(file, turn));
  };
  for (let file = 0; file < MADE_FILES; file += 1) write(file, 0);
  git('add', '-A');
  git('commit', '-qm', 'Begin');
  for (let turn = 1; turn <= MADE_CHANGES; turn += 1) {
    for (let step = 0; step < 4; step += 1) write((turn * 131 + step * 50) % MADE_FILES, turn);
    git(
      'commit',
      '-qam',
      `Handle ${WORDS[turn % WORDS.length]} of service ${turn % 50} in order ${turn}`,
    );
  }
}

const ms = (value: number) => `${Math.round(value)} ms`;

export function contextTable(measured: ContextMeasured): Table {
  const { packMs, pushMs } = measured;
  return {
    head: ['', 'figure'],
    rows: [
      ['files / first-parent commits', `${measured.files} / ${measured.commits}`],
      ['import', `${(measured.importMs / 1000).toFixed(1)} s`],
      ['ranking ready after it', `${(measured.indexMs / 1000).toFixed(1)} s`],
      ['longest stall of the event loop meanwhile', ms(measured.stallMs)],
      ['of it the work of that thread', ms(measured.stallWorkMs)],
      ['whole pack, warm, p50', ms(percentile(packMs, 0.5))],
      ['whole pack, warm, p95', ms(percentile(packMs, 0.95))],
      ['processor time of a pack, p50', ms(percentile(measured.packWorkMs, 0.5))],
      ['processor time of a pack, p95', ms(percentile(measured.packWorkMs, 0.95))],
      ['push to visible in a pack, p50', ms(percentile(pushMs, 0.5))],
      ['push to visible in a pack, slowest', ms(Math.max(...pushMs))],
      ['processor time of a push until visible, p50', ms(percentile(measured.pushWorkMs, 0.5))],
      ['push to visible in the graph, p50', ms(percentile(measured.graphMs, 0.5))],
      [
        'facts that hold',
        measured.graphRows
          .slice(0, 6)
          .map(({ kind, facts }) => `${facts} ${kind}`)
          .join(', '),
      ],
      ['memory of the process, most', `${Math.round(measured.rssMb)} MB`],
      [
        'left out',
        measured.skipped.map(({ reason, count }) => `${count} ${reason}`).join(', ') || 'nothing',
      ],
    ],
  };
}

export function contextVerdicts(measured: ContextMeasured): Verdict[] {
  const pack = percentile(measured.packMs, 0.95);
  const push = percentile(measured.pushMs, 0.95);
  return [
    {
      bar: `whole pack p95 <= ${BARS.packMs} ms on ${measured.files} files`,
      figure: ms(pack),
      isMet: pack <= BARS.packMs,
    },
    {
      bar: `push to visible in a pack <= ${BARS.pushMs} ms`,
      figure: ms(push),
      isMet: push <= BARS.pushMs,
    },
    {
      bar: `an import keeps the event loop <= ${BARS.stallMs} ms at a time`,
      figure: ms(measured.stallMs),
      isMet: measured.stallMs <= BARS.stallMs,
    },
  ];
}
