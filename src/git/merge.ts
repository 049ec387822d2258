/** Merges and refs, without a work tree. */
import { AppError } from '#kernel';
import { decodePath } from './path.ts';
import { splitBuffer } from './records.ts';
import { GitFailure, runGit, runGitText } from './run.ts';
import type { MergeOutcome, Person } from './schema.ts';

export async function mergeBase(dir: string, a: string, b: string): Promise<string | undefined> {
  const { stdout, exitCode } = await runGit(dir, ['merge-base', '--end-of-options', a, b], {
    okCodes: [0, 1],
  });
  return exitCode === 0 ? stdout.toString('latin1').trim().split('\n')[0] : undefined;
}

export async function isAncestor(
  dir: string,
  ancestor: string,
  descendant: string,
): Promise<boolean> {
  const { exitCode } = await runGit(
    dir,
    ['merge-base', '--is-ancestor', '--end-of-options', ancestor, descendant],
    { okCodes: [0, 1] },
  );
  return exitCode === 0;
}

/** @throws AppError `git.unrelated_histories` when the two share no commit. */
export async function mergeTree(dir: string, ours: string, theirs: string): Promise<MergeOutcome> {
  try {
    const { stdout } = await runGit(
      dir,
      [
        'merge-tree',
        '--write-tree',
        '-z',
        '--name-only',
        '--no-messages',
        '--end-of-options',
        ours,
        theirs,
      ],
      { okCodes: [0, 1] },
    );
    const [tree, ...paths] = splitBuffer(stdout);
    return {
      treeSha: tree?.toString('latin1').trim() ?? '',
      conflicts: paths.filter((path) => path.length > 0).map(decodePath),
    };
  } catch (error) {
    const cause = error instanceof AppError ? error.cause : undefined;
    if (cause instanceof GitFailure && /unrelated histories/.test(cause.stderr)) {
      throw new AppError('conflict', 'git.unrelated_histories', {
        message: 'The two commits share no history, so they cannot be merged.',
        hint: 'Rebase the branch onto the base branch.',
        cause,
      });
    }
    throw error;
  }
}

export async function commitTree(
  dir: string,
  options: {
    treeSha: string;
    parents: string[];
    message: string;
    author: Person;
    committer: Person;
    at: Date;
  },
): Promise<string> {
  const at = `@${Math.floor(options.at.getTime() / 1000)} +0000`;
  return runGitText(
    dir,
    [
      'commit-tree',
      '--no-gpg-sign',
      ...options.parents.flatMap((parent) => ['-p', parent]),
      '-F',
      '-',
      '--end-of-options',
      options.treeSha,
    ],
    {
      input: options.message,
      environment: {
        GIT_AUTHOR_NAME: nameOf(options.author),
        GIT_AUTHOR_EMAIL: cleaned(options.author.email),
        GIT_AUTHOR_DATE: at,
        GIT_COMMITTER_NAME: nameOf(options.committer),
        GIT_COMMITTER_EMAIL: cleaned(options.committer.email),
        GIT_COMMITTER_DATE: at,
      },
    },
  );
}

/** Git refuses a person without a name; an address always has a part before the @. */
function nameOf(person: Person): string {
  return cleaned(person.name) || cleaned(person.email).split('@')[0] || 'unknown';
}

/** Brackets and control characters would end the field early in the commit object. */
function cleaned(text: string): string {
  return text.replace(/[<>\p{Cc}]/gu, ' ').trim();
}

/** Moves a ref if it still stands at `expected`; null stands for "must not exist". */
export async function updateRef(
  dir: string,
  ref: string,
  to: string,
  expected: string | null,
): Promise<boolean> {
  if (!/^refs\/[^\0\n]+$/.test(ref)) {
    throw new AppError('invalid', 'git.bad_ref', {
      message: `"${ref}" is not a full ref name.`,
      hint: 'Full names begin with refs/, such as refs/heads/main.',
    });
  }
  try {
    const old = expected ?? '0'.repeat(to.length);
    await runGit(dir, ['update-ref', '--stdin', '-z'], { input: `update ${ref}\0${to}\0${old}\0` });
    return true;
  } catch (error) {
    // Git's message differs by version and cause; where the ref stands now is the plain truth.
    const { stdout } = await runGit(dir, ['for-each-ref', '--format=%(objectname)', '--', ref]);
    const current = stdout.toString('latin1').trim().split('\n')[0] || null;
    if (current !== expected) return false;
    throw error;
  }
}
