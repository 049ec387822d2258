/** Questions with their answers, from a repository's own later changes, as rows a model is fitted to. */
import { z } from 'zod';
import type { GitRepository } from '#git';
import type { CandidateTable } from './features.ts';
import { readOwnChanges } from './own-backtest.ts';
import { makeOwnQueries, type OwnQuery } from './own-queries.ts';
import { taskOf } from './queries.ts';
import { Replay } from './replay.ts';
import type { Snapshot } from './snapshot.ts';
import { tabulateQuery } from './tables.ts';
import type { LabelledRows } from './train.ts';

export const RankedTask = z.enum(['loc', 'co', 'doc', 'own']);
export type RankedTask = z.infer<typeof RankedTask>;

export interface TrainingQuestion extends LabelledRows {
  id: string;
  task: RankedTask;
  columns: readonly string[];
  /** How many right answers there were, found among the candidates or not. */
  wanted: number;
  /** Kept apart, with all its rows, to judge by. */
  isHeldOut: boolean;
}

/** Wrong rows kept per question: the likeliest by the plainest signal, and some of the rest. */
const LIKELY_ROWS = 50;
const OTHER_ROWS = 35;
const PLAINEST: Readonly<Record<Exclude<RankedTask, 'co'>, string>> = {
  loc: 'fused',
  doc: 'text',
  own: 'active',
};
/** No signal of companions is plain: places in all of them count, and with fewer rows the fit was worse. */
const COMPANION_ROWS = 120;
const DAYS = 900;

/**
 * Rows of the questions a repository's own changes ask, oldest first. A model is fitted to thinned rows;
 * the newest questions of each kind, `heldOutShare` of them, keep every row, for a model to be judged by.
 */
export async function gatherTrainingQuestions(
  git: GitRepository,
  options: {
    to: string;
    perTask: number;
    heldOutShare?: number;
    onProgress?: (done: number, total: number) => void;
    signal?: AbortSignal;
  },
): Promise<TrainingQuestion[]> {
  const changes = await readOwnChanges(git, options.to, options.signal);
  const byBase = new Map<string, OwnQuery[]>();
  const queries = makeOwnQueries(changes, { limit: options.perTask, days: DAYS });
  for (const query of queries) {
    const group = byBase.get(query.base);
    if (group === undefined) byBase.set(query.base, [query]);
    else group.push(query);
  }
  const heldOut = newestOfEachKind(queries, options.heldOutShare ?? 0);
  const questions: TrainingQuestion[] = [];
  const replay = new Replay(git, options.signal);
  let done = 0;
  await replay.follow(options.to, async (sha) => {
    const group = byBase.get(sha);
    if (group === undefined) return undefined;
    byBase.delete(sha);
    const snapshot = await replay.snapshot();
    for (const query of group) {
      const kind = taskOf(query.id);
      if (kind === undefined || kind === 'cow') continue;
      const at = query.date === undefined ? snapshot.lastAt : Date.parse(query.date) / 1000;
      const table = tabulateQuery(snapshot, kind, query, at);
      const isConfiguration = (file: number) => snapshot.corpus.classes[file] === 'configuration';
      const task = kind === 'dec' ? 'doc' : kind;
      const right = rightRows(snapshot, table, query, task);
      const isHeldOut = heldOut.has(query);
      const rows = isHeldOut
        ? { columns: table.columns, values: table.values, right: [...right] }
        : thinRows(
            table,
            right,
            task,
            (candidate) => task !== 'loc' || !isConfiguration(candidate),
          );
      questions.push({ id: query.id, task, wanted: query.gold.length, isHeldOut, ...rows });
    }
    done += group.length;
    options.onProgress?.(done, queries.length);
    return byBase.size === 0 ? 'stop' : undefined;
  });
  return questions;
}

/** The newest share of the questions of each kind; they come kind by kind, oldest first. */
function newestOfEachKind(queries: readonly OwnQuery[], share: number): Set<OwnQuery> {
  const kinds = Map.groupBy(queries, ({ id }) => taskOf(id));
  return new Set(
    [...kinds.values()].flatMap((all) => all.slice(all.length - Math.floor(all.length * share))),
  );
}

function rightRows(
  snapshot: Snapshot,
  table: CandidateTable,
  { gold }: OwnQuery,
  task: RankedTask,
): Set<number> {
  const { people } = snapshot.history;
  const numbers = gold.flatMap(
    (answer) => (task === 'own' ? people.search(answer) : snapshot.history.numberOf(answer)) ?? [],
  );
  const isGold = new Set(numbers);
  return new Set(
    table.candidates.flatMap((candidate, row) => (isGold.has(candidate) ? [row] : [])),
  );
}

function thinRows(
  { columns, values, candidates }: CandidateTable,
  right: ReadonlySet<number>,
  task: RankedTask,
  /** Which files configuration edits touch is habit more than purpose: it would teach the wrong thing. */
  isTaught: (candidate: number) => boolean,
): Pick<TrainingQuestion, 'columns' | 'values' | 'right'> {
  const width = columns.length;
  const likelihood = task === 'co' ? placesIn(columns, values) : columnOf(columns, values, task);
  const order = Array.from(candidates.keys()).toSorted(
    (a, b) => likelihood[b]! - likelihood[a]! || a - b,
  );
  const likely = task === 'co' ? COMPANION_ROWS : LIKELY_ROWS;
  const others = task === 'co' ? 0 : OTHER_ROWS;
  const rest = Math.max(1, (order.length - likely) / others);
  const kept = order.filter(
    (row, place) =>
      isTaught(candidates[row]!) &&
      (right.has(row) || place < likely || (others > 0 && (place - likely) % rest < 1)),
  );
  const thinned = new Float32Array(kept.length * width);
  kept.forEach((row, at) =>
    thinned.set(values.subarray(row * width, (row + 1) * width), at * width),
  );
  return {
    columns,
    values: thinned,
    right: kept.flatMap((row, at) => (right.has(row) ? [at] : [])),
  };
}

/** By row: the sum of all columns that tell a place. */
function placesIn(columns: readonly string[], values: Float32Array): Float64Array {
  const sums = new Float64Array(values.length / columns.length);
  columns.forEach((column, at) => {
    if (!column.endsWith('.place')) return;
    for (let row = 0; row < sums.length; row += 1) sums[row]! += values[row * columns.length + at]!;
  });
  return sums;
}

function columnOf(
  columns: readonly string[],
  values: Float32Array,
  task: Exclude<RankedTask, 'co'>,
): Float64Array {
  const at = columns.indexOf(PLAINEST[task]);
  return Float64Array.from(
    { length: values.length / columns.length },
    (_, row) => values[row * columns.length + at]!,
  );
}
