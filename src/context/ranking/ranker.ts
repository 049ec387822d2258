/** Answers questions about one snapshot: best first, each with the evidence that speaks for it. */
import { createExplainer, type Evidence } from './explain.ts';
import type { TaskText } from './file-query.ts';
import { type RankingModel, type RankingWeights, scoreRows } from './model.ts';
import type { BacktestTask } from './queries.ts';
import type { Snapshot } from './snapshot.ts';
import { tabulateQuery } from './tables.ts';
import { shippedWeights } from './weights.ts';

export interface RankedItem {
  /** Relative to the best item: 1 for it, falling to 0. */
  score: number;
  why: Evidence[];
}

export interface RankedPath extends RankedItem {
  path: string;
}

export interface RankedPerson extends RankedItem {
  name: string;
  email: string;
  lastActiveAt: Date;
}

export interface RankOptions {
  limit?: number;
  /** The present moment; the newest change's time unless given. */
  at?: Date | undefined;
}

const USUAL_LIMIT = 30;

export class Ranker {
  readonly #snapshot: Snapshot;
  readonly #weights: RankingWeights;

  constructor(snapshot: Snapshot, weights: RankingWeights = shippedWeights()) {
    this.#snapshot = snapshot;
    this.#weights = weights;
  }

  /** Files a task with this text will probably touch: code and configuration. */
  rankFiles(text: TaskText, options: RankOptions = {}): RankedPath[] {
    return this.#paths('loc', { query: text }, options);
  }

  /** Files that usually change together with these and are not among them. */
  rankCompanions(paths: readonly string[], options: RankOptions = {}): RankedPath[] {
    return this.#paths('co', { given: [...paths] }, options);
  }

  /** Documents that bear on a task and the paths it touches. */
  rankDocuments(text: TaskText, paths: readonly string[], options: RankOptions = {}): RankedPath[] {
    return this.#paths('doc', { query: text, paths: [...paths] }, options);
  }

  /** The same among decision records and proposals. */
  rankDecisions(text: TaskText, paths: readonly string[], options: RankOptions = {}): RankedPath[] {
    return this.#paths('dec', { query: text, paths: [...paths] }, options);
  }

  /** Whom to ask about these paths, besides the author. */
  rankPeople(
    paths: readonly string[],
    author: string | undefined,
    options: RankOptions = {},
  ): RankedPerson[] {
    const { people } = this.#snapshot.history;
    return this.#rank('own', { paths: [...paths], author }, options).map(
      ({ candidate, ...rest }) => ({
        ...rest,
        name: people.nameOf(candidate),
        email: people.emailOf(candidate),
        lastActiveAt: new Date(people.lastAt(candidate) * 1000),
      }),
    );
  }

  #paths(
    task: Exclude<BacktestTask, 'cow'>,
    query: Omit<Parameters<typeof tabulateQuery>[2], 'id' | 'base'>,
    options: RankOptions,
  ): RankedPath[] {
    return this.#rank(task, query, options).map(({ candidate, ...rest }) => ({
      ...rest,
      path: this.#snapshot.pathOf(candidate),
    }));
  }

  #rank(
    task: Exclude<BacktestTask, 'cow'>,
    query: Omit<Parameters<typeof tabulateQuery>[2], 'id' | 'base'>,
    { limit = USUAL_LIMIT, at }: RankOptions,
  ): (RankedItem & { candidate: number })[] {
    const now = at === undefined ? this.#snapshot.lastAt : at.getTime() / 1000;
    const table = tabulateQuery(this.#snapshot, task, { id: '', base: '', ...query }, now);
    const scores = scoreRows(modelFor(this.#weights, task, table.columns), table.values);
    const order = Array.from(scores.keys()).toSorted(
      (a, b) => scores[b]! - scores[a]! || table.candidates[a]! - table.candidates[b]!,
    );
    const best = scores[order[0] ?? 0] ?? 0;
    const explain = createExplainer(this.#snapshot, table, query.query?.title ?? '');
    return order.slice(0, limit).map((row) => ({
      candidate: table.candidates[row]!,
      score: Math.exp(scores[row]! - best),
      why: explain(table.candidates[row]!),
    }));
  }
}

/** @throws Error when weights were fitted to other columns: they would rank by accident. */
function modelFor(weights: RankingWeights, task: string, columns: readonly string[]): RankingModel {
  const model = weights.models[task];
  const fits =
    model?.columns.length === columns.length &&
    model.columns.every((name, at) => name === columns[at]);
  if (model === undefined || !fits)
    throw new Error(
      `The weights for ${task} were fitted to other columns; run scripts/train-ranking.ts.`,
    );
  return model;
}
