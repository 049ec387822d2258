/**
 * Answers pairs of a data file with the detectors the running product uses. An answer depends on its own
 * pair, on the history before it and on texts of the input that are older, never on later rows or on
 * the order of rows.
 */
import type { GitRepository } from '#git';
import {
  FullRow,
  IntentRow,
  type OverlapAnswer,
  type OverlapTask,
  parseRows,
  PrefixRow,
  SameWorkRow,
} from './backtest-input.ts';
import {
  intentFeatures,
  type IntentView,
  lineFeatures,
  prefixFeatures,
  type PrefixView,
  sameWorkFileFeatures,
  viewIntent,
  viewPrefix,
} from './features.ts';
import { type AlignedFile, compareLines, needsMerge, sharesOldRange } from './line-ranges.ts';
import { MainLine } from './main-line.ts';
import { type MergeSide, testMerges } from './merge-test.ts';
import {
  type Features,
  type LinearModel,
  type ModelName,
  SAME_WORK,
  scoreOf,
  SHIPPED,
} from './models.ts';
import { rarityBeside } from './common-words.ts';
import { sameWorkFeatures, viewWork } from './same-work-features.ts';
import { oddsOfTrees, scoreOfTrees } from './trees.ts';
import { readMainLine, type ReadMainLine, seenFrom } from './read-main-line.ts';

export interface BacktestOptions {
  /** The clone all rows belong to; it is only read. Without it, the rows are all there is. */
  git?: GitRepository | undefined;
  /** For `dup`: title and body alone, or files and identifiers as well. */
  fields?: 'text' | 'all';
  models?: Readonly<Record<ModelName, LinearModel>>;
  /** Sees what each answer is made of, for fitting. */
  onFeatures?: ((at: number, features: Features) => void) | undefined;
}

/**
 * One answer per line, in their order.
 * @throws AppError `overlap.bad_input`; those of git where the clone cannot be read.
 */
export async function answerOverlaps(
  task: OverlapTask,
  text: string,
  options: BacktestOptions = {},
): Promise<OverlapAnswer[]> {
  switch (task) {
    case 'full':
      return answerFull(parseRows(text, FullRow), options);
    case 'prefix':
      return answerPrefix(parseRows(text, PrefixRow), options);
    case 'intent':
      return answerIntent(parseRows(text, IntentRow), options);
    case 'dup':
      return answerSameWork(parseRows(text, SameWorkRow), options);
  }
}

/** Common path, then line ranges; with a clone the candidates that are left are really merged. */
async function answerFull(
  rows: readonly FullRow[],
  { git, models = SHIPPED, onFeatures }: BacktestOptions,
): Promise<OverlapAnswer[]> {
  const candidates: { at: number; sides: readonly [MergeSide, MergeSide] }[] = [];
  const answers = rows.map(({ a, b, align = {} }, at): OverlapAnswer => {
    const shared = Object.keys(a.files).filter((path) => b.files[path] !== undefined);
    const aligned: Record<string, AlignedFile> = align;
    const evidence = compareLines(shared, aligned);
    const features = lineFeatures(evidence, aligned);
    onFeatures?.(at, features);
    const isHidden = shared.some(
      (path) => aligned[path] !== undefined && sharesOldRange(toPlaces(a, path), toPlaces(b, path)),
    );
    if (needsMerge(evidence) || isHidden) candidates.push({ at, sides: [sideOf(a), sideOf(b)] });
    const isCandidate = candidates.at(-1)?.at === at;
    // Far from each other in every file: with real ranges git has nothing to argue about.
    const score = scoreOf(models.lines, features) * (isCandidate ? 1 : FAR_FACTOR);
    return { a: a.id, b: b.id, score, why: describe(evidence) };
  });
  if (git === undefined) return answers;
  await using scratch = await git.openMergeScratch();
  const tests = await testMerges(
    git,
    scratch,
    candidates.map(({ sides }) => sides),
  );
  const merged = new Map(candidates.map(({ at }, index) => [at, tests[index]]));
  return answers.map((answer, at) => {
    if (!merged.has(at)) return { ...answer, score: 0 };
    const test = merged.get(at);
    if (test === undefined) return { ...answer, why: `${answer.why}; git could not merge them` };
    const why =
      test.conflicts.length > 0 ? `conflict in ${test.conflicts.join(', ')}` : 'merges cleanly';
    return { ...answer, score: test.conflicts.length > 0 ? 1 : 0, merged: true, why };
  });
}

/** Pairs that are far apart rank behind those that are near, whatever else speaks for them. */
const FAR_FACTOR = 0.1;

type FullSide = FullRow['a'];

function sideOf({ base, head, merged }: FullSide): MergeSide {
  return { baseSha: base, headSha: head, mergedSha: merged ?? undefined };
}

function toPlaces(side: FullSide, path: string): [number, number, number, number][] {
  return (side.files[path] ?? []).map(([start, count, newStart, newCount]) => [
    start,
    count,
    newStart,
    newCount,
  ]);
}

function describe({ shared, nearest, nearFiles }: ReturnType<typeof compareLines>): string {
  if (shared.length === 0) return 'no file in common';
  if (nearFiles.length > 0) return `same lines in ${nearFiles.slice(0, 3).join(', ')}`;
  const distance = Number.isFinite(nearest) ? `${nearest} lines apart` : 'lines unknown';
  return `${shared.length} files in common, ${distance}`;
}

async function answerPrefix(
  rows: readonly PrefixRow[],
  { git, models = SHIPPED, onFeatures }: BacktestOptions,
): Promise<OverlapAnswer[]> {
  const known = await readHead(git);
  const line = known?.line ?? new MainLine();
  const seenAt = new Map<string, number>();
  const views = new Map<string, PrefixView>();
  for (const { a, b } of rows) {
    for (const side of [a, b]) {
      if (views.has(keyOf(side))) continue;
      if (!seenAt.has(side.base)) {
        const seen =
          known === undefined || git === undefined ? 0 : await seenFrom(git, known, side.base);
        seenAt.set(side.base, seen);
      }
      const seen = seenAt.get(side.base)!;
      views.set(keyOf(side), viewPrefix(line, side.title, side.filesSoFar, seen));
    }
  }
  return rows.map(({ a, b }, at) => {
    const [viewA, viewB] = [views.get(keyOf(a))!, views.get(keyOf(b))!];
    const features = prefixFeatures(line, viewA, viewB);
    onFeatures?.(at, features);
    const common = viewA.files.filter((path) => viewB.known.has(path));
    return {
      a: a.id,
      b: b.id,
      score: scoreOf(models.prefix, features),
      why:
        common.length > 0 ? `both have ${common.slice(0, 3).join(', ')}` : 'no file in common yet',
    };
  });
}

function keyOf(side: PrefixRow['a']): string {
  return JSON.stringify([side.base, side.title, side.filesSoFar]);
}

async function answerIntent(
  rows: readonly IntentRow[],
  { git, models = SHIPPED, onFeatures }: BacktestOptions,
): Promise<OverlapAnswer[]> {
  const line = (await readHead(git))?.line;
  const texts = line === undefined ? linesOfTexts(rows, ({ opened }) => opened) : undefined;
  // A change meets many others: what it foretells depends on it and on the moment only.
  const views = new Map<string, IntentView>();
  return rows.map(({ repo, a, b }, at) => {
    const now = Math.min(a.opened, b.opened);
    const past = line ?? texts!.get(repo)!;
    const seen = past.countBefore(now);
    const view = (side: IntentRow['a']): IntentView => {
      const key = JSON.stringify([repo, seen, side.title, side.body]);
      let known = views.get(key);
      if (known === undefined) views.set(key, (known = viewIntent(past, side, seen, now)));
      return known;
    };
    const features = intentFeatures(past, view(a), view(b), seen);
    onFeatures?.(at, features);
    return { a: a.id, b: b.id, score: scoreOf(models.intent, features) };
  });
}

/**
 * The texts of each repository, in the order they became known: what is rare among them is telling. A
 * text is known from the first row that holds it, and a row from the later of its two changes; so no
 * answer depends on a row that came later, not even through an old text in it.
 */
function linesOfTexts<Side extends { id: string; title: string; body: string }>(
  rows: readonly { repo: string; a: Side; b: Side }[],
  timeOf: (side: Side) => number,
): Map<string, MainLine> {
  const known = new Map<string, Map<string, { side: Side; at: number }>>();
  for (const { repo, a, b } of rows) {
    let of = known.get(repo);
    if (of === undefined) known.set(repo, (of = new Map()));
    const at = Math.max(timeOf(a), timeOf(b));
    for (const side of [a, b])
      if (at < (of.get(side.id)?.at ?? Number.POSITIVE_INFINITY)) of.set(side.id, { side, at });
  }
  return new Map(
    [...known].map(([repo, of]) => {
      const line = new MainLine();
      const inOrder = [...of.values()].toSorted(
        (x, y) => x.at - y.at || compareText(x.side.id, y.side.id),
      );
      for (const { side, at } of inOrder)
        line.add({ at, title: side.title, body: side.body, files: [] });
      return [repo, line];
    }),
  );
}

async function answerSameWork(
  rows: readonly SameWorkRow[],
  { fields = 'text', models = SHIPPED, onFeatures }: BacktestOptions,
): Promise<OverlapAnswer[]> {
  // Numbers rise with time, and the rows tell no other.
  const lines = linesOfTexts(rows, ({ id }) => numberOf(id));
  return rows.map(({ repo, a, b }, at) => {
    const line = lines.get(repo)!;
    const seen = line.countBefore(Math.max(numberOf(a.id), numberOf(b.id)));
    const rarity = rarityBeside(seen, (term) => line.documentFrequency(term, seen));
    const text = sameWorkFeatures(viewWork(a), viewWork(b), rarity, line.averageLength(seen));
    const words = oddsOfTrees(SAME_WORK, text);
    const features = { ...text, words, ...sameWorkFileFeatures(a, b) };
    onFeatures?.(at, features);
    const score =
      fields === 'all'
        ? scoreOf(models.sameWorkWithFiles, features)
        : scoreOfTrees(SAME_WORK, features);
    return { a: a.id, b: b.id, score };
  });
}

async function readHead(git: GitRepository | undefined): Promise<ReadMainLine | undefined> {
  const head = await git?.resolve('HEAD');
  return git === undefined || head === undefined ? undefined : readMainLine(git, head);
}

/** The number a host gave, as in `owner/name#12`. */
function numberOf(id: string): number {
  return Number(/#(\d+)$/.exec(id)?.[1] ?? 0);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
