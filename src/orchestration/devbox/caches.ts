/**
 * Folders the set-up fills, kept for later devboxes: cloned where the file system shares blocks
 * (reflink), hard-linked and made read-only where the devbox runs as our own user, copied otherwise.
 * Package managers replace files instead of writing into them, so a link is as good as a copy.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Sets of caches kept per repository; the oldest go first. */
const KEPT_SETS = 3;

export interface CacheStore {
  /** Puts the folders into a tree. False: there is no such set. */
  restore(key: string, folders: readonly string[], tree: string): Promise<boolean>;
  /** Keeps the folders of a tree. They are taken as they are, so call it before anybody works there. */
  keep(key: string, folders: readonly string[], tree: string): Promise<void>;
}

/** @param mayLink whether devboxes run as our own user, so that links need no other owner. */
export function createCacheStore(folder: string, mayLink: boolean): CacheStore {
  return {
    async restore(key, folders, tree) {
      const set = join(folder, key);
      if (folders.length === 0 || !existsSync(set)) return false;
      for (const path of folders) {
        if (!existsSync(join(set, path))) continue;
        await mkdir(dirname(join(tree, path)), { recursive: true });
        await rm(join(tree, path), { recursive: true, force: true });
        await copyTree(join(set, path), join(tree, path), mayLink);
      }
      return true;
    },
    async keep(key, folders, tree) {
      const set = join(folder, key);
      if (folders.length === 0 || existsSync(set)) return;
      // Complete or not there at all: a copy that was cut off must not pass for a set.
      const partial = join(folder, `.partial-${randomBytes(6).toString('hex')}`);
      try {
        for (const path of folders) {
          if (!existsSync(join(tree, path))) continue;
          await mkdir(dirname(join(partial, path)), { recursive: true });
          await copyTree(join(tree, path), join(partial, path), false);
        }
        if (mayLink && existsSync(partial))
          await run('find', [partial, '-type', 'f', '-exec', 'chmod', 'a-w', '{}', '+']);
        if (existsSync(partial)) await rename(partial, set);
      } catch (error) {
        if (!existsSync(set)) throw error;
      } finally {
        await rm(partial, { recursive: true, force: true });
      }
      await forgetOldest(folder);
    },
  };
}

async function copyTree(from: string, to: string, mayLink: boolean): Promise<void> {
  if ((await run('cp', ['-a', '--reflink=always', '--', from, to])) === 0) return;
  await rm(to, { recursive: true, force: true });
  if (mayLink && (await run('cp', ['-a', '-l', '--', from, to])) === 0) return;
  await rm(to, { recursive: true, force: true });
  const exitCode = await run('cp', ['-R', '-p', '--', from, to]);
  if (exitCode !== 0) throw new Error(`cp ended with ${exitCode}`);
}

async function forgetOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  if (names.length <= KEPT_SETS) return;
  const dated = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(folder, name))).ctimeMs })),
  );
  dated.sort((a, b) => b.at - a.at);
  for (const { name } of dated.slice(KEPT_SETS)) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function run(program: string, args: readonly string[]): Promise<number | null> {
  const child = spawn(program, args, { stdio: 'ignore' });
  const [exitCode] = (await once(child, 'exit').catch(() => [null])) as [number | null];
  return exitCode;
}
