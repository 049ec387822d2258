/** Brings a branch of ours to where the repository is hosted. */
import { AppError } from '#kernel';
import { headerEnvironment, readSource, transferError } from './mirror.ts';
import { GitFailure, runGit, runGitText } from './run.ts';

const TRANSFER_MS = 30 * 60_000;

/**
 * Sets the branch at `url` to `sha` where that loses nothing: it is not there yet, is there already, or
 * stands on a commit that `sha` builds upon. Asked again, it changes nothing more.
 * @throws AppError `git.branch_moved` where somebody else's commits are on it; as a fetch does otherwise.
 */
export async function pushBranch(
  dir: string,
  options: {
    url: string;
    headers?: Record<string, string> | undefined;
    branch: string;
    sha: string;
  },
): Promise<void> {
  const { branch, sha } = options;
  const { url, headers } = await readSource(options.url, options.headers);
  const environment = headerEnvironment(headers);
  const ref = `refs/heads/${branch}`;
  try {
    const answer = await runGitText(dir, ['ls-remote', '--end-of-options', url, ref], {
      environment,
    });
    const there = /^([0-9a-f]{40,64})\t/m.exec(answer)?.[1];
    if (there === sha) return;
    if (there !== undefined && !(await isBelow(dir, there, sha))) throw moved(branch);
    await runGit(
      dir,
      [
        'push',
        '--quiet',
        '--no-verify',
        `--force-with-lease=${ref}:${there ?? ''}`,
        '--end-of-options',
        url,
        `${sha}:${ref}`,
      ],
      { timeoutMs: TRANSFER_MS, environment },
    );
  } catch (error) {
    const cause = error instanceof AppError ? error.cause : undefined;
    if (cause instanceof GitFailure && /\(stale info\)|\[rejected\]/.test(cause.stderr))
      throw moved(branch);
    throw transferError(error, url);
  }
}

/** What we do not have cannot be below what we made. */
async function isBelow(dir: string, older: string, newer: string): Promise<boolean> {
  const { exitCode } = await runGit(dir, ['merge-base', '--is-ancestor', older, newer], {
    okCodes: [0, 1, 128],
  });
  return exitCode === 0;
}

function moved(branch: string): AppError {
  return new AppError('conflict', 'git.branch_moved', {
    message: `Somebody else has pushed to ${branch}.`,
    hint: 'Take their commits in, or work on a branch of another name.',
  });
}
