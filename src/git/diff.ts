/** Differences between two commits: files, line ranges, the patch as text. */
import { createHash } from 'node:crypto';
import { isQuoted, readGitPath } from './path.ts';
import { createRawDiffReader, RAW_DIFF } from './raw-diff.ts';
import { splitBuffer } from './records.ts';
import { runGit } from './run.ts';
import type { FileChange, Hunk } from './schema.ts';

export const PATCH_OPTIONS = [
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '-M',
  '--src-prefix=a/',
  '--dst-prefix=b/',
];
/** Above this the arguments of a process may not fit; the answer is filtered instead. */
const MAX_PATH_ARGUMENTS = 1_000;

/** Both shas full; compares exactly these two trees. */
export async function diffFiles(dir: string, from: string, to: string): Promise<FileChange[]> {
  const { stdout } = await runGit(dir, [
    'diff-tree',
    '-r',
    ...RAW_DIFF,
    '--end-of-options',
    from,
    to,
  ]);
  const reader = createRawDiffReader();
  for (const piece of splitBuffer(stdout)) reader.push(piece);
  return reader.files();
}

export async function diffHunks(
  dir: string,
  from: string,
  to: string,
  paths?: readonly string[],
  withLines = false,
): Promise<Hunk[]> {
  const asArguments =
    paths !== undefined && paths.length <= MAX_PATH_ARGUMENTS && !paths.some(isQuoted);
  const { stdout } = await runGit(dir, [
    'diff',
    '-U0',
    ...PATCH_OPTIONS,
    '--end-of-options',
    from,
    to,
    '--',
    ...(asArguments ? paths : []),
  ]);
  const hunks = readHunks(stdout.toString('utf8'), withLines);
  if (paths === undefined) return hunks;
  return hunks.filter(({ path }) => paths.some((p) => path === p || path.startsWith(`${p}/`)));
}

export async function diffPatch(
  dir: string,
  from: string,
  to: string,
  maxBytes: number,
): Promise<{ text: string; isCut: boolean }> {
  const { stdout, isCut } = await runGit(
    dir,
    ['diff', ...PATCH_OPTIONS, '--end-of-options', from, to, '--'],
    { maxBytes, mayCut: true },
  );
  const text = stdout.toString('utf8');
  // The cut may fall inside a character or a line; the last whole line is where the text ends.
  return { text: isCut ? text.slice(0, text.lastIndexOf('\n') + 1) : text, isCut };
}

/**
 * Names what a change does to its files, wherever they stand: equal for a branch and its clean rebase.
 * Line numbers and object names are left out; white space, context, modes and the names of functions
 * are not. Undefined where content cannot be compared as text, or is too large.
 */
export async function diffIdentity(
  dir: string,
  from: string,
  to: string,
): Promise<string | undefined> {
  const { stdout, isCut } = await runGit(
    dir,
    ['diff', '--full-index', '-U3', ...PATCH_OPTIONS, '--end-of-options', from, to, '--'],
    { maxBytes: MAX_IDENTITY_BYTES, mayCut: true },
  );
  if (isCut) return undefined;
  const hash = createHash('sha256');
  let left = 0;
  for (const line of stdout.toString('latin1').split('\n')) {
    if (left > 0) {
      left -= line.startsWith('\\') ? 0 : line.startsWith('+') || line.startsWith('-') ? 1 : 2;
      hash.update(`${line}\n`);
      continue;
    }
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@(.*)$/.exec(line);
    if (hunk !== null) left = Number(hunk[1] ?? 1) + Number(hunk[2] ?? 1);
    // Only their names would be compared, and those are of the whole file.
    if (/^(?:Binary files |GIT binary patch|Subproject commit )/.test(line)) return undefined;
    const kept = hunk === null ? line.replace(/^index \S+/, 'index') : `@@${hunk[3] ?? ''}`;
    hash.update(`${kept}\n`);
  }
  return hash.digest('hex');
}

const MAX_IDENTITY_BYTES = 16 * 1024 * 1024;

/** Line ranges of a patch made with `-U0`. */
function readHunks(patch: string, withLines: boolean): Hunk[] {
  const reader = createHunkReader(withLines);
  for (const line of patch.split('\n')) reader.push(line);
  return reader.hunks;
}

export interface HunkReader {
  readonly hunks: Hunk[];
  /** Takes the next line; false when it is no line of a patch. */
  push(line: string): boolean;
}

/** Counts the lines of each hunk, so that content cannot pass for a header. */
export function createHunkReader(withLines = false): HunkReader {
  const hunks: Hunk[] = [];
  let oldPath = '';
  let path = '';
  let linesLeft = 0;

  function push(line: string): boolean {
    if (linesLeft > 0 && /^[-+]/.test(line)) {
      linesLeft -= 1;
      const hunk = hunks.at(-1)!;
      (line.startsWith('-') ? hunk.removed : hunk.added)?.push(line.slice(1));
      return true;
    }
    if (line.startsWith('--- ')) {
      oldPath = pathOf(line);
      return true;
    }
    if (line.startsWith('+++ ')) {
      path = pathOf(line) || oldPath;
      return true;
    }
    const match = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (match === null) return false;
    const oldCount = Number(match[2] ?? 1);
    const newCount = Number(match[4] ?? 1);
    linesLeft = oldCount + newCount;
    hunks.push({
      path,
      oldStart: Number(match[1]),
      oldCount,
      newStart: Number(match[3]),
      newCount,
      ...(withLines ? { removed: [], added: [] } : {}),
    });
    return true;
  }
  return { hunks, push };
}

/** The path of a `---` or `+++` line; empty for /dev/null. Git ends a path with a blank by a tab. */
function pathOf(line: string): string {
  const text = line.slice(4).replace(/\t$/, '');
  return text === '/dev/null' ? '' : readGitPath(text).replace(/^("?)[ab]\//, '$1');
}
