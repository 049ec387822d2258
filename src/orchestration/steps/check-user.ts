/**
 * Whom a check runs as. Its command executes code that nobody has approved yet. Where the server is
 * root, each run gets a number of its own that owns nothing but its room: it can neither read our
 * secrets, the database or other checkouts, nor signal anyone, and all it left running is found by it.
 * Without root there is no other user to become; SECURITY.md says what that means.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '#kernel';

export interface CheckUser {
  uid: number;
  gid: number;
}

export interface CheckRoom extends AsyncDisposable {
  /** An empty folder; what is put into it belongs to the user after `handOver`. */
  readonly folder: string;
  /** Null: the server's own user. */
  readonly user: CheckUser | null;
  /** Gives everything in the room to its user. */
  handOver(): Promise<void>;
}

/**
 * Numbers nobody assigns (https://systemd.io/UIDS-GIDS/). The first are so many that two servers never
 * draw the same; inside a container with mapped users only the second exist.
 */
const FREE_NUMBERS = [
  { first: 1_879_048_192, count: 268_435_455 },
  { first: 60_578, count: 606 },
] as const;
/** Others may pass through, but not list: names of rooms are not guessed. */
const PASSABLE = 0o711;

/** @throws AppError `steps.no_check_user` where root cannot become somebody else. */
export async function openCheckRoom(parent: string, name: string): Promise<CheckRoom> {
  await mkdir(parent, { recursive: true });
  if (process.getuid?.() !== 0) {
    const folder = join(parent, name);
    await mkdir(folder, { mode: 0o700 });
    return roomOf(folder, null);
  }
  await chmod(parent, PASSABLE);
  const user = await findUser(parent);
  if (user !== undefined) {
    const folder = join(parent, name);
    await mkdir(folder, { mode: PASSABLE });
    return roomOf(folder, user);
  }
  // Root's own home is closed to others on most machines.
  const folder = await mkdtemp(join(tmpdir(), 'loom-check-'));
  await chmod(folder, PASSABLE);
  const other = await findUser(folder);
  if (other !== undefined) return roomOf(folder, other);
  await rm(folder, { recursive: true, force: true });
  throw new AppError('unavailable', 'steps.no_check_user', {
    message: 'The server is root and cannot run the check as anyone else.',
    hint: 'Run LoomStack as a user of its own, or let it change users (CAP_SETUID, CAP_SETGID).',
  });
}

/** A room that is there already, such as one a killed node left behind. */
export function roomOf(folder: string, user: CheckUser | null): CheckRoom {
  return {
    folder,
    user,
    async handOver() {
      if (user === null) return;
      // A link is changed itself, never what it points to.
      const exitCode = await runToEnd('chown', ['-R', '-h', `${user.uid}:${user.gid}`, folder]);
      if (exitCode === 0) return;
      throw new AppError('unavailable', 'steps.no_check_user', {
        message: 'The checkout could not be given to the user of the check.',
        hint: 'The data folder must be on a file system that knows owners.',
      });
    },
    async [Symbol.asyncDispose]() {
      // First whoever could still write here, so that nothing changes under the hands of root.
      if (user !== null) await endAllOf(user);
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Ends everything this user runs. */
export async function endAllOf(user: CheckUser): Promise<void> {
  await runToEnd('/bin/sh', ['-c', 'kill -s KILL -- -1'], user);
}

async function findUser(folder: string): Promise<CheckUser | undefined> {
  for (const { first, count } of FREE_NUMBERS) {
    const id = first + randomInt(count);
    const user = { uid: id, gid: id };
    if ((await runToEnd('/bin/sh', ['-c', 'cd "$0"', folder], user)) === 0) return user;
  }
  return undefined;
}

/** The exit code; null when it was killed or never started. */
async function runToEnd(
  program: string,
  args: readonly string[],
  user?: CheckUser,
): Promise<number | null> {
  try {
    const child = spawn(program, args, { ...user, stdio: 'ignore', cwd: '/', env: {} });
    const [exitCode] = (await once(child, 'exit')) as [number | null];
    return exitCode;
  } catch {
    return null;
  }
}
