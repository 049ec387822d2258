/** One devbox on disk: a room of its own with a work tree, a home and a folder for what is temporary. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type GitRepository, makeWorkCopy, type WorkCopyPlace } from '#git';
import { AppError, type Clock } from '#kernel';
import { type CheckRoom, openCheckRoom, roomOf } from '../steps/check-user.ts';
import { commandEnvironment, type CommandResult, runCommand } from '../steps/run-command.ts';
import type { CacheStore } from './caches.ts';
import type { DevboxPlan } from './file.ts';
import type { DevboxNote } from './notes.ts';

export const LOOMSTACK = { name: 'LoomStack', email: 'loomstack@localhost' };

export interface Box {
  readonly id: string;
  readonly room: CheckRoom;
  readonly place: WorkCopyPlace;
  readonly temporary: string;
}

/** A box that is on disk already. */
export function boxOf(id: string, room: CheckRoom): Box {
  const { folder, user } = room;
  const place = { tree: join(folder, 'tree'), home: join(folder, 'home'), user };
  return { id, room, place, temporary: join(folder, 'tmp') };
}

/** The box a note tells of. */
export function findBox(note: Pick<DevboxNote, 'id' | 'folder' | 'user'>): Box {
  return boxOf(note.id, roomOf(note.folder, note.user));
}

/** Whether its work tree is still there: somebody may delete it under a session. */
export function isThere({ place }: Box): boolean {
  return existsSync(join(place.tree, '.git/HEAD'));
}

/** Makes a box at a commit, with dependencies from the caches or by the set-up. */
export async function makeBox(options: {
  parent: string;
  id: string;
  git: GitRepository;
  at: { sha: string; branch: string };
  plan: DevboxPlan;
  caches: CacheStore;
  environment: Readonly<Record<string, string>>;
  clock: Clock;
  signal: AbortSignal;
}): Promise<Box> {
  const { parent, id, git, at, plan, caches, signal } = options;
  const room = await openCheckRoom(parent, id);
  try {
    const box = boxOf(id, room);
    await mkdir(box.place.home);
    await mkdir(box.temporary);
    await makeWorkCopy(git.dir, box.place, { ...at, person: LOOMSTACK });
    const isCached = await caches.restore(plan.key, plan.caches, box.place.tree);
    await handOver(box);
    if (!isCached) {
      await setUp(box, plan, options.environment, options.clock, signal);
      await caches.keep(plan.key, plan.caches, box.place.tree);
    }
    return box;
  } catch (error) {
    await room[Symbol.asyncDispose]();
    throw error;
  }
}

/** Runs a command in the box and waits for its end; see `runCommand`. */
export function runInBox(
  box: Box,
  options: {
    command: string | readonly string[];
    environment: Readonly<Record<string, string>>;
    timeoutMs: number;
    clock: Clock;
    signal: AbortSignal;
    onStart?(pid: number): void;
  },
): Promise<CommandResult> {
  const { clock, environment, ...rest } = options;
  const { home, tree, user } = box.place;
  return runCommand({
    ...rest,
    folder: tree,
    user,
    environment: { ...commandEnvironment({ home, temporary: box.temporary }), ...environment },
    nowMs: () => clock.now().getTime(),
  });
}

async function setUp(
  box: Box,
  plan: DevboxPlan,
  environment: Readonly<Record<string, string>>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (const command of plan.setup) {
    const { exitCode, stopped, output } = await runInBox(box, {
      command,
      environment: { ...environment, ...plan.environment },
      timeoutMs: plan.setupMinutes * 60_000,
      clock,
      signal,
    });
    if (exitCode === 0 && stopped === null) continue;
    const how = stopped === 'timeout' ? 'took too long' : `ended with ${exitCode ?? stopped}`;
    throw new AppError('unavailable', 'devbox.setup_failed', {
      message: `The set-up of the devbox, ${command.slice(0, 200)}, ${how}.`,
      hint: `Its last words: ${output.trim().slice(-500) || 'none'}`,
    });
  }
}

/**
 * Gives the box to its user. Object files stay ours: they are links to the mirror's, and a change of
 * owner would reach the mirror itself.
 */
async function handOver({ room, place }: Box): Promise<void> {
  if (room.user === null) return;
  const owner = `${room.user.uid}:${room.user.gid}`;
  const objects = join(place.tree, '.git/objects');
  const outside = [room.folder, '-path', objects, '-prune', '-o', '-exec', 'chown', '-h', owner];
  const isDone =
    (await run('find', [...outside, '{}', '+'])) === 0 &&
    (await run('find', [objects, '-type', 'd', '-exec', 'chown', '-h', owner, '{}', '+'])) === 0;
  if (isDone) return;
  throw new AppError('unavailable', 'steps.no_check_user', {
    message: 'The devbox could not be given to its user.',
    hint: 'The data folder must be on a file system that knows owners.',
  });
}

async function run(program: string, args: readonly string[]): Promise<number | null> {
  const child = spawn(program, args, { stdio: 'ignore' });
  const [exitCode] = (await once(child, 'exit').catch(() => [null])) as [number | null];
  return exitCode;
}
