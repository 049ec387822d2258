/** What else normally changes with these files: the signals. */
import { baseOf, folderOf, WIDE_CHANGE } from './change-history.ts';
import { type CandidateTable, tabulate } from './features.ts';
import { endingOf, logDays, sharedParts } from './file-signals.ts';
import { recentActivity, spreadByCochange } from './history-signals.ts';
import { decay, type Ranked, topOf } from './scores.ts';
import { type Snapshot, stemOf } from './snapshot.ts';
import { toTerms } from './terms.ts';
import type { Scores } from './text-field.ts';

const CANDIDATES_PER_SIGNAL = 100;
const NO_WHOLE = { withWhole: false };

export function tabulateCompanions(
  snapshot: Snapshot,
  given: readonly string[],
  now: number,
): CandidateTable {
  const { history, corpus } = snapshot;
  const files = given.flatMap((path) => history.numberOf(path) ?? []);
  const isGiven = new Set(files);
  const accepts = (file: number) => {
    const kind = corpus.classes[file];
    return (
      kind !== undefined &&
      kind !== 'generated' &&
      kind !== 'other' &&
      !isGiven.has(file) &&
      snapshot.isAlive(file)
    );
  };
  const seeds = files.map((file) => ({ file, score: 1 }));
  const cochange = spreadByCochange(history, seeds, now);
  const pairs = pairFigures(snapshot, files, now);
  const names = nameLikeness(snapshot, given, isGiven);
  const folders = folderFigures(snapshot, given, now);
  const best = topOf(cochange, 10, accepts);
  const second = spreadByCochange(history, best, now);
  const stems = new Set(given.map(stemOf));
  const givenEndings = new Set(given.map(endingOf));
  const givenKinds = new Set(files.map((file) => corpus.classes[file]));
  const siblings = siblingPattern(snapshot, files, isGiven, now);
  return tabulate(
    [
      { name: 'cochange', scores: cochange },
      { name: 'cochangeLong', scores: spreadByCochange(history, seeds, now, 3_000) },
      { name: 'cochangeRecent', scores: spreadByCochange(history, seeds, now, 60) },
      { name: 'confidence', scores: pairs.confidence },
      { name: 'jaccard', scores: pairs.jaccard },
      { name: 'second', scores: second },
      { name: 'name', scores: names },
      { name: 'folder', scores: folders.same },
      { name: 'folderChanges', scores: folders.together },
      { name: 'siblings', scores: siblings },
      { name: 'activity', scores: recentActivity(history, now, 90, 1_500) },
    ],
    {
      perSignal: CANDIDATES_PER_SIGNAL,
      accepts,
      statics: {
        columns: [
          'times',
          'lastTogether',
          'sameStem',
          'near',
          'sameEnding',
          'isTest',
          'isSource',
          'isDocument',
          'isConfiguration',
          'givenHasTest',
          'givenHasSource',
          'touches',
          'sinceTouch',
          'given',
          'givenTouches',
        ],
        fill(file, row, at) {
          const path = snapshot.pathOf(file);
          const kind = corpus.classes[file];
          const touches = history.touches[file]!;
          row[at] = Math.log2(1 + pairs.times[file]!);
          const together = pairs.lastAt[file]!;
          row[at + 1] = together === 0 ? 20 : logDays(now - together);
          row[at + 2] = stems.has(stemOf(path)) ? 1 : 0;
          row[at + 3] = Math.max(0, ...given.map((other) => likePlaces(path, other)));
          row[at + 4] = givenEndings.has(endingOf(path)) ? 1 : 0;
          row[at + 5] = kind === 'test' ? 1 : 0;
          row[at + 6] = kind === 'source' ? 1 : 0;
          row[at + 7] = kind === 'document' ? 1 : 0;
          row[at + 8] = kind === 'configuration' ? 1 : 0;
          row[at + 9] = givenKinds.has('test') ? 1 : 0;
          row[at + 10] = givenKinds.has('source') ? 1 : 0;
          row[at + 11] = Math.log2(1 + touches.length);
          row[at + 12] = logDays(now - (history.times[touches.at(-1) ?? 0] ?? 0));
          row[at + 13] = given.length;
          row[at + 14] = Math.log2(
            1 + files.reduce((sum, it) => sum + history.touches[it]!.length, 0),
          );
        },
      },
    },
  );
}

/** 0..1: the share of folders two paths have in common. */
function likePlaces(a: string, b: string): number {
  return (2 * sharedParts(a, b)) / Math.max(1, a.split('/').length + b.split('/').length - 2);
}

interface PairFigures {
  confidence: Scores;
  jaccard: Scores;
  times: Float64Array;
  lastAt: Float64Array;
}

/** Of the changes to a given file, the share that touched the other one too; and of the changes to either. */
function pairFigures(snapshot: Snapshot, files: readonly number[], now: number): PairFigures {
  const { history, size } = snapshot;
  const confidence = new Float64Array(size);
  const jaccard = new Float64Array(size);
  const times = new Float64Array(size);
  const lastAt = new Float64Array(size);
  for (const file of files) {
    const together = new Map<number, number>();
    let total = 0;
    for (const position of history.touches[file]!.slice(-200)) {
      const group = history.filesOf[position]!;
      if (group.length > WIDE_CHANGE) continue;
      total += 1;
      const at = history.times[position]!;
      for (const other of group) {
        if (other === file) continue;
        together.set(other, (together.get(other) ?? 0) + 1);
        times[other]! += decay(now - at, 1_500);
        if (at > lastAt[other]!) lastAt[other] = at;
      }
    }
    for (const [other, count] of together) {
      // Two changes together of two are less certain than twenty of twenty.
      const sure = count / (total + 2);
      confidence[other] = Math.max(confidence[other]!, sure);
      const either = total + history.touches[other]!.length - count;
      jaccard[other] = Math.max(jaccard[other]!, count / (either + 2));
    }
  }
  return { confidence, jaccard, times, lastAt };
}

/** Names are alike when they share rare words with one of the given, or are its test or its source. */
function nameLikeness(
  snapshot: Snapshot,
  given: readonly string[],
  isGiven: ReadonlySet<number>,
): Scores {
  const scores = new Float64Array(snapshot.size);
  const models = given.map((path) => ({
    path,
    stem: stemOf(path),
    words: new Set(toTerms(baseOf(path), NO_WHOLE)),
  }));
  for (const [path, file] of snapshot.history.living()) {
    if (isGiven.has(file)) continue;
    const { stem, words: own } = snapshot.nameOf(file);
    let best = 0;
    let sum = 0;
    for (const model of models) {
      if (stem !== '' && stem === model.stem) {
        best = Math.max(best, 2 + likePlaces(path, model.path));
        continue;
      }
      let shared = 0;
      for (const word of own) if (model.words.has(word)) shared += 1;
      if (shared === 0) continue;
      const likeness = shared / Math.sqrt(own.size * model.words.size);
      best = Math.max(best, likeness * (1 + 0.3 * likePlaces(path, model.path)));
      sum += likeness / models.length;
    }
    scores[file] = best + 0.3 * sum;
  }
  return scores;
}

/** Files in the same folders, and files that changed with other files of those folders. */
function folderFigures(
  snapshot: Snapshot,
  given: readonly string[],
  now: number,
): { same: Scores; together: Scores } {
  const { history, size } = snapshot;
  const same = new Float64Array(size);
  const together = new Float64Array(size);
  const folders = new Map<string, number>();
  for (const path of given) folders.set(folderOf(path), (folders.get(folderOf(path)) ?? 0) + 1);
  const byFolder = snapshot.filesByFolder();
  for (const [folder, count] of folders) {
    for (const file of byFolder.get(folder) ?? []) same[file]! += count;
    for (const position of (history.folderTouches.get(folder) ?? []).slice(-150)) {
      const group = history.filesOf[position]!;
      if (group.length > WIDE_CHANGE) continue;
      const weight = decay(now - history.times[position]!, 365) / Math.log2(1 + group.length);
      for (const file of group) together[file]! += weight * count;
    }
  }
  return { same, together };
}

/**
 * What changes with files like the given ones: when `a.ts` goes with `a.test.ts`, `b.ts` goes with
 * `b.test.ts`, also where the two never changed together before.
 */
function siblingPattern(
  snapshot: Snapshot,
  files: readonly number[],
  isGiven: ReadonlySet<number>,
  now: number,
): Scores {
  const { history, size } = snapshot;
  const scores = new Float64Array(size);
  const byFolder = snapshot.filesByFolder();
  for (const file of files) {
    const path = snapshot.pathOf(file);
    const ending = endingOf(path);
    const siblings = (byFolder.get(folderOf(path)) ?? [])
      .filter((it) => it !== file && endingOf(snapshot.pathOf(it)) === ending)
      .slice(0, 25);
    const seeds: Ranked[] = siblings.map((it) => ({ file: it, score: 1 / siblings.length }));
    const spread = spreadByCochange(history, seeds, now, 730);
    for (let other = 0; other < size; other += 1) {
      if (spread[other]! > 0 && !isGiven.has(other)) scores[other]! += spread[other]!;
    }
  }
  return scores;
}
