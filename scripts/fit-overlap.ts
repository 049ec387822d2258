/**
 * Fits the models of overlap again and prints them as src/orchestration/overlap/weights.json holds them, for
 * `dup` as same-work-trees.json does:
 *
 *   node scripts/fit-overlap.ts --task prefix --strength 0.02 PAIRS.jsonl=CLONE.git PAIRS2.jsonl=CLONE2.git
 *   node scripts/fit-overlap.ts --task dup PAIRS.jsonl PAIRS2.jsonl
 *
 * The lines are those of `loom backtest overlap` with a `label` (0 or 1) and a weight `w` (1 unless given).
 * Every file counts the same, however long it is; for `dup` by the root of its length. A file without
 * `=CLONE` is read without a history. `--fields all` fits what files and identifiers add to words.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openRepository } from '../src/git/index.ts';
import { answerOverlaps } from '../src/orchestration/overlap/backtest.ts';
import { OVERLAP_TASKS } from '../src/orchestration/overlap/backtest-input.ts';
import { type Example, fitLinear } from '../src/orchestration/overlap/fit.ts';
import { fitTrees } from '../src/orchestration/overlap/fit-trees.ts';
import { type Features, type ModelName, SHIPPED } from '../src/orchestration/overlap/models.ts';

const MODELS: Record<(typeof OVERLAP_TASKS)[number], ModelName> = {
  full: 'lines',
  prefix: 'prefix',
  intent: 'intent',
  dup: 'sameWorkWithFiles',
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    task: { type: 'string' },
    strength: { type: 'string', default: '0.02' },
    fields: { type: 'string', default: 'text' },
  },
});
const task = OVERLAP_TASKS.find((one) => one === values.task);
if (task === undefined || positionals.length === 0) {
  throw new Error(`--task is one of ${OVERLAP_TASKS.join(', ')}, followed by files of pairs`);
}

const examples: Example[] = [];
for (const positional of positionals) {
  const [file = '', clone] = positional.split('=');
  const text = readFileSync(file, 'utf8');
  const gold = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as { label: number; w?: number });
  const total = gold.reduce((sum, { w = 1 }) => sum + Math.sqrt(w), 0);
  await answerOverlaps(task, text, {
    // `full` is about the ranges: with a clone, git would decide.
    git: clone === undefined || task === 'full' ? undefined : openRepository(clone),
    onFeatures: (at: number, features: Features) => {
      const { label, w = 1 } = gold[at]!;
      // The root: rare kinds of pairs stand for so many that a few would decide alone.
      examples.push({
        features,
        isPositive: label === 1,
        weight: Math.sqrt(w) / (task === 'dup' ? Math.sqrt(total) : total),
      });
    },
  });
}
if (task === 'dup' && values.fields === 'text') {
  const beside = new Set(Object.keys(SHIPPED.sameWorkWithFiles.weights));
  const names = Object.keys(examples[0]!.features).filter((name) => !beside.has(name));
  process.stdout.write(`${JSON.stringify(fitTrees(examples, names), null, 2)}\n`);
} else {
  const name = MODELS[task];
  const names = Object.keys(SHIPPED[name].weights);
  const { bias, weights } = fitLinear(examples, names, Number(values.strength));
  const round = (value: number) => Number(value.toFixed(4));
  const model = {
    bias: round(bias),
    weights: Object.fromEntries(Object.entries(weights).map(([key, value]) => [key, round(value)])),
  };
  process.stdout.write(`${JSON.stringify({ [name]: model }, null, 2)}\n`);
}
process.exit(0);
