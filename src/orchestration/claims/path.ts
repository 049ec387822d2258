/** Paths of claims: one spelling for each, and who stands in whose way. Pure. */
import { AppError } from '#kernel';

const MAX_LENGTH = 1_000;

/** The folder that holds everything in a repository. */
const WHOLE_REPOSITORY = '/';

/**
 * The one spelling of a path inside a repository. Folders keep their closing slash, case is kept, and
 * `.` means the whole repository.
 * @throws AppError `claims.bad_path`.
 */
export function normalisePath(path: string): string {
  const isFolder = path.endsWith('/') || path.endsWith('/.') || path === '.';
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path === '' || path.includes('\0') || path.length > MAX_LENGTH) {
    throw badPath(path, `must have 1 to ${MAX_LENGTH} characters and no zero byte`);
  }
  if (path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path)) {
    throw badPath(path, 'is absolute; give it relative to the top of the repository');
  }
  if (parts.includes('..')) throw badPath(path, 'climbs with `..`');
  if (parts.length === 0) return WHOLE_REPOSITORY;
  return parts.join('/') + (isFolder ? '/' : '');
}

/** Normalised paths sorted, each once, without those a folder among them already holds. */
export function outermost(paths: readonly string[]): string[] {
  const unique = [...new Set(paths)].sort();
  return unique.filter((path) => !unique.some((other) => other !== path && covers(other, path)));
}

/** Whether a claim on `holder` includes `path`. */
export function covers(holder: string, path: string): boolean {
  if (holder === path || holder === WHOLE_REPOSITORY) return true;
  return holder.endsWith('/') && path.startsWith(holder);
}

/** Whether two claims touch. A name and the folder of that name do: it may become one. */
export function overlaps(a: string, b: string): boolean {
  const [first, second] = [asFolder(a), asFolder(b)];
  return covers(first, second) || covers(second, first);
}

/** Every spelling of a claim that would include the path: itself and the folders above it. */
export function holdersOf(path: string): string[] {
  const bare = path.replace(/\/$/, '');
  if (bare === '') return [WHOLE_REPOSITORY];
  const parts = bare.split('/');
  return [
    WHOLE_REPOSITORY,
    ...parts.flatMap((_, index) => {
      const prefix = parts.slice(0, index + 1).join('/');
      return [prefix, `${prefix}/`];
    }),
  ];
}

/** The half-open range, byte by byte, of everything below the path. */
export function rangeBelow(path: string): { low: string; high: string } {
  if (path === WHOLE_REPOSITORY) return { low: '', high: '\u{10FFFF}' };
  const bare = path.replace(/\/$/, '');
  // '0' is the byte after '/'.
  return { low: `${bare}/`, high: `${bare}0` };
}

function asFolder(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

function badPath(path: string, why: string): AppError {
  return new AppError('invalid', 'claims.bad_path', {
    message: `The path ${JSON.stringify(path.slice(0, 200))} ${why}.`,
    hint: 'Give paths as git does: `src/pay/refund.ts`, or a folder as `src/pay/`.',
  });
}
