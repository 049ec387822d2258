/** "How well would it have found the files of your last changes?": a repository judged by its own past. */
import type { GitRepository } from '#git';
import { answerQueries, type BacktestAnswer, OUT_OF_TIME } from './backtest.ts';
import { type ChangeExample, pickExamples, toExample } from './own-examples.ts';
import { makeOwnQueries, type OwnChange, type OwnQuery, toOwnChange } from './own-queries.ts';
import { type BacktestTask, taskOf } from './queries.ts';
import type { RankingWeights } from './model.ts';
import { readBranches } from './replay.ts';

export interface TaskFigures {
  task: 'files' | 'companions' | 'documents' | 'people';
  question: string;
  asked: number;
  /** Share of questions with a right answer among the first three. */
  hit3: number | null;
  /** Mean share of the right answers among the first five, and ten. */
  recall5: number | null;
  recall10: number | null;
  /** Mean of one over the place of the first right answer. */
  meanReciprocalRank: number | null;
}

export interface ContextFigures {
  /** Sha of the newest change. */
  revision: string;
  /** Changes that were asked about. */
  changes: number;
  tasks: TaskFigures[];
  /** Of the questions about files, those whose text names none of them: the honest half. */
  withoutNames: TaskFigures | null;
  /** Set when time was up: how many of the questions planned were asked, the oldest first; none may be planned yet. */
  cut: { afterMs: number; asked: number; planned: number } | null;
  /** A few of the changes, found ones and missed ones, newest first. */
  examples: ChangeExample[];
  notes: string[];
}

const DAYS = 900;
/** Bounds what is held of a long history; older changes would not be asked about. */
const MAX_REMEMBERED = 20_000;

const QUESTIONS: Readonly<Record<TaskFigures['task'], string>> = {
  files: 'which files will it touch?',
  companions: 'which file is still missing?',
  documents: 'which documents bear on it?',
  people: 'whom to ask?',
};

export async function backtestOwnChanges(
  git: GitRepository,
  options: {
    changes: number;
    weights?: RankingWeights;
    onProgress?: ((done: number, total: number) => void) | undefined;
    /** The very last changes instead of some spread over the days; quicker, for they lie close together. */
    pick?: 'spread' | 'newest';
    /** Only what these ask; everything unless given. */
    tasks?: readonly TaskFigures['task'][];
    /** Time is up after so long; what was asked until then is told, and how much that is. */
    budgetMs?: number;
  },
): Promise<ContextFigures> {
  const { budgetMs, tasks, pick = 'spread' } = options;
  const signal = budgetMs === undefined ? undefined : AbortSignal.timeout(budgetMs);
  const head = await git.resolve('HEAD');
  const changes = head === undefined ? [] : await readOwnChanges(git, head, signal);
  const queries = makeOwnQueries(changes, { limit: options.changes, days: DAYS, pick }).filter(
    ({ id }) => tasks === undefined || tasks.includes(TASK_OF[taskOf(id)!]!),
  );
  const golds = new Map<object, OwnQuery>(queries.map((query) => [query, query]));
  const examples: ChangeExample[] = [];
  const answers = await answerQueries(git, queries, {
    ...(options.weights === undefined ? {} : { weights: options.weights }),
    onProgress: options.onProgress,
    signal,
    onFiles: (query, ranked, snapshot) => {
      const own = golds.get(query);
      if (own !== undefined) examples.push(toExample(own, ranked, snapshot));
    },
  });
  const figures = toFigures(head ?? '', queries, answers);
  const asked = answers.filter(({ problem }) => problem !== OUT_OF_TIME).length;
  const isCut = signal?.aborted === true && (asked < queries.length || queries.length === 0);
  return {
    ...figures,
    cut: isCut ? { afterMs: budgetMs ?? 0, asked, planned: queries.length } : null,
    examples: pickExamples(examples),
  };
}

const TASK_OF: Readonly<Partial<Record<BacktestTask, TaskFigures['task']>>> = {
  loc: 'files',
  co: 'companions',
  doc: 'documents',
  dec: 'documents',
  own: 'people',
};

/** The purposeful changes of people, oldest first; none when the signal is aborted before the newest. */
export async function readOwnChanges(
  git: GitRepository,
  to: string,
  signal?: AbortSignal,
): Promise<OwnChange[]> {
  const changes: OwnChange[] = [];
  // A robot that merges says nothing: the change is its branch's author's.
  const branches = await readBranches(git, to);
  for await (const change of git.changeLog({ to })) {
    if (signal?.aborted === true) return [];
    const own = toOwnChange(change, branches(change)?.author);
    if (own !== undefined) changes.push(own);
    if (changes.length > 2 * MAX_REMEMBERED) changes.splice(0, MAX_REMEMBERED);
  }
  return changes;
}

function toFigures(
  revision: string,
  queries: readonly OwnQuery[],
  answers: readonly BacktestAnswer[],
): Omit<ContextFigures, 'cut' | 'examples'> {
  const rows = queries
    .map((query, at) => ({ query, answer: answers[at]! }))
    .filter(({ answer }) => answer.problem !== OUT_OF_TIME);
  const of = (task: TaskFigures['task'], kinds: readonly string[]) =>
    figuresOf(
      task,
      rows.filter(({ query }) => kinds.includes(taskOf(query.id) ?? '')),
    );
  const unnamed = rows.filter(
    ({ query }) => taskOf(query.id) === 'loc' && query.namesGold === false,
  );
  const notes: string[] = [];
  if (queries.length === 0)
    notes.push(
      'No change of the last 900 days was made by a person with a title that says what it is for.',
    );
  return {
    revision,
    changes: rows.filter(({ query }) => taskOf(query.id) === 'loc').length,
    tasks: [
      of('files', ['loc']),
      of('companions', ['co']),
      of('documents', ['doc', 'dec']),
      of('people', ['own']),
    ].filter(({ asked }) => asked > 0),
    withoutNames: unnamed.length === 0 ? null : figuresOf('files', unnamed),
    notes,
  };
}

function figuresOf(
  task: TaskFigures['task'],
  rows: readonly { query: OwnQuery; answer: BacktestAnswer }[],
): TaskFigures {
  const mean = (value: (gold: readonly string[], ranked: readonly string[]) => number) =>
    rows.length === 0
      ? null
      : rows.reduce((sum, { query, answer }) => sum + value(query.gold, answer.ranked ?? []), 0) /
        rows.length;
  const recall = (count: number) => (gold: readonly string[], ranked: readonly string[]) =>
    gold.filter((it) => ranked.slice(0, count).includes(it)).length / gold.length;
  return {
    task,
    question: QUESTIONS[task],
    asked: rows.length,
    hit3: mean((gold, ranked) => (ranked.slice(0, 3).some((it) => gold.includes(it)) ? 1 : 0)),
    recall5: mean(recall(5)),
    recall10: mean(recall(10)),
    meanReciprocalRank: mean((gold, ranked) => {
      const place = ranked.findIndex((it) => gold.includes(it));
      return place === -1 ? 0 : 1 / (place + 1);
    }),
  };
}
