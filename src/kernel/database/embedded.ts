/**
 * Runs the PostgreSQL 18 that npm delivers as a child process, on a unix socket, with fsync on.
 * Opens again whatever a kill -9 leaves behind: orphaned servers, zombies and stale lock files.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { findProcess } from '../process-table.ts';
import { findEmbeddedBinaries, isRoot, noBinary, UNPRIVILEGED } from './embedded-binaries.ts';

export interface EmbeddedPostgres extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Resolves when the server has ended, with true if nobody asked it to. */
  readonly exited: Promise<{ unexpected: boolean }>;
}

/** Kernel limit of a unix socket path, less the name of the socket itself. */
const MAX_SOCKET_FOLDER = 107 - '/.s.PGSQL.5432.lock'.length;
const STOP_WITHIN_MS = 30_000;

/**
 * Starts the server on `folder/postgres`, making the cluster first when there is none.
 * @throws AppError `database.no_binary` or `database.start_failed`.
 */
export async function startEmbeddedPostgres(options: {
  folder: string;
  log: Logger;
  maxConnections?: number;
  /** Further `-c name=value` settings. */
  settings?: Record<string, string>;
}): Promise<EmbeddedPostgres> {
  const { log } = options;
  mkdirSync(options.folder, { recursive: true });
  const home = homeFor(realpathSync(options.folder));
  const native = findEmbeddedBinaries(home);
  const cluster = join(home, 'postgres');
  const socket = socketFolder(home);

  initialise(native, cluster, log);
  await endLeftovers(cluster, socket, log);

  const settings = {
    listen_addresses: '',
    unix_socket_directories: socket,
    unix_socket_permissions: '0700',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    shared_buffers: '128MB',
    max_wal_size: '2GB',
    max_connections: String(options.maxConnections ?? 100),
    ...options.settings,
  };
  for (let attempt = 0; ; attempt += 1) {
    const started = await launch(join(native, 'bin', 'postgres'), cluster, settings);
    if ('child' in started) {
      log.info({ pid: started.child.pid }, 'embedded database started');
      return supervise(started.child, socket, log);
    }
    // Back ends of a server that died still hold its shared memory; they end by themselves.
    const isSettling = /shared memory block .* still in use|lock file .* already exists/.test(
      started.output,
    );
    if (!isSettling || attempt >= 100) throw startFailed(started.output);
    await delay(100);
    await endLeftovers(cluster, socket, log);
  }
}

function asServerUser(): { uid?: number; gid?: number } {
  return isRoot() ? UNPRIVILEGED : {};
}

/**
 * Where the server's files live: in the data folder, unless we are root and the server's own user
 * cannot enter it (root's home is closed on most machines). Then they live below /var/lib, and a
 * link in the data folder shows where.
 */
function homeFor(folder: string): string {
  if (!isRoot()) return folder;
  // The server's user must be able to pass through, but nobody may list it.
  chmodSync(folder, 0o711);
  if (canServerEnter(folder)) return folder;

  const shared = '/var/lib/loomstack';
  const home = join(shared, createHash('sha256').update(folder).digest('hex').slice(0, 12));
  mkdirSync(home, { recursive: true });
  for (const path of [shared, home]) chmodSync(path, 0o711);
  if (!canServerEnter(home)) {
    throw new AppError('unavailable', 'database.folder_closed', {
      message: `PostgreSQL does not run as root, and its own user can enter neither ${folder} nor ${home}.`,
      hint: 'Choose a folder other users may pass through with --data DIR, or set DATABASE_URL.',
    });
  }
  rmSync(join(folder, 'postgres'), { force: true });
  symlinkSync(join(home, 'postgres'), join(folder, 'postgres'));
  return home;
}

function canServerEnter(folder: string): boolean {
  const { status } = spawnSync('/bin/sh', ['-c', 'cd "$0"', folder], {
    ...UNPRIVILEGED,
    stdio: 'ignore',
  });
  return status === 0;
}

/**
 * Where the server listens: in its home, or, where that path is too long for the kernel, in a short
 * folder that a link in its home remembers. A server that is started again must listen in the same
 * place, because connections are made to it by address.
 */
function socketFolder(home: string): string {
  const own = join(home, 'socket');
  if (Buffer.byteLength(own) <= MAX_SOCKET_FOLDER) return ownedFolder(own);
  const known = readLink(own);
  // Whoever cleans temporary folders may have taken it, and somebody else may have the name now.
  if (known !== undefined && isOwned(known)) return known;
  rmSync(own, { force: true });
  const short = ownedFolder(mkdtempSync(join(tmpdir(), 'loom-')));
  symlinkSync(short, own);
  return short;
}

function ownedFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (isRoot()) chownSync(path, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
  return path;
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function isOwned(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  const owner = isRoot() ? UNPRIVILEGED.uid : process.getuid?.();
  return found?.isDirectory() === true && found.uid === owner;
}

function initialise(native: string, cluster: string, log: Logger): void {
  if (existsSync(join(cluster, 'PG_VERSION'))) return;
  // initdb may be killed half-way: it works beside the final place and is moved there when done.
  const half = `${cluster}.half`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { mode: 0o700 });
  if (isRoot()) chownSync(half, UNPRIVILEGED.uid, UNPRIVILEGED.gid);
  const flags = [
    '-D',
    half,
    '-U',
    'loom',
    '--auth=trust',
    '-E',
    'UTF8',
    '--locale=C',
    // Whoever writes past the end of a segment of the write-ahead log zeroes the next one while all
    // commits wait: 70 ms for the usual 16 MB on the machine of the benchmarks.
    '--wal-segsize=4',
    '--no-instructions',
  ];
  const made = spawnSync(join(native, 'bin', 'initdb'), flags, {
    ...asServerUser(),
    encoding: 'utf8',
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
  });
  if (made.error !== undefined) throw noBinary(made.error.message, made.error);
  if (made.status !== 0) throw startFailed(`${made.stdout}\n${made.stderr}`);
  renameSync(half, cluster);
  log.info({}, 'embedded database created');
}

/**
 * Ends an orphaned server of ours and removes lock files nobody holds. The number in the lock may
 * be gone, a zombie (a container's first process often collects nobody), or another program's.
 */
async function endLeftovers(cluster: string, socket: string, log: Logger): Promise<void> {
  const lock = join(cluster, 'postmaster.pid');
  for (let waited = 0; existsSync(lock); waited += 50) {
    const pid = Number(readFileSync(lock, 'utf8').split('\n')[0]);
    const holder = findProcess(pid);
    const isOurs = holder !== undefined && holder.state !== 'Z' && holder.command.includes(cluster);
    if (!isOurs) {
      rmSync(lock, { force: true });
      break;
    }
    if (waited === 0) {
      log.warn({ pid }, 'ending the database server a killed process left behind');
      signal(pid, 'SIGINT');
    }
    if (waited === 10_000) signal(pid, 'SIGQUIT');
    if (waited > STOP_WITHIN_MS) {
      throw startFailed(`process ${pid} still runs on ${cluster} and does not end`);
    }
    await delay(50);
  }
  for (const name of ['.s.PGSQL.5432', '.s.PGSQL.5432.lock'])
    rmSync(join(socket, name), { force: true });
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in between, which is what we wanted.
  }
}

async function launch(
  program: string,
  cluster: string,
  settings: Record<string, string>,
): Promise<{ child: ChildProcess } | { output: string }> {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawn(program, ['-D', cluster, ...flags], {
    ...asServerUser(),
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
    // Its own process group: Ctrl-C in the terminal reaches us alone, and we stop it in order.
    detached: true,
  });
  let output = '';
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ output: error.message }));
    child.once('exit', () => resolve({ output }));
    child.stderr?.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-8_000);
      if (output.includes('ready to accept connections')) resolve({ child });
    });
  });
}

function supervise(child: ChildProcess, socket: string, log: Logger): EmbeddedPostgres {
  let isStopping = false;
  child.unref();
  child.stderr!.removeAllListeners('data');
  child.stderr?.on('data', (chunk: Buffer) => {
    // Its lines may quote statements with data, so they stay at the level nobody ships.
    log.trace({ line: chunk.toString().trim().slice(0, 500) }, 'embedded database says');
  });
  (child.stderr as unknown as { unref(): void }).unref();
  const exited = new Promise<{ unexpected: boolean }>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve({ unexpected: !isStopping });
    child.once('exit', () => resolve({ unexpected: !isStopping }));
  });
  return {
    url: `postgres://loom@localhost/postgres?host=${encodeURIComponent(socket)}`,
    pid: child.pid!,
    exited,
    async [Symbol.asyncDispose]() {
      isStopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.ref();
      child.kill('SIGINT');
      const hurry = setTimeout(() => child.kill('SIGQUIT'), STOP_WITHIN_MS);
      await exited;
      clearTimeout(hurry);
      log.info({}, 'embedded database stopped');
    },
  };
}

function startFailed(output: string): AppError {
  const text = output.trim().split('\n').slice(-3).join(' / ');
  return new AppError('unavailable', 'database.start_failed', {
    message: `The embedded PostgreSQL did not start: ${text.slice(0, 600)}`,
    hint: 'Correct the cause (often a full disk or a closed folder), or set DATABASE_URL to another server.',
    cause: new Error(output),
  });
}
