/** Who wrote one line. */
import { AppError } from '#kernel';
import { toDate } from './log.ts';
import { isQuoted, readGitPath } from './path.ts';
import { GitFailure, runGit } from './run.ts';
import type { BlameLine } from './schema.ts';

/** Undefined when the file or the line does not exist at the commit. */
export async function blameLine(
  dir: string,
  sha: string,
  path: string,
  line: number,
): Promise<BlameLine | undefined> {
  if (!Number.isSafeInteger(line) || line < 1) return undefined;
  if (isQuoted(path)) {
    throw new AppError('invalid', 'git.path_not_text', {
      message: 'The path is not valid UTF-8, and git blame takes it as text only.',
      hint: 'Rename the file, or ask for the history of its folder.',
    });
  }
  try {
    const { stdout } = await runGit(dir, [
      'blame',
      '--porcelain',
      '-L',
      `${line},${line}`,
      // A full sha; this command takes no end-of-options mark.
      sha,
      '--',
      path,
    ]);
    return readBlame(stdout.toString('utf8'));
  } catch (error) {
    const cause = error instanceof AppError ? error.cause : undefined;
    const isNone =
      cause instanceof GitFailure && /no such path|has only \d+ lines?/i.test(cause.stderr);
    if (isNone) return undefined;
    throw error;
  }
}

function readBlame(output: string): BlameLine | undefined {
  const [first = '', ...rest] = output.split('\n');
  const match = /^([0-9a-f]{40,64}) (\d+) \d+/.exec(first);
  if (match === null) return undefined;
  const field = (name: string) =>
    rest.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? '';
  return {
    sha: match[1]!,
    path: readGitPath(field('filename')),
    line: Number(match[2]),
    author: { name: field('author'), email: field('author-mail').replace(/^<|>$/g, '') },
    authoredAt: toDate(field('author-time')),
    text: rest.find((line) => line.startsWith('\t'))?.slice(1) ?? '',
  };
}
