/** Backtest of overlap: the product's own detectors over recorded pairs of changes. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { openRepository } from '#git';
import { AppError } from '#kernel';
import { answerOverlaps, OVERLAP_TASKS, type OverlapTask } from '#orchestration';
import type { Command } from 'commander';
import { printable } from '../output.ts';
import type { CliContext } from '../program.ts';

/** Adds `overlap` to `loom backtest`. */
export function addOverlapBacktest(backtest: Command, context: CliContext): void {
  backtest
    .command('overlap')
    .description('score which recorded pairs of changes collide or do the same work')
    .requiredOption('--task <task>', `what is known of each change: ${OVERLAP_TASKS.join(', ')}`)
    .requiredOption('--in <file>', 'pairs, one JSON object per line')
    .requiredOption('--out <file>', 'where the scores go, one line per pair')
    .option('--repo <dir>', 'the clone all pairs belong to; nothing is fetched or written there')
    .option('--fields <which>', 'for dup: text, or all with files and identifiers', 'text')
    .addHelpText(
      'after',
      `
Examples:
  $ loom backtest overlap --task full --in pairs.jsonl --out scores.jsonl --repo ../shop.git
  $ loom backtest overlap --task dup --fields all --in pairs.jsonl --out scores.jsonl
`,
    )
    .action(
      async (options: { task: string; in: string; out: string; repo?: string; fields: string }) => {
        const task = readTask(options.task);
        const fields = readFields(options.fields);
        const git =
          options.repo === undefined ? undefined : openRepository(readClone(options.repo));
        const answers = await answerOverlaps(task, readPairs(options.in), { git, fields });
        const lines = answers.map((answer) => `${JSON.stringify(answer)}\n`);
        writeFileSync(options.out, lines.join(''));
        const merged = answers.filter((answer) => answer.merged === true).length;
        context
          .output()
          .result({ task, pairs: answers.length, merged, out: options.out }, (it) =>
            [
              `${it.pairs} pairs scored in ${printable(it.out)}`,
              ...(it.merged > 0 ? [`${it.merged} of them were merged to see`] : []),
            ].join('; '),
          );
      },
    );
}

function readTask(text: string): OverlapTask {
  const task = OVERLAP_TASKS.find((one) => one === text);
  if (task !== undefined) return task;
  throw new AppError('invalid', 'overlap.no_such_task', {
    message: `There is no task ${printable(text)}.`,
    hint: `The tasks are ${OVERLAP_TASKS.join(', ')}.`,
  });
}

function readFields(text: string): 'text' | 'all' {
  if (text === 'text' || text === 'all') return text;
  throw new AppError('invalid', 'overlap.no_such_fields', {
    message: `${printable(text)} names no set of fields.`,
    hint: 'Say text, or all.',
  });
}

function readClone(path: string): string {
  if (existsSync(path)) return path;
  throw new AppError('not_found', 'overlap.no_clone', {
    message: `There is no folder ${printable(path)}.`,
    hint: 'Name the folder of a clone, bare or with a work tree.',
  });
}

function readPairs(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new AppError('not_found', 'overlap.no_pairs', {
      message: `The pairs in ${printable(file)} cannot be read.`,
      hint: 'Name a file with one JSON object per line.',
      cause,
    });
  }
}
