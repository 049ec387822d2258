/** Git as the agents of the trial run it. */
import { execFile } from 'node:child_process';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const IDENTITY = {
  GIT_AUTHOR_NAME: 'Trial',
  GIT_AUTHOR_EMAIL: 'trial@example.com',
  GIT_COMMITTER_NAME: 'Trial',
  GIT_COMMITTER_EMAIL: 'trial@example.com',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
};
const LOOK_EVERY_MS = 20;
/** Somebody died with the turn. */
const PATIENCE_MS = 120_000;

export function attempt(
  program: string,
  args: readonly string[],
  folder: string,
): Promise<{ status: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...IDENTITY };
    execFile(program, args, { cwd: folder, env }, (error, out, err) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ status, out, err });
    });
  });
}

export async function git(folder: string, ...args: string[]): Promise<string> {
  const { status, out, err } = await attempt('git', args, folder);
  if (status === 0) return out.trim();
  throw new Error(`git ${args.join(' ')}: ${err}`);
}

/** Work trees of one clone share its references; agents take turns where git would trip over another. */
export async function inTurn<Result>(clone: string, work: () => Promise<Result>): Promise<Result> {
  const lock = join(clone, '.git/turn');
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EEXIST';
      if (!isTaken || performance.now() > until) throw error;
      await delay(LOOK_EVERY_MS);
    }
  }
  try {
    return await work();
  } finally {
    rmdirSync(lock);
  }
}
