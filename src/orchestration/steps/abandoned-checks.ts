/**
 * What a killed node leaves of its checks: commands that still run, because they lead process groups
 * of their own, and the rooms they run in. The next start on the data folder ends and removes both.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { findProcess, type Logger } from '#kernel';
import { type CheckRoom, endAllOf } from './check-user.ts';

const Note = z.object({
  /** Leader of the command's process group. */
  pid: z.int().positive(),
  startedAt: z.string(),
  /** May lie outside the folder of all rooms. */
  folder: z.string(),
  user: z.object({ uid: z.int().positive(), gid: z.int().positive() }).nullable(),
});

/** Written beside the room and not into it: there the check could name somebody else's process. */
const noteOf = (parent: string, name: string) => join(parent, `${name}.json`);

/** Leaves word of a check that begins. */
export function noteCheck(
  parent: string,
  name: string,
  { pid, folder, user }: Pick<CheckRoom, 'folder' | 'user'> & { pid: number },
): void {
  const startedAt = findProcess(pid)?.startedAt ?? '';
  const note = JSON.stringify({ pid, startedAt, folder, user });
  writeFileSync(noteOf(parent, name), note, { mode: 0o600 });
}

/** The check is over. */
export async function forgetCheck(parent: string, name: string): Promise<void> {
  await rm(noteOf(parent, name), { force: true });
}

/** Call it before the first check, and only while no other node uses the folder. */
export async function clearAbandonedChecks(parent: string, log: Logger): Promise<void> {
  const names = list(parent);
  for (const name of names.filter((one) => one.endsWith('.json'))) {
    const note = readNote(join(parent, name));
    if (note === undefined) continue;
    log.warn({ pid: note.pid }, 'clearing away a check that a killed server left behind');
    await end(note);
    await remove(note.folder, log);
  }
  // Notes, and rooms whose check had not begun.
  for (const name of names) await remove(join(parent, name), log);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readNote(path: string): z.infer<typeof Note> | undefined {
  try {
    return Note.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

async function end({ pid, startedAt, user }: z.infer<typeof Note>): Promise<void> {
  if (user !== null) await endAllOf(user);
  const found = findProcess(pid);
  // The number may belong to another program by now; the time it was started tells.
  if (found === undefined || found.startedAt !== startedAt || found.state === 'Z') return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}

async function remove(path: string, log: Logger): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }).catch(
    (error: unknown) => log.warn({ err: error }, 'an abandoned checkout could not be removed'),
  );
}
