import { statSync } from 'node:fs';
import { openRepository } from '#git';
import { AppError, systemClock } from '#kernel';
import { judgeOffline } from '#policy';
import { codeOwnersAt } from '../code-owners.ts';
import { findBase, findRepositoryHere, findRoot } from '../here.ts';
import { choiceOption } from '../options.ts';
import { ago, counted, EXIT_CODES } from '../output.ts';
import type { CliContext, RegisterCommands } from '../program.ts';
import { type ChangeDetail, renderDecision } from './changes.ts';
import { readText } from './workflow.ts';

const EXIT_OF_OUTCOME = {
  ship: EXIT_CODES.ok,
  escalate: EXIT_CODES.escalate,
  block: EXIT_CODES.block,
};

interface CheckOptions {
  base?: string;
  tests: 'passed' | 'failed' | 'unknown';
  author: 'human' | 'assisted' | 'agent';
  ticket?: boolean;
  organisation?: string;
}

export const registerCheck: RegisterCommands = (program, context) => {
  program
    .command('check [ref]')
    .description(
      'the verdict over a local branch before any push, without a server; or over a change the server knows (chg_…, #12, owner/name#12)',
    )
    .option(
      '--base <ref>',
      'protected branch it wants into (default: that of origin, else main or master)',
    )
    .addOption(
      choiceOption(
        '--tests <result>',
        'what the tests said; unknown counts as the worst',
        ['passed', 'failed', 'unknown'],
        'unknown',
      ),
    )
    .addOption(
      choiceOption('--author <kind>', 'who wrote it', ['human', 'assisted', 'agent'], 'agent'),
    )
    .option(
      '--organisation <file>',
      'a copy of the organisation’s policy to judge below (`loom policy copy > organisation.yaml`)',
    )
    .option('--ticket', 'a work item or ticket will be named, as some rules ask')
    .addHelpText(
      'after',
      '\nExit code: 0 ships alone, 10 a person is needed, 11 on hold.\n\nExamples:\n  $ npm test && loom check --tests passed\n  $ loom check my-branch --base origin/main --json\n  $ loom check acme/shop#12\n',
    )
    .action(async (ref: string = 'HEAD', options: CheckOptions) => {
      await (/^chg_|#\d+$/.test(ref)
        ? checkChange(ref, context)
        : checkBranch(ref, options, context));
    });
};

async function checkBranch(ref: string, options: CheckOptions, context: CliContext): Promise<void> {
  const git = openRepository(findRoot());
  const headSha = await git.resolve(ref);
  const base = options.base ?? (await findBase(git));
  const baseSha = base === undefined ? undefined : await git.resolve(base);
  if (headSha === undefined || baseSha === undefined) {
    throw new AppError('not_found', 'check.unknown_revision', {
      message: `${headSha === undefined ? ref : (base ?? 'The base')} is no commit of this repository.`,
      hint: 'Name the branch, and the protected branch with --base.',
    });
  }
  const paths = (await git.changedFiles(baseSha, headSha)).map(({ path }) => path);
  const answer = await judgeOffline({
    git,
    repository: 'local',
    baseSha,
    headSha,
    authorKind: options.author,
    checks: options.tests,
    owners: await codeOwnersAt(git, baseSha, paths),
    hasTicket: options.ticket ?? false,
    marks: /(?:^|\/)hotfix\//.test(ref) ? ['hotfix'] : [],
    now: systemClock.now(),
    organisation: options.organisation === undefined ? undefined : readText(options.organisation),
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
  const copy =
    options.organisation === undefined
      ? null
      : { file: options.organisation, writtenAt: statSync(options.organisation).mtime };
  context.setExitCode(EXIT_OF_OUTCOME[verdict.outcome]);
  context
    .output()
    .result({ ...verdict, organisationPolicy: copy }, () =>
      [
        `${counted(paths.length, 'file')} from ${baseSha.slice(0, 10)} (${(base ?? '').replace(/^refs\/(?:remotes|heads)\//, '')}) to ${headSha.slice(0, 10)}`,
        ...(paths.length === 0
          ? ['Nothing differs from the base: commit first, or name a branch.']
          : []),
        copy === null
          ? 'The organisation’s policy was not considered: nothing here knows it. The server judges below it.'
          : `Judged below a copy of the organisation’s policy, ${copy.file}, written ${ago(copy.writtenAt)}.`,
        ...renderDecision({ ...verdict, decidedAt: verdict.decidedAt.toISOString() }),
      ].join('\n'),
    );
}

async function checkChange(ref: string, context: CliContext): Promise<void> {
  const client = context.client();
  const name = ref.startsWith('#') ? `${(await findRepositoryHere(client)).repository}${ref}` : ref;
  const detail = await client.get<ChangeDetail>(`/v1/changes/${encodeURIComponent(name)}`);
  const { decision, change } = detail;
  if (decision === null) {
    throw new AppError('not_found', 'check.no_verdict', {
      message: `${change.id} has no verdict yet.`,
      hint: `Its checks come first; \`loom changes show ${change.id}\` shows how far they are.`,
    });
  }
  context.setExitCode(EXIT_OF_OUTCOME[decision.outcome]);
  context
    .output()
    .result(decision, (it) =>
      [`${change.title} (${change.id}) at ${it.headSha.slice(0, 10)}`, ...renderDecision(it)].join(
        '\n',
      ),
    );
}
