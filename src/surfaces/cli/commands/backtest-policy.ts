/** Backtests of risk and routing: the product's own judgement, replayed over recorded history. */
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { backtestReviewers, readRecords, replayRisk, ReviewRecord } from '#insights';
import { AppError } from '#kernel';
import type { Command } from 'commander';
import type { CliContext } from '../program.ts';

/** Adds `risk` and `reviewers` to `loom backtest`. */
export function addPolicyBacktests(backtest: Command, context: CliContext): void {
  backtest
    .command('risk')
    .description('answer how risky each change of a history was, by what was known when it landed')
    .option('--stdio', 'read events as JSON lines and answer each question with one line')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom backtest risk --stdio < events.jsonl > answers.jsonl\n',
    )
    .action(async (options: { stdio?: boolean }) => {
      if (options.stdio !== true) {
        throw new AppError('invalid', 'cli.usage', {
          message: 'The history comes as lines on the standard input.',
          hint: 'Add --stdio; docs/model-cards/risk.md describes the lines.',
        });
      }
      const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
      await replayRisk(lines, (line) => context.streams.out(`${line}\n`));
    });

  backtest
    .command('reviewers')
    .description('rank reviewers for each change of a history that names who really reviewed')
    .requiredOption(
      '--changes <file>',
      'landed changes as gzipped JSON lines: NAME.changes.jsonl.gz',
    )
    .requiredOption('--out <file>', 'where the ranks go, one JSON line per change')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom backtest reviewers --changes shop.changes.jsonl.gz --out ranks.jsonl\n',
    )
    .action(async ({ changes, out }: { changes: string; out: string }) => {
      const repo = basename(changes).replace(/\.changes\.jsonl\.gz$/, '');
      const answers = backtestReviewers(await readRecords(changes, ReviewRecord));
      const lines = answers.map((answer) => `${JSON.stringify({ repo, ...answer })}\n`);
      await writeFile(out, lines.join(''));
      context
        .output()
        .result(
          { repo, answers: answers.length, out },
          (result) => `${result.answers} changes of ${result.repo} ranked in ${result.out}`,
        );
    });
}
