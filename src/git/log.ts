/** History: commits with their trailers and, where asked, the files they touched. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHunkReader, type HunkReader, PATCH_OPTIONS } from './diff.ts';
import { encodePath, readGitPath } from './path.ts';
import { createRawDiffReader, RAW_DIFF } from './raw-diff.ts';
import { splitAt, splitAtNul } from './records.ts';
import { runGitText, streamGit } from './run.ts';
import type { Commit, CommitWithFiles, CommitWithHunks } from './schema.ts';

export interface LogOptions {
  /** Full shas. */
  to: string;
  from?: string | undefined;
  firstParent?: boolean | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
  limit?: number | undefined;
  order?: 'newest' | 'oldest' | undefined;
  /** Exact takes a file for renamed only if nothing in it changed, which reads no contents. */
  renames?: 'similar' | 'exact' | undefined;
  /** False leaves the line counts out, which makes long histories about ten times faster. */
  withLineCounts?: boolean | undefined;
  paths?: readonly string[] | undefined;
  /** For hunks: true adds the lines themselves, which a large commit may have many of. */
  withLines?: boolean | undefined;
}

/** Begins a record; no field before the first NUL can hold it, and after it everything is counted. */
const MARK = 0x1e;
const FORMAT = [
  '%x1e%H',
  '%P',
  '%an',
  '%ae',
  '%at',
  '%cn',
  '%ce',
  '%ct',
  '%s',
  '%b',
  '%(trailers:only,unfold)',
].join('%x00');
const FIELD_COUNT = 11;

const LONG_MS = 30 * 60_000;

function logArguments(options: LogOptions): string[] {
  return [
    'log',
    '-z',
    `--format=${FORMAT}`,
    '--no-color',
    ...(options.firstParent === true ? ['--first-parent'] : []),
    ...(options.since === undefined ? [] : [`--since-as-filter=${options.since.toISOString()}`]),
    ...(options.until === undefined ? [] : [`--until=${options.until.toISOString()}`]),
    ...(options.limit === undefined ? [] : [`--max-count=${Math.max(0, options.limit)}`]),
    ...(options.order === 'oldest' ? ['--reverse'] : []),
    '--stdin',
  ];
}

/** Revisions and paths go in by the pipe: no length limit, any bytes, never an option. */
function logInput(options: LogOptions): Buffer {
  const lines: Buffer[] = [Buffer.from(`${options.to}\n`)];
  if (options.from !== undefined) lines.push(Buffer.from(`^${options.from}\n`));
  lines.push(Buffer.from('--\n'));
  for (const path of options.paths ?? []) lines.push(encodePath(path), Buffer.from('\n'));
  return Buffer.concat(lines);
}

export async function* readLog(dir: string, options: LogOptions): AsyncGenerator<Commit> {
  const stream = streamGit(dir, [...logArguments(options), '--no-patch'], {
    input: logInput(options),
    timeoutMs: LONG_MS,
  });
  let fields: string[] = [];
  for await (const piece of splitAtNul(stream)) {
    fields.push(piece.toString('utf8'));
    if (fields.length === FIELD_COUNT) {
      yield toCommit(fields);
      fields = [];
    }
  }
}

/** With files; the diff is taken against the first parent. */
export async function* readLogWithFiles(
  dir: string,
  options: LogOptions,
): AsyncGenerator<CommitWithFiles> {
  // Where a shallow clone was cut off, git shows the whole tree as added by one commit. Nobody wrote
  // that commit so: its files are unknown, and we say nothing rather than something wrong.
  const cutOff = await readShallow(dir);
  const shape = (
    options.withLineCounts === false
      ? RAW_DIFF.filter((option) => option !== '--numstat')
      : RAW_DIFF
  ).map((option) => (option === '-M' && options.renames === 'exact' ? '-M100%' : option));
  const stream = streamGit(
    dir,
    [...logArguments(options), '--diff-merges=first-parent', ...shape],
    { input: logInput(options), timeoutMs: LONG_MS },
  );
  let fields: string[] = [];
  let reader = createRawDiffReader();
  const finish = (): CommitWithFiles => {
    const commit = toCommit(fields);
    return { ...commit, files: cutOff.has(commit.sha) ? [] : reader.files() };
  };
  for await (const piece of splitAtNul(stream)) {
    if (fields.length < FIELD_COUNT) {
      fields.push(piece.toString('utf8'));
    } else if (!reader.push(piece)) {
      yield finish();
      fields = [piece.toString('utf8')];
      reader = createRawDiffReader();
    }
  }
  if (fields.length === FIELD_COUNT) yield finish();
}

/** After the mark, which no line of a patch starts with. */
const COMMIT_LINE = /^([0-9a-f]{40,64}) (\d+)$/;

/**
 * Oldest first, with the line ranges each commit touched against its first parent and the files it
 * renamed. One process; a patch is never held as a whole.
 */
export async function* readLogWithHunks(
  dir: string,
  options: LogOptions,
): AsyncGenerator<CommitWithHunks> {
  const cutOff = await readShallow(dir);
  const args = logArguments(options).filter(
    (argument) => argument !== '-z' && !argument.startsWith('--format'),
  );
  const stream = streamGit(
    dir,
    [
      ...args,
      '--format=%x1e%H %ct',
      '--reverse',
      '--diff-merges=first-parent',
      '-U0',
      ...PATCH_OPTIONS,
    ],
    { input: logInput(options), timeoutMs: LONG_MS },
  );
  let current:
    | {
        sha: string;
        committedAt: Date;
        reader: HunkReader;
        renames: { from: string; to: string }[];
      }
    | undefined;
  let renamedFrom = '';
  const finish = (): CommitWithHunks[] => {
    if (current === undefined) return [];
    const { sha, committedAt, reader, renames } = current;
    return [{ sha, committedAt, renames, hunks: cutOff.has(sha) ? [] : reader.hunks }];
  };
  for await (const piece of splitAt(stream, 0x0a)) {
    const line = piece.toString('utf8');
    if (current?.reader.push(line) === true) continue;
    const match = piece[0] === MARK ? COMMIT_LINE.exec(line.slice(1)) : null;
    if (match !== null) {
      yield* finish();
      current = {
        sha: match[1]!,
        committedAt: toDate(match[2]!),
        reader: createHunkReader(options.withLines),
        renames: [],
      };
    } else if (line.startsWith('rename from ')) {
      renamedFrom = readGitPath(line.slice('rename from '.length));
    } else if (line.startsWith('rename to ')) {
      current?.renames.push({
        from: renamedFrom,
        to: readGitPath(line.slice('rename to '.length)),
      });
    }
  }
  yield* finish();
}

export async function countCommits(
  dir: string,
  options: { to: string; firstParent?: boolean | undefined },
): Promise<number> {
  const args = ['rev-list', '--count', ...(options.firstParent === true ? ['--first-parent'] : [])];
  return Number(await runGitText(dir, [...args, '--end-of-options', options.to, '--']));
}

async function readShallow(dir: string): Promise<ReadonlySet<string>> {
  const text = await readFile(join(dir, 'shallow'), 'utf8').catch(() => '');
  return new Set(text.split('\n').filter((line) => line !== ''));
}

function toCommit(fields: readonly string[]): Commit {
  const [sha = '', parents = '', authorName = '', authorEmail = '', authoredAt = ''] = fields;
  const [, , , , , name = '', email = '', committedAt = '', subject = '', body = ''] = fields;
  return {
    sha: sha.charCodeAt(0) === MARK ? sha.slice(1) : sha,
    parents: parents === '' ? [] : parents.split(' '),
    author: { name: authorName, email: authorEmail },
    authoredAt: toDate(authoredAt),
    committer: { name, email },
    committedAt: toDate(committedAt),
    subject,
    body: body.trimEnd(),
    trailers: readTrailers(fields[FIELD_COUNT - 1] ?? ''),
  };
}

/** A commit may claim any time at all; what no Date can hold becomes the epoch. */
export function toDate(seconds: string): Date {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? new Date(0) : date;
}

function readTrailers(text: string): { name: string; value: string }[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(?<name>[^\s:]+)\s*:\s*(?<value>.*)$/.exec(line);
    if (match?.groups === undefined) return [];
    return [{ name: match.groups['name']!.toLowerCase(), value: match.groups['value']!.trim() }];
  });
}
