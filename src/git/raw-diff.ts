/** Reads `--raw --numstat -z`: what happened to each file, and how many lines it took. */
import { decodePath } from './path.ts';
import type { FileChange } from './schema.ts';

/** Arguments that make the output this file reads. */
export const RAW_DIFF = ['--raw', '--numstat', '-z', '-M', '--no-abbrev', '--no-ext-diff'];

const STATUS: Readonly<Record<string, FileChange['status']>> = {
  A: 'added',
  M: 'modified',
  D: 'deleted',
  R: 'renamed',
  C: 'copied',
  T: 'type-changed',
};
const SUBMODULE_MODE = '160000';
const SYMLINK_MODE = '120000';

/**
 * Takes the pieces of one diff in order. Every `:…` header is followed by one path, or two for a rename;
 * the line counts of all files come after all headers.
 */
export function createRawDiffReader(): {
  /** False when the piece does not belong to this diff: the next record begins. */
  push(piece: Buffer): boolean;
  files(): FileChange[];
} {
  const files = new Map<string, FileChange>();
  let expects: 'header' | 'path' | 'new-path' | 'counted-old' | 'counted-new' = 'header';
  let draft: Omit<FileChange, 'path'> | undefined;
  let counts: readonly [number | null, number | null] = [null, null];

  function keep(path: string): void {
    if (draft !== undefined) files.set(path, { ...draft, path });
    draft = undefined;
    expects = 'header';
  }

  function count(path: string, [added, deleted]: readonly [number | null, number | null]): void {
    const file = files.get(path);
    if (file === undefined || file.isSubmodule) return;
    file.addedLines = added;
    file.deletedLines = deleted;
  }

  function header(piece: Buffer): boolean {
    const text = piece.toString('latin1').replace(/^\n/, '');
    if (text.startsWith(':')) {
      const [oldMode = '', newMode = '', , , status = 'M'] = text.slice(1).split(' ');
      draft = {
        status: STATUS[status[0] ?? 'M'] ?? 'modified',
        addedLines: null,
        deletedLines: null,
        isSubmodule: oldMode === SUBMODULE_MODE || newMode === SUBMODULE_MODE,
        ...(oldMode === SYMLINK_MODE || newMode === SYMLINK_MODE ? { isSymlink: true } : {}),
      };
      expects = 'path';
      return true;
    }
    const match = /^(\d+|-)\t(\d+|-)\t/.exec(text);
    if (match === null) return text === '';
    counts = [toCount(match[1]), toCount(match[2])];
    const offset = (piece[0] === 0x0a ? 1 : 0) + match[0].length;
    if (piece.length === offset) expects = 'counted-old';
    else count(decodePath(piece.subarray(offset)), counts);
    return true;
  }

  return {
    push(piece) {
      switch (expects) {
        case 'header':
          return header(piece);
        case 'path':
          if (draft?.status === 'renamed' || draft?.status === 'copied') {
            draft = { ...draft, oldPath: decodePath(piece) };
            expects = 'new-path';
          } else keep(decodePath(piece));
          return true;
        case 'new-path':
          keep(decodePath(piece));
          return true;
        case 'counted-old':
          expects = 'counted-new';
          return true;
        case 'counted-new':
          count(decodePath(piece), counts);
          expects = 'header';
          return true;
      }
    },
    files: () => [...files.values()],
  };
}

function toCount(text: string | undefined): number | null {
  return text === undefined || text === '-' ? null : Number(text);
}
