/**
 * Context packs over a repository of ten thousand files: how long the index takes, how fast a pack's
 * questions are answered warm, how soon a push is seen, and what it holds in memory.
 *
 *   node bench/context.ts [CLONE]      a clone with full history, bare or not; without one, 10,000 files are made
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openRepository } from '../src/git/index.ts';
import { readOwnChanges } from '../src/context/ranking/own-backtest.ts';
import { IndexShelf, type RankQuestion } from '../src/context/ranking/shelf.ts';

const MADE_FILES = 10_000;
const MADE_CHANGES = 400;
const ASKED = 100;
const WORDS =
  'Payment Refund Cart Stock Mail Invoice Address Coupon Session Search Basket Price'.split(' ');

const given = process.argv[2];
const made = given === undefined ? makeRepository() : undefined;
try {
  await measure(given ?? made!);
} finally {
  if (made !== undefined) rmSync(made, { recursive: true, force: true });
}

async function measure(dir: string): Promise<void> {
  const git = openRepository(dir);
  const head = await git.resolve('HEAD');
  if (head === undefined) throw new Error(`${dir} has no commit.`);
  const parent = (await git.commit(head))?.parents[0] ?? head;
  const shelf = new IndexShelf();
  const target = (revision: string) => ({ key: 'bench', dir: git.dir, revision });

  const rssBefore = process.memoryUsage.rss();
  const importStart = performance.now();
  const figures = await shelf.warm(target(parent));
  const importMs = performance.now() - importStart;
  const rssMb = (process.memoryUsage.rss() - rssBefore) / 1e6;

  const pushStart = performance.now();
  await shelf.ask(target(head), [{ kind: 'files', title: 'anything', body: '' }]);
  const pushMs = performance.now() - pushStart;

  const tasks = (await readOwnChanges(git, head)).slice(-ASKED);
  const times: number[] = [];
  const cpuTimes: number[] = [];
  for (const { title, body } of tasks) {
    const start = performance.now();
    const cpu = process.cpuUsage();
    const [files] = await shelf.ask(target(head), [{ kind: 'files', title, body, limit: 40 }]);
    const paths = files!.paths.slice(0, 5).map(({ path }) => path);
    const rest: RankQuestion[] = [
      { kind: 'companions', paths },
      { kind: 'decisions', title, body, paths, limit: 8 },
      { kind: 'documents', title, body, paths, limit: 12 },
      { kind: 'people', paths, limit: 8 },
    ];
    await shelf.ask(target(head), rest);
    times.push(performance.now() - start);
    const used = process.cpuUsage(cpu);
    cpuTimes.push((used.user + used.system) / 1000);
  }
  const at = (list: readonly number[], share: number) =>
    Math.round(list.toSorted((a, b) => a - b)[Math.floor(share * (list.length - 1))] ?? 0);
  process.stdout.write(
    `${JSON.stringify({
      files: figures.files,
      changes: figures.changes,
      importSeconds: Number((importMs / 1000).toFixed(1)),
      packP50Ms: at(times, 0.5),
      packP95Ms: at(times, 0.95),
      // What the processor spent, which a busy machine does not change.
      packCpuP50Ms: at(cpuTimes, 0.5),
      packCpuP95Ms: at(cpuTimes, 0.95),
      pushToVisibleMs: Math.round(pushMs),
      memoryMb: Math.round(rssMb),
      skipped: figures.skipped,
    })}\n`,
  );
}

/** A repository of services with files that use each other, and changes that touch a few of them. */
function makeRepository(): string {
  const dir = mkdtempSync(join(tmpdir(), 'loom-bench-context-'));
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
  return dir;
}
