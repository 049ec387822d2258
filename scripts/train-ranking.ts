/**
 * Fits the weights that ship with the ranker: `node scripts/train-ranking.ts CLONES [options]`.
 * CLONES holds clones with full histories in folders named owner+name (bare, or owner+name/repo). The
 * questions come from each repository's own later changes; no labels are needed.
 *
 *   --leave NAME   leave a repository out; may be given several times
 *   --cache DIR    keep the rows of each repository there, and use those that are
 *   --out FILE     default: src/context/ranking/weights.json
 *   --questions N  of each kind per repository (default 110)
 *   --only KIND    fit this kind (loc, co, doc, own) and keep the others of FILE; may be given several times
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openRepository } from '../src/git/index.ts';
import { fitWeights } from '../src/context/ranking/fit-weights.ts';
import {
  gatherTrainingQuestions,
  RankedTask,
  type TrainingQuestion,
} from '../src/context/ranking/training-rows.ts';
import { readWeights } from '../src/context/ranking/weights.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    leave: { type: 'string', multiple: true, default: [] },
    cache: { type: 'string' },
    out: {
      type: 'string',
      default: join(import.meta.dirname, '../src/context/ranking/weights.json'),
    },
    questions: { type: 'string', default: '110' },
    only: { type: 'string', multiple: true },
  },
});
const [clones] = positionals;
if (clones === undefined) {
  process.stderr.write(
    'usage: node scripts/train-ranking.ts CLONES [--leave NAME] [--cache DIR] [--out FILE]\n',
  );
  process.exit(2);
}

const byRepository = new Map<string, TrainingQuestion[]>();
for (const folder of readdirSync(clones).toSorted()) {
  const name = folder.replace('+', '/');
  const dir = ['repo/.git', 'repo', '.git', '']
    .map((inner) => join(clones, folder, inner))
    .find((place) => existsSync(join(place, 'objects')));
  if (dir === undefined || values.leave.includes(name)) continue;
  byRepository.set(name, await questionsOf(name, dir));
  process.stderr.write(`${name}: ${byRepository.get(name)!.length} questions\n`);
}
const tasks = values.only?.map((kind) => RankedTask.parse(kind));
const weights = fitWeights(
  byRepository,
  tasks === undefined ? {} : { tasks, before: readWeights(values.out) },
);
writeFileSync(values.out, `${JSON.stringify(weights)}\n`);
process.stderr.write(`${values.out}: fitted on ${weights.fittedOn.length} repositories\n`);

async function questionsOf(name: string, dir: string): Promise<TrainingQuestion[]> {
  const file =
    values.cache === undefined
      ? undefined
      : join(values.cache, `${name.replace('/', '+')}.rows.json`);
  if (file !== undefined && existsSync(file)) return readRows(file);
  const git = openRepository(dir);
  const to = await git.resolve('HEAD');
  const questions =
    to === undefined
      ? []
      : await gatherTrainingQuestions(git, { to, perTask: Number(values.questions) });
  if (file !== undefined) {
    mkdirSync(values.cache!, { recursive: true });
    writeFileSync(
      file,
      JSON.stringify(questions.map((it) => ({ ...it, values: toText(it.values) }))),
    );
  }
  return questions;
}

function readRows(file: string): TrainingQuestion[] {
  const rows = JSON.parse(readFileSync(file, 'utf8')) as (Omit<TrainingQuestion, 'values'> & {
    values: string;
  })[];
  return rows.map((row) => ({ ...row, values: fromText(row.values) }));
}

function toText(numbers: Float32Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64');
}

function fromText(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
  );
}
