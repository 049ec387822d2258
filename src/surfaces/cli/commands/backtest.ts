import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ContextFigures, answerQueries, backtestOwnChanges, parseQueries } from '#context';
import { openRepository } from '#git';
import { AppError } from '#kernel';
import { EXIT_CODES, printable, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import { addBreakerBacktest } from './backtest-breaker.ts';
import { addOverlapBacktest } from './backtest-overlap.ts';
import { addPolicyBacktests } from './backtest-policy.ts';

export const registerBacktest: RegisterCommands = (program, context) => {
  const backtest = program
    .command('backtest')
    .description('how well the judgement of LoomStack would have done over a history');

  backtest
    .command('context [path]')
    .description(
      'how well it would have found the files, companions, documents and people of past changes; without a server',
    )
    .option('--repo <dir>', 'the clone to read; nothing is fetched or written there')
    .option('--queries <file>', 'questions, one JSON object per line, each with its base commit')
    .option('--out <file>', 'where the answers go, one line per question')
    .option(
      '--changes <count>',
      'without --queries: how many of the last changes to ask about',
      '200',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ loom backtest context .                          the last 200 changes of this repository
  $ loom backtest context ../shop --changes 50 --json
  $ loom backtest context --repo ../shop.git --queries questions.jsonl --out answers.jsonl
`,
    )
    .action(
      async (
        path: string | undefined,
        options: { repo?: string; queries?: string; out?: string; changes: string },
      ) => {
        const git = openRepository(readFolder(options.repo ?? path ?? '.'));
        const isShown = context.streams.isTerminal && !context.output().isJson;
        const onProgress = isShown
          ? (done: number, total: number) => context.streams.err(`\rquestion ${done} of ${total} `)
          : undefined;
        if (options.queries === undefined) {
          const figures = await backtestOwnChanges(git, {
            changes: readCount(options.changes),
            onProgress,
          });
          if (isShown) context.streams.err('\r                              \r');
          context.output().result(figures, renderFigures);
          return;
        }
        const answers = await answerQueries(git, parseQueries(readQueries(options.queries)), {
          onProgress,
        });
        const lines = answers.map((answer) => `${JSON.stringify(answer)}\n`).join('');
        if (options.out === undefined) context.streams.out(lines);
        else writeFileSync(options.out, lines);
        const unanswered = answers.filter(({ problem }) => problem !== undefined);
        if (unanswered.length > 0) context.setExitCode(EXIT_CODES.failed);
        if (isShown) context.streams.err('\r                              \r');
        if (options.out !== undefined) {
          context
            .output()
            .result({ answered: answers.length - unanswered.length, unanswered }, (it) =>
              [
                `${it.answered} of ${answers.length} questions answered in ${options.out}`,
                ...it.unanswered.map(({ id, problem }) => `  ${printable(id)}: ${problem}`),
              ].join('\n'),
            );
        }
      },
    );

  addOverlapBacktest(backtest, context);
  addPolicyBacktests(backtest, context);
  addBreakerBacktest(backtest, context);
};

function readFolder(path: string): string {
  if (existsSync(path)) return resolve(path);
  throw new AppError('not_found', 'context.no_such_folder', {
    message: `There is no folder ${printable(path)}.`,
    hint: 'Name the folder of a clone, bare or with a work tree.',
  });
}

function readQueries(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AppError('not_found', 'context.no_queries', {
      message: `The questions in ${printable(file)} cannot be read.`,
      hint: 'Name a file with one JSON object per line.',
      cause,
    });
  }
}

function readCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 2_000) return count;
  throw new AppError('invalid', 'context.bad_count', {
    message: `${printable(text)} is not a number of changes.`,
    hint: 'Give a whole number from 1 to 2000.',
  });
}

const share = (value: number | null) => (value === null ? '-' : `${Math.round(value * 100)} %`);

function renderFigures(figures: ContextFigures): string {
  return [
    `Given only the title and text of ${figures.changes} past changes, and nothing that came after:`,
    '',
    table(
      figures.tasks,
      [
        { title: 'question', value: (it) => it.question },
        { title: 'asked', value: (it) => it.asked, align: 'right' },
        { title: 'right in the first 3', value: (it) => share(it.hit3), align: 'right' },
        { title: 'found in the first 5', value: (it) => share(it.recall5), align: 'right' },
        { title: 'found in the first 10', value: (it) => share(it.recall10), align: 'right' },
      ],
      'No past change could be asked about.',
    ),
    ...figures.notes.map((note) => `  note: ${note}`),
  ].join('\n');
}
