/** One server per data folder: the second start refuses and names the first. */
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from './errors.ts';
import { findProcess } from './process-table.ts';

const LockFile = z.object({ pid: z.int(), startedAt: z.string(), since: z.string() });

/**
 * Takes the folder, creating it when missing, until the result is disposed of. The lock of a process
 * that is gone (or whose number went to another) is taken over.
 * @throws AppError `data.in_use` naming the process that holds the folder,
 *   `data.not_writable` when the folder cannot be made or written.
 */
export function lockDataFolder(folder: string): Disposable {
  const lock = join(folder, 'loom.lock');
  const mine = `${lock}.${process.pid}`;
  const content = JSON.stringify({
    pid: process.pid,
    startedAt: findProcess(process.pid)?.startedAt ?? '',
    since: new Date().toISOString(),
  });
  try {
    // Code and secrets of an organisation are nothing for other users of the machine. Where we are
    // root, the database and the checks run as users of their own, who must be able to pass through.
    mkdirSync(folder, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
    writeFileSync(mine, content, { mode: 0o600 });
  } catch (cause) {
    throw new AppError('unavailable', 'data.not_writable', {
      message: `The data folder ${folder} cannot be written.`,
      hint: 'Choose another with --data DIR or LOOM_DATA, or correct its permissions.',
      cause,
    });
  }
  try {
    for (let attempt = 0; ; attempt += 1) {
      try {
        // A hard link appears with its content or not at all, so no reader sees half a lock.
        linkSync(mine, lock);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt >= 3) throw error;
        removeStale(lock, refuseLiving(lock, folder));
      }
    }
  } finally {
    unlinkSync(mine);
  }
  return {
    [Symbol.dispose]() {
      if (readText(lock) === content) rmSync(lock, { force: true });
    },
  };
}

/** Gives back the lock of a process that is gone. */
function refuseLiving(lock: string, folder: string): string | undefined {
  const text = readText(lock);
  const parsed = LockFile.safeParse(text === undefined ? undefined : safeParse(text));
  if (!parsed.success) return text;
  const holder = findProcess(parsed.data.pid);
  const isSame =
    holder !== undefined && holder.state !== 'Z' && holder.startedAt === parsed.data.startedAt;
  if (!isSame) return text;
  throw new AppError('conflict', 'data.in_use', {
    message: `Another LoomStack server (process ${parsed.data.pid}, since ${parsed.data.since}) uses ${folder}.`,
    hint: 'Stop it first, or start this one with another folder: --data DIR and --port PORT.',
  });
}

/** Takes a stale lock away, unless another starter was quicker and has its own there by now. */
function removeStale(lock: string, stale: string | undefined): void {
  const aside = `${lock}.${process.pid}.stale`;
  try {
    renameSync(lock, aside);
    if (readText(aside) !== stale) linkSync(aside, lock);
  } catch (error) {
    // Gone already, or taken again meanwhile: the next attempt sees who has it.
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function safeParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
