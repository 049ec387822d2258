/**
 * Answers the questions of a data file over a clone, each from what was known at its base: the history is
 * replayed once, and a question is asked when its base has been reached. Reads the clone only.
 */
import type { GitRepository } from '#git';
import { AppError } from '#kernel';
import { ownersOfPath, parseCodeOwners } from '../code-owners.ts';
import { CODE_OWNER_PLACES, MAX_CODE_OWNERS_BYTES } from '../code-owners.ts';
import type { RankingWeights } from './model.ts';
import { BacktestQuery, type BacktestTask, taskOf } from './queries.ts';
import { type RankedPath, Ranker } from './ranker.ts';
import { Replay } from './replay.ts';
import type { Snapshot } from './snapshot.ts';
import { shippedWeights } from './weights.ts';

export interface BacktestAnswer {
  id: string;
  /** Paths, or people for questions of ownership; best first. */
  ranked?: string[];
  /** For questions of declared owners: every path of the question. */
  owners?: Record<string, string[]>;
  /** With a warm index. */
  ms: number;
  /** Why there is no answer. */
  problem?: string;
}

/** Tests and documents are taken out of some rankings by whoever scores them, so more are given. */
export const ANSWERS = 60;

/** Why a question has no answer when the time was up before its turn. */
export const OUT_OF_TIME = 'out of time';

/** One answer per question, in their order. With a signal that is aborted, the rest is out of time. */
export async function answerQueries(
  git: GitRepository,
  queries: readonly BacktestQuery[],
  options: {
    weights?: RankingWeights;
    onProgress?: ((done: number, total: number) => void) | undefined;
    signal?: AbortSignal | undefined;
    /** Sees the answer of every question about files, with what it was asked of. */
    onFiles?: (query: BacktestQuery, ranked: readonly RankedPath[], snapshot: Snapshot) => void;
  } = {},
): Promise<BacktestAnswer[]> {
  const weights = options.weights ?? shippedWeights();
  const head = await git.resolve('HEAD');
  const open = new Map<string, BacktestQuery[]>();
  const answers = new Map<BacktestQuery, BacktestAnswer>();
  for (const query of queries) {
    const base = await git.resolve(query.base);
    if (base === undefined || taskOf(query.id) === undefined) {
      answers.set(query, {
        id: query.id,
        ranked: [],
        ms: 0,
        problem: base === undefined ? 'unknown base' : 'unknown task',
      });
      continue;
    }
    const group = open.get(base);
    if (group === undefined) open.set(base, [query]);
    else group.push(query);
  }

  const answerAt = async (replay: Replay, sha: string): Promise<'stop' | void> => {
    const group = open.get(sha);
    if (group === undefined) return;
    open.delete(sha);
    const snapshot = await replay.snapshot();
    const ranker = new Ranker(snapshot, weights);
    for (const query of group) {
      const start = performance.now();
      const answer = await answerOne(git, ranker, sha, query, (ranked) =>
        options.onFiles?.(query, ranked, snapshot),
      );
      answers.set(query, { ...answer, ms: Number((performance.now() - start).toFixed(1)) });
      options.onProgress?.(answers.size, queries.length);
    }
    if (open.size === 0) return 'stop';
  };

  // Bases usually lie on one line. One that does not is replayed along its own.
  let line = head;
  while (open.size > 0) {
    const to = line ?? [...open.keys()].at(-1)!;
    line = undefined;
    const replay = new Replay(git, options.signal);
    try {
      await replay.follow(to, (sha) => answerAt(replay, sha));
    } catch (error) {
      if (options.signal?.aborted !== true) throw error;
      break;
    }
  }
  return queries.map(
    (query) => answers.get(query) ?? { id: query.id, ranked: [], ms: 0, problem: OUT_OF_TIME },
  );
}

async function answerOne(
  git: GitRepository,
  ranker: Ranker,
  base: string,
  query: BacktestQuery,
  onFiles: (ranked: readonly RankedPath[]) => void,
): Promise<Omit<BacktestAnswer, 'ms'>> {
  const { id, query: text = { title: '', body: '' }, paths = [], given = [] } = query;
  const at = query.date === undefined ? undefined : new Date(query.date);
  const options = { limit: ANSWERS, at: Number.isNaN(at?.getTime()) ? undefined : at };
  const pathsOf = (ranked: readonly { path: string }[]) => ranked.map(({ path }) => path);
  const task: BacktestTask = taskOf(id)!;
  switch (task) {
    case 'loc': {
      const ranked = ranker.rankFiles(text, options);
      onFiles(ranked);
      return { id, ranked: pathsOf(ranked) };
    }
    case 'co':
      return { id, ranked: pathsOf(ranker.rankCompanions(given, options)) };
    case 'doc':
      return { id, ranked: pathsOf(ranker.rankDocuments(text, paths, options)) };
    case 'dec':
      return { id, ranked: pathsOf(ranker.rankDecisions(text, paths, options)) };
    case 'own':
      return {
        id,
        ranked: ranker.rankPeople(paths, query.author, options).map(({ name }) => name),
      };
    case 'cow':
      return { id, owners: await declaredOwners(git, base, paths) };
  }
}

/** Owners by the CODEOWNERS file of a commit, at the first place GitHub looks. */
async function declaredOwners(
  git: GitRepository,
  revision: string,
  paths: readonly string[],
): Promise<Record<string, string[]>> {
  for (const place of CODE_OWNER_PLACES) {
    const text = await git
      .readText(revision, place, MAX_CODE_OWNERS_BYTES)
      // GitHub ignores a file above its limit altogether.
      .catch(() => '');
    if (text === undefined) continue;
    const rules = parseCodeOwners(text);
    return Object.fromEntries(paths.map((path) => [path, ownersOfPath(rules, path)]));
  }
  return Object.fromEntries(paths.map((path) => [path, []]));
}

/** Reads the lines of a data file. @throws AppError `context.bad_queries`, naming the line. */
export function parseQueries(text: string): BacktestQuery[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const value = safeJson(line);
    const parsed = BacktestQuery.safeParse(value);
    if (!parsed.success) {
      throw new AppError('invalid', 'context.bad_queries', {
        message: `Line ${index + 1} is not a question: ${parsed.error.issues[0]?.path.join('.') ?? ''} ${parsed.error.issues[0]?.message ?? 'not JSON'}.`,
        hint: 'Each line is one JSON object with id, base, and what its task asks with.',
      });
    }
    return [parsed.data];
  });
}

function safeJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
