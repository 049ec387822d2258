/** Answers questions about one snapshot: best first, each with the evidence that speaks for it. */
import type { CandidateTable } from './features.ts';
import type { TaskText } from './file-query.ts';
import { type RankingWeights, scoreRows } from './model.ts';
import type { BacktestTask } from './queries.ts';
import type { Snapshot } from './snapshot.ts';
import { tabulateQuery } from './tables.ts';
import { shippedWeights } from './weights.ts';

export interface Evidence {
  signal: string;
  /** A clause for a person: "changed by 3 similar changes, last “Fix cart total”". */
  evidence: string;
}

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
const MAX_EVIDENCE = 3;

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
    const scores = scoreRows(this.#weights.models[task]!, table.values);
    const order = Array.from(scores.keys()).toSorted(
      (a, b) => scores[b]! - scores[a]! || table.candidates[a]! - table.candidates[b]!,
    );
    const best = scores[order[0] ?? 0] ?? 0;
    return order.slice(0, limit).map((row) => ({
      candidate: table.candidates[row]!,
      score: Math.exp(scores[row]! - best),
      why: explain(this.#snapshot, table, row, task),
    }));
  }
}

/** The signals in which a candidate stands highest, in words. */
function explain(
  snapshot: Snapshot,
  table: CandidateTable,
  row: number,
  task: Exclude<BacktestTask, 'cow'>,
): Evidence[] {
  const candidate = table.candidates[row]!;
  const said = new Set<string>();
  return [...table.ranked]
    .map(([signal, ranked]) => ({
      signal,
      place: ranked.findIndex(({ file }) => file === candidate),
    }))
    .filter(({ place }) => place !== -1)
    .toSorted((a, b) => a.place - b.place)
    .flatMap(({ signal, place }) => {
      const words = WORDS[signal];
      if (words === undefined || said.has(words)) return [];
      said.add(words);
      const last =
        signal.startsWith('memory') || signal === 'likeness' || signal === 'messages'
          ? lastTitle(snapshot, candidate, task)
          : '';
      return [{ signal, evidence: `${words} (place ${place + 1})${last}` }];
    })
    .slice(0, MAX_EVIDENCE);
}

function lastTitle(snapshot: Snapshot, file: number, task: string): string {
  if (task === 'own') return '';
  const { history } = snapshot;
  const position = history.touches[file]?.at(-1);
  const title = position === undefined ? '' : history.titles[position]!;
  return title === ''
    ? ''
    : `, last changed by "${title}" (${history.shas[position!]!.slice(0, 10)})`;
}

/** Signals that mean the same to a person share their words. */
const WORDS: Readonly<Record<string, string>> = {
  content: 'its text matches',
  chunk: 'its text matches',
  title: 'its text matches',
  text: 'its text matches',
  textTitle: 'its text matches',
  path: 'its path matches',
  heading: 'its headings match',
  headingTask: 'its headings match',
  symbol: 'it defines names that match',
  defines: 'it defines a name of the task',
  memory: 'similar changes touched it',
  memoryRecent: 'similar changes touched it',
  likeness: 'similar changes touched it',
  messages: 'the messages of its changes match',
  scope: 'changes of the same area touched it',
  named: 'the task names its path',
  stem: 'it is named after words of the task',
  tested: 'a matching test is named after it',
  cochange: 'it changes with these files',
  cochangeTop: 'it changes with these files',
  cochangeLong: 'it changes with these files',
  cochangeRecent: 'it changes with these files',
  testCochange: 'it changes with matching tests',
  confidence: 'it changes with these files',
  jaccard: 'it changes with these files',
  users: 'it uses what these files define',
  used: 'it defines what these files use',
  name: 'its name is alike',
  folderChanges: 'it changes with the same folders',
  siblings: 'files like these change with it',
  names: 'it names these paths',
  linked: 'these files name it',
  near: 'it stands near these files',
  identifiers: 'it holds names that these files define',
  paths: 'it holds the words of these paths',
  activity: 'it changes often these days',
  count: 'changed these files',
  year: 'changed these files',
  half: 'changed these files lately',
  quarter: 'changed these files lately',
  covered: 'changed these files',
  folder: 'changed their folder',
  parent: 'changed the folder above',
  area: 'works in this area',
  neighbours: 'changed files that go with these',
  active: 'is active in the repository',
  month: 'is active in the repository',
  longActive: 'is active in the repository',
};
