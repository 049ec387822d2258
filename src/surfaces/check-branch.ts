/** The verdict a local branch would get, before anything is pushed; written down nowhere. */
import { AppError } from '#kernel';
import type { Decision } from '#policy';
import type { Services } from './services.ts';

export async function checkBranch(
  { context, policy }: Pick<Services, 'context' | 'policy'>,
  { repository, branch }: { repository: string; branch: string },
): Promise<Omit<Decision, 'id' | 'changeId'>> {
  const known = await context.findRepository(repository);
  if (known === undefined) {
    throw new AppError('not_found', 'http.not_found', {
      message: `There is no repository ${repository}.`,
      hint: 'Import it first, or check its name.',
    });
  }
  const git = await context.openMirror(known.name);
  const [baseSha, headSha] = await Promise.all([
    git.resolve(`refs/heads/${known.defaultBranch}`),
    git.resolve(`refs/heads/${branch}`).then((sha) => sha ?? git.resolve(branch)),
  ]);
  if (baseSha === undefined || headSha === undefined) {
    throw new AppError('not_found', 'http.unknown_branch', {
      message: `${known.name} has no branch ${headSha === undefined ? branch : known.defaultBranch} here.`,
      hint: 'Push the branch first; the server judges what it can read.',
    });
  }
  const files = await git.changedFiles(baseSha, headSha);
  const owners = await context.ownersOf(
    known.name,
    baseSha,
    files.flatMap(({ path, oldPath }) => (oldPath === undefined ? [path] : [path, oldPath])),
  );
  return policy.check({
    repository: known.name,
    git,
    baseSha,
    headSha,
    // Who asks is most often an agent before its push; the strictest reading is the honest one.
    authorKind: 'agent',
    owners,
    approvals: [],
    checks: 'unknown',
  });
}
