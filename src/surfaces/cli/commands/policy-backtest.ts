import type { Command } from 'commander';
import { openRepository } from '#git';
import { AppError, systemClock } from '#kernel';
import { classifyAuthor } from '#orchestration';
import { type Backtest, backtestOffline, LANES, POLICY_PATH } from '#policy';
import { codeOwnersAt } from '../code-owners.ts';
import { findBase, findRoot, findUsualFile } from '../here.ts';
import { choiceOption } from '../options.ts';
import { counted, printable, table } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { Wire } from '../wire.ts';
import { readText } from './workflow.ts';
import { readSince } from './xray.ts';

interface BacktestOptions {
  base?: string;
  since: string;
  limit: string;
  repository?: string;
  layer: 'repository' | 'organisation';
}

const SHOWN = 20;
const DAY_MS = 86_400_000;

export function registerBacktest(policy: Command, context: CliContext): void {
  policy
    .command('backtest [file]')
    .description(
      `put an edited policy over what landed: lanes that move, people it asks, what shipped alone and was reverted (default: ${POLICY_PATH})`,
    )
    .option('--since <window>', 'how far back, such as 90d or 2026-01-31', '90d')
    .option('--limit <n>', 'newest changes to look at, at most 500', '500')
    .option('--base <ref>', 'protected branch, whose file the edited one is compared with')
    .option('--repository <name>', 'ask the server, for a repository it knows')
    .addOption(
      choiceOption(
        '--layer <layer>',
        'with --repository: which file is edited',
        ['repository', 'organisation'],
        'repository',
      ),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom policy backtest draft.yaml\n  $ loom policy backtest draft.yaml --since 30d --json\n  $ loom policy backtest organisation.yaml --repository acme/shop --layer organisation\n',
    )
    .action(async (file: string = findUsualFile(POLICY_PATH), options: BacktestOptions) => {
      const text = readText(file);
      const limit = Number(options.limit);
      if (!Number.isInteger(limit) || limit < 1) {
        throw new AppError('invalid', 'cli.bad_limit', {
          message: `${options.limit} is not a number of changes.`,
          hint: 'Give a whole number from 1 to 500.',
        });
      }
      const started = performance.now();
      const report =
        options.repository === undefined
          ? await backtestHere(text, { ...options, limit }, context)
          : await backtestThere(text, { ...options, limit }, context);
      if (context.streams.isTerminal) context.streams.err('\r                              \r');
      const seconds = (performance.now() - started) / 1_000;
      context
        .output()
        .result(report, (it) => [...render(it), `${seconds.toFixed(1)} s`].join('\n'));
    });
}

type Options = Omit<BacktestOptions, 'limit'> & { limit: number };

async function backtestHere(
  text: string,
  options: Options,
  context: CliContext,
): Promise<Wire<Backtest>> {
  const git = openRepository(findRoot());
  const base = options.base ?? (await findBase(git));
  const baseSha = base === undefined ? undefined : await git.resolve(base);
  if (baseSha === undefined) {
    throw new AppError('not_found', 'check.unknown_revision', {
      message: `${base ?? 'The base'} is no commit of this repository.`,
      hint: 'Name the protected branch with --base.',
    });
  }
  const report = await backtestOffline({
    git,
    baseSha,
    text,
    since: readSince(options.since, systemClock.now()),
    limit: options.limit,
    authorKindOf: (commit) => classifyAuthor([commit], { hasSession: false }),
    ownersOf: (paths) => codeOwnersAt(git, baseSha, paths),
    onProgress: ({ phase, done }) => showProgress(context, phase, done),
  });
  return JSON.parse(JSON.stringify(report)) as Wire<Backtest>;
}

async function backtestThere(
  text: string,
  options: Options,
  context: CliContext,
): Promise<Wire<Backtest>> {
  const now = systemClock.now();
  const { repository, layer, limit } = options;
  const sinceDays = Math.max(
    1,
    Math.ceil((now.getTime() - readSince(options.since, now).getTime()) / DAY_MS),
  );
  const lines = context
    .client()
    .sendForLines('/v1/policy/backtest', { text, repository, layer, limit, sinceDays });
  for await (const line of lines) {
    const { type, ...rest } = line as { type: string } & Record<string, unknown>;
    if (type === 'progress') showProgress(context, String(rest['phase']), Number(rest['done']));
    else if (type === 'report') return rest['report'] as Wire<Backtest>;
    else {
      const problem = rest['problem'] as { code: string; detail: string; hint: string | null };
      throw new AppError('invalid', problem.code, {
        message: problem.detail,
        ...(problem.hint === null ? {} : { hint: problem.hint }),
      });
    }
  }
  throw new AppError('unavailable', 'cli.unexpected_answer', {
    message: 'The server stopped before it was done.',
    hint: 'Try again.',
  });
}

function showProgress({ streams, output }: CliContext, phase: string, done: number): void {
  if (streams.isTerminal && !output().isJson) streams.err(`\r${phase}: ${done}   `);
}

function render(report: Wire<Backtest>): string[] {
  const { changes, stricter, milder, revertedLater, neverFired } = report;
  return [
    changes === 0
      ? 'Nothing landed in this time; look further back with --since.'
      : `${counted(changes, 'change')} from ${String(report.from).slice(0, 10)} to ${String(report.to).slice(0, 10)}`,
    table(
      LANES.map((lane) => ({ lane, before: report.before[lane], after: report.after[lane] })),
      [
        { title: 'lane', value: (row) => row.lane },
        { title: 'now', value: (row) => row.before, align: 'right' },
        { title: 'edited', value: (row) => row.after, align: 'right' },
      ],
      '',
    ),
    '',
    `${counted(stricter, 'change')} stricter, ${milder} milder`,
    ...report.moved
      .slice(0, SHOWN)
      .map(
        ({ sha, subject, before, after, rulesAdded, rulesRemoved }) =>
          `  ${shortSha(sha)}  ${before} -> ${after}  ${printable(subject).slice(0, 60)}${because(rulesAdded, rulesRemoved)}`,
      ),
    ...(report.moved.length > SHOWN
      ? [`  … and ${report.moved.length - SHOWN} more (--json)`]
      : []),
    '',
    'asked of:',
    ...report.paged
      .slice(0, SHOWN)
      .map(({ who, before, after }) => `  ${printable(who)}  ${before} -> ${after}`),
    '',
    revertedLater.length === 0
      ? 'Nothing that would have shipped alone was reverted later.'
      : `${counted(revertedLater.length, 'change')} would have shipped alone and was reverted later:`,
    ...revertedLater
      .slice(0, SHOWN)
      .map(
        ({ sha, subject, revertedBy, shippedBefore }) =>
          `  ${shortSha(sha)}  ${printable(subject).slice(0, 60)}  by ${shortSha(revertedBy)}${shippedBefore ? '' : '  (new)'}`,
      ),
    ...(neverFired.length === 0
      ? []
      : [
          '',
          'never spoke:',
          ...neverFired.map(({ id, line, file }) => `  ${printable(id)}  ${file}:${line}`),
        ]),
    '',
    ...report.notes,
  ];
}

function because(added: readonly string[], removed: readonly string[]): string {
  const words = [...added.map((id) => `+${id}`), ...removed.map((id) => `-${id}`)];
  return words.length === 0 ? '' : `  (${printable(words.join(' '))})`;
}

function shortSha(sha: string): string {
  return sha.slice(0, 10);
}
