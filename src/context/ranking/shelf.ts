/**
 * Warm indexes, one per repository: brought along on every push, the least recently asked one dropped
 * when there are too many. Each can be made again from git, so nothing is lost with the process.
 */
import { openRepository } from '#git';
import { AppError } from '#kernel';
import type { RankingWeights } from './model.ts';
import { type RankedPath, type RankedPerson, Ranker } from './ranker.ts';
import { Replay } from './replay.ts';
import { shippedWeights } from './weights.ts';

/** A repository at one commit. `key` names it for as long as it lives; `dir` is its git directory. */
export interface RankTarget {
  key: string;
  dir: string;
  revision: string;
}

export type RankQuestion =
  | { kind: 'files'; title: string; body: string; limit?: number; at?: Date }
  | { kind: 'companions'; paths: readonly string[]; limit?: number; at?: Date }
  | {
      kind: 'documents' | 'decisions';
      title: string;
      body: string;
      paths: readonly string[];
      limit?: number;
      at?: Date;
    }
  | { kind: 'people'; paths: readonly string[]; author?: string; limit?: number; at?: Date };

/** Paths for every kind but people. */
export interface RankAnswer {
  paths: RankedPath[];
  people: RankedPerson[];
}

export interface IndexFigures {
  files: number;
  changes: number;
  /** Left out of the text index, by reason. */
  skipped: { tooLarge: number; binary: number; longLines: number };
}

const MAX_INDEXES = 12;

export class IndexShelf {
  readonly #replays = new Map<string, Promise<Replay>>();
  #weights: RankingWeights | undefined;

  /** Brings the index of a repository to a commit. */
  async warm(target: RankTarget): Promise<IndexFigures> {
    const { history, corpus } = await (await this.#at(target)).snapshot();
    return { files: corpus.content.size, changes: history.size, skipped: { ...corpus.skipped } };
  }

  /** One answer per question, in their order. */
  async ask(target: RankTarget, questions: readonly RankQuestion[]): Promise<RankAnswer[]> {
    const replay = await this.#at(target);
    const weights = this.#weights ?? shippedWeights();
    const ranker = new Ranker(await replay.snapshot(), weights);
    return questions.map((question) => answer(ranker, question));
  }

  /** Weights of the organisation's own; undefined goes back to the shipped ones. */
  useWeights(weights: RankingWeights | undefined): void {
    this.#weights = weights;
  }

  forget(key: string): void {
    this.#replays.delete(key);
  }

  /** Requests of one repository queue up behind each other: an index is at one commit at a time. */
  #at(target: RankTarget): Promise<Replay> {
    const before = this.#replays.get(target.key);
    const now = bring(before, target);
    this.#replays.delete(target.key);
    this.#replays.set(target.key, now);
    now.catch(() => {
      if (this.#replays.get(target.key) === now) this.#replays.delete(target.key);
    });
    for (const key of this.#replays.keys()) {
      if (this.#replays.size <= MAX_INDEXES) break;
      this.#replays.delete(key);
    }
    return now;
  }
}

async function bring(before: Promise<Replay> | undefined, target: RankTarget): Promise<Replay> {
  const standing = await before?.catch(() => undefined);
  if (standing?.head === target.revision) return standing;
  if (standing !== undefined && (await standing.follow(target.revision))) {
    await standing.snapshot();
    return standing;
  }
  const fresh = new Replay(openRepository(target.dir));
  if (!(await fresh.follow(target.revision))) {
    throw new AppError('not_found', 'context.unknown_revision', {
      message: `There is no commit ${target.revision.slice(0, 100)} to rank at.`,
      hint: 'Refresh the repository if it was pushed just now.',
    });
  }
  await fresh.snapshot();
  return fresh;
}

function answer(ranker: Ranker, question: RankQuestion): RankAnswer {
  const options = {
    ...(question.limit === undefined ? {} : { limit: question.limit }),
    at: question.at,
  };
  switch (question.kind) {
    case 'files':
      return { paths: ranker.rankFiles(question, options), people: [] };
    case 'companions':
      return { paths: ranker.rankCompanions(question.paths, options), people: [] };
    case 'documents':
      return { paths: ranker.rankDocuments(question, question.paths, options), people: [] };
    case 'decisions':
      return { paths: ranker.rankDecisions(question, question.paths, options), people: [] };
    case 'people':
      return { paths: [], people: ranker.rankPeople(question.paths, question.author, options) };
  }
}
