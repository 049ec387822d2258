/**
 * The first-parent line as trees change along it: each change with the blobs it leaves behind, so that
 * the tree of any commit can be followed without listing it. Renames are told only where the content
 * stayed the same, which needs no blob to be read: ten thousand changes take seconds.
 */
import { decodePath } from './path.ts';
import { toDate } from './log.ts';
import { splitAtNul } from './records.ts';
import { streamGit } from './run.ts';
import type { Person } from './schema.ts';

export interface TreeChange {
  status: 'added' | 'modified' | 'deleted' | 'renamed';
  path: string;
  /** Where it was before a rename. */
  oldPath?: string;
  /** Sha of the content afterwards; empty when deleted. */
  blob: string;
  /** Afterwards: `100644`, `100755`, `120000` (symbolic link), `160000` (submodule), `000000` (gone). */
  mode: string;
}

export interface MergedChange {
  sha: string;
  parents: string[];
  author: Person;
  committedAt: Date;
  subject: string;
  body: string;
  /** Against the first parent. */
  files: TreeChange[];
}

/** Begins a record; no field before the first NUL can hold it, and after it everything is counted. */
const MARK = 0x1e;
const FORMAT = ['%x1e%H', '%P', '%an', '%ae', '%ct', '%s', '%b'].join('%x00');
const FIELD_COUNT = 7;
const LONG_MS = 30 * 60_000;
const STATUS: Readonly<Record<string, TreeChange['status']>> = {
  A: 'added',
  C: 'added',
  D: 'deleted',
  R: 'renamed',
};

/** Oldest first. Full shas; `from` is excluded. */
export async function* readChangeLog(
  dir: string,
  range: { to: string; from?: string | undefined },
): AsyncGenerator<MergedChange, void, undefined> {
  const input = range.from === undefined ? `${range.to}\n` : `${range.to}\n^${range.from}\n`;
  const stream = streamGit(
    dir,
    [
      'log',
      '-z',
      `--format=${FORMAT}`,
      '--no-color',
      '--reverse',
      '--first-parent',
      '--diff-merges=first-parent',
      '--raw',
      '--no-abbrev',
      '--no-ext-diff',
      '-M100%',
      '--stdin',
    ],
    { input, timeoutMs: LONG_MS },
  );
  let fields: string[] = [];
  let files: TreeChange[] = [];
  let header: string[] | undefined;
  let oldPath: string | undefined;
  for await (const piece of splitAtNul(stream)) {
    if (fields.length < FIELD_COUNT) {
      fields.push(piece.toString('utf8'));
    } else if (header !== undefined) {
      const [, mode = '', , blob = '', status = 'M'] = header;
      const path = decodePath(piece);
      if ((status[0] === 'R' || status[0] === 'C') && oldPath === undefined) {
        oldPath = path;
        continue;
      }
      const kind = STATUS[status[0] ?? 'M'] ?? 'modified';
      files.push({
        status: kind,
        path,
        ...(kind === 'renamed' && oldPath !== undefined ? { oldPath } : {}),
        blob: kind === 'deleted' ? '' : blob,
        mode,
      });
      header = undefined;
      oldPath = undefined;
    } else if (piece[0] === MARK) {
      yield toChange(fields, files);
      fields = [piece.toString('utf8')];
      files = [];
    } else {
      const text = piece.toString('latin1').replace(/^\n/, '');
      if (text.startsWith(':')) header = text.slice(1).split(' ');
    }
  }
  if (fields.length === FIELD_COUNT) yield toChange(fields, files);
}

function toChange(fields: readonly string[], files: TreeChange[]): MergedChange {
  const [sha = '', parents = '', name = '', email = '', at = '', subject = '', body = ''] = fields;
  return {
    sha: sha.charCodeAt(0) === MARK ? sha.slice(1) : sha,
    parents: parents === '' ? [] : parents.split(' '),
    author: { name, email },
    committedAt: toDate(at),
    subject,
    body,
    files,
  };
}
