import { openRepository } from '#git';
import { AppError, systemClock } from '#kernel';
import { judgeOffline } from '#policy';
import { codeOwnersAt } from '../code-owners.ts';
import { EXIT_CODES } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import { renderDecision } from './changes.ts';

const EXIT_OF_OUTCOME = {
  ship: EXIT_CODES.ok,
  escalate: EXIT_CODES.escalate,
  block: EXIT_CODES.block,
};

export const registerCheck: RegisterCommands = (program, context) => {
  program
    .command('check [ref]')
    .description('the verdict over a local branch before any push; no server needed')
    .option(
      '--base <ref>',
      'protected branch it wants into (default: origin/HEAD, else the default branch)',
    )
    .option('--tests <result>', 'passed, failed or unknown: unknown counts as the worst', 'unknown')
    .option('--author <kind>', 'human, assisted or agent', 'agent')
    .addHelpText(
      'after',
      '\nExit code: 0 ships alone, 10 a person is needed, 11 on hold.\n\nExamples:\n  $ npm test && loom check --tests passed\n  $ loom check my-branch --base origin/main --json\n',
    )
    .action(
      async (ref: string = 'HEAD', options: { base?: string; tests: string; author: string }) => {
        const checks = oneOf('--tests', options.tests, ['passed', 'failed', 'unknown'] as const);
        const authorKind = oneOf('--author', options.author, [
          'human',
          'assisted',
          'agent',
        ] as const);
        const git = openRepository(process.cwd());
        const headSha = await git.resolve(ref);
        const base =
          options.base ??
          ((await git.resolve('refs/remotes/origin/HEAD')) === undefined
            ? await git.defaultBranch()
            : 'refs/remotes/origin/HEAD');
        const baseSha = base === undefined ? undefined : await git.resolve(base);
        if (headSha === undefined || baseSha === undefined) {
          throw new AppError('not_found', 'check.unknown_revision', {
            message: `${headSha === undefined ? ref : (base ?? 'the base')} is no commit of this repository.`,
            hint: 'Name the branch, and the protected branch with --base.',
          });
        }
        const paths = (await git.changedFiles(baseSha, headSha)).map(({ path }) => path);
        const answer = await judgeOffline({
          git,
          repository: 'local',
          baseSha,
          headSha,
          authorKind,
          checks,
          owners: await codeOwnersAt(git, baseSha, paths),
          now: systemClock.now(),
        });
        if (answer.isRefused) {
          const first = answer.problems[0];
          throw new AppError('invalid', 'policy.invalid', {
            message: `${answer.file}:${first?.line ?? 1} at the base is refused: ${first?.message ?? 'unknown'}`,
            hint: 'Correct it on the protected branch; `loom policy validate` shows every problem.',
            details: { problems: answer.problems },
          });
        }
        const { verdict } = answer;
        context.setExitCode(EXIT_OF_OUTCOME[verdict.outcome]);
        context
          .output()
          .result(verdict, () =>
            [
              `${paths.length} files from ${baseSha.slice(0, 10)} to ${headSha.slice(0, 10)}`,
              ...renderDecision({ ...verdict, decidedAt: verdict.decidedAt.toISOString() }),
            ].join('\n'),
          );
      },
    );
};

function oneOf<Value extends string>(flag: string, text: string, known: readonly Value[]): Value {
  const value = known.find((candidate) => candidate === text);
  if (value !== undefined) return value;
  throw new AppError('invalid', 'cli.unknown_value', {
    message: `${flag} ${text} is not known.`,
    hint: `Choose one of ${known.join(', ')}.`,
  });
}
