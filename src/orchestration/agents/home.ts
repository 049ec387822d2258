/**
 * Files in the home of a devbox, written by its user: what the set-up left there may be a link that
 * points elsewhere, and we must not follow it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { AppError } from '#kernel';
import type { Box } from '../devbox/index.ts';
import type { HomeFile } from './adapters/index.ts';

/** A prepared home holds sign-ins and settings, not caches. */
const MAX_FILES = 500;
const MAX_BYTES = 8 * 1024 * 1024;

export async function prepareHome(
  box: Box,
  files: readonly HomeFile[],
  /** A home somebody signed in with; undefined where there is none. */
  template: string | undefined,
): Promise<void> {
  const prepared =
    template === undefined ? new Map<string, Buffer>() : await readTemplate(template);
  for (const { path, write } of files) {
    prepared.set(path, Buffer.from(write(prepared.get(path)?.toString('utf8'))));
  }
  for (const [path, content] of prepared) await writeInHome(box, path, content);
}

async function readTemplate(folder: string): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  let bytes = 0;
  let names: string[];
  try {
    names = await readdir(folder, { recursive: true });
  } catch (cause) {
    throw badTemplate('it cannot be read', cause);
  }
  for (const name of names) {
    const path = join(folder, name);
    const { isFile, size } = await stat(path).then(
      (info) => ({ isFile: info.isFile(), size: info.size }),
      () => ({ isFile: false, size: 0 }),
    );
    if (!isFile) continue;
    bytes += size;
    if (found.size >= MAX_FILES || bytes > MAX_BYTES) throw badTemplate('it holds too much');
    found.set(relative(folder, path), await readFile(path));
  }
  return found;
}

async function writeInHome({ place }: Box, path: string, content: Buffer): Promise<void> {
  const script = 'umask 077 && mkdir -p "$(dirname "$0")" && rm -f "$0" && cat > "$0"';
  const child = spawn('/bin/sh', ['-c', script, join(place.home, path)], {
    ...place.user,
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.stdin.on('error', () => {});
  child.stdin.end(content);
  const [exitCode] = (await once(child, 'exit')) as [number | null];
  if (exitCode !== 0) {
    throw new AppError('unavailable', 'agents.home_not_written', {
      message: `The home of the devbox could not be prepared (${path}).`,
      hint: 'Look at the free space and the rights of the data folder.',
    });
  }
}

function badTemplate(what: string, cause?: unknown): AppError {
  return new AppError('invalid', 'agents.bad_home', {
    message: `The folder of agents.home cannot be used: ${what}.`,
    hint: `It holds what agents need to be signed in: at most ${MAX_FILES} files and 8 MiB.`,
    cause,
  });
}
