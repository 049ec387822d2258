/** What else normally changes with these files: the signals. */
import { baseOf, folderOf, WIDE_CHANGE } from './change-history.ts';
import {
  activityNearby,
  type Habits,
  habitsOf,
  hearEach,
  Twins,
  usualWidth,
  type Voices,
} from './companion-habits.ts';
import { isChronicle } from './document-signals.ts';
import { type CandidateTable, tabulate } from './features.ts';
import { endingOf, foldersAbove, logDays, sharedParts } from './file-signals.ts';
import { recentActivity, spreadByCochange } from './history-signals.ts';
import { decay, type Ranked, topOf } from './scores.ts';
import { type Snapshot, stemOf } from './snapshot.ts';
import { toTerms } from './terms.ts';
import type { Scores } from './text-field.ts';

const CANDIDATES_PER_SIGNAL = 100;
const NO_WHOLE = { withWhole: false };
const NONE: readonly number[] = [];

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
  const voices = hearEach(snapshot, files, now);
  const fillHabits = habitColumns(snapshot, { given, files, pairs, voices, now });
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
      { name: 'either', scores: voices.either },
      { name: 'cosine', scores: voices.cosine },
      { name: 'latest', scores: voices.latest },
      { name: 'activityNearby', scores: activityNearby(snapshot, given, now) },
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
          ...HABIT_COLUMNS,
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
          row.set(fillHabits(file), at + 15);
        },
      },
    },
  );
}

const HABIT_COLUMNS = [
  'folderShare',
  'endingShare',
  'baseNameShare',
  'areaShare',
  'covered',
  'reverse',
  'lift',
  'alone',
  'width',
  'bornTogether',
  'eitherShare',
  'latestShare',
  'touchesMonth',
  'touchesSeason',
  'inFolder',
  'twins',
  'twinsAsGiven',
  'isChronicle',
  'isRoot',
  'shareSource',
  'shareTest',
  'shareDocument',
  'shareConfiguration',
  'sameKind',
  'depthDifference',
];
const KINDS = ['source', 'test', 'document', 'configuration'] as const;
/** Files born in a wider change, such as an import, have nothing in common for that. */
const WIDE_BIRTH = 100;

/** The columns of one candidate that tell how it and the given files usually change, in their order. */
function habitColumns(
  snapshot: Snapshot,
  {
    given,
    files,
    pairs,
    voices,
    now,
  }: {
    given: readonly string[];
    files: readonly number[];
    pairs: PairFigures;
    voices: Voices;
    now: number;
  },
): (file: number) => number[] {
  const { history, corpus } = snapshot;
  const habits: Habits = habitsOf(snapshot, given);
  const twins = new Twins(given);
  const born = new Set(files.map((file) => history.bornAt[file]!));
  const givenTouches = files.reduce((sum, file) => sum + history.touches[file]!.length, 0);
  const givenFolders = given.map(folderOf);
  const givenDepths = given.map(foldersAbove);
  const shares = KINDS.map(
    (kind) =>
      files.filter((file) => corpus.classes[file] === kind).length / Math.max(1, files.length),
  );
  const touchesSince = (file: number, days: number) => {
    const touches = history.touches[file]!;
    const from = now - days * 86_400;
    let at = touches.length - 1;
    while (at >= 0 && history.times[touches[at]!]! > from) at -= 1;
    return touches.length - 1 - at;
  };
  return (file) => {
    const path = snapshot.pathOf(file);
    const folder = folderOf(path);
    const touches = history.touches[file]!.length;
    const times = pairs.times[file]!;
    const { alone, width } = usualWidth(history, file);
    const bornAt = history.bornAt[file]!;
    const twin = twins.of(path);
    const depth = foldersAbove(path);
    return [
      habits.folder(path),
      habits.ending(path),
      habits.baseName(path),
      habits.area(path),
      voices.covered[file]!,
      times / (touches + 2),
      Math.log2(1 + (times * history.size) / ((touches + 5) * (givenTouches + 5))),
      alone,
      width,
      born.has(bornAt) && history.filesOf[bornAt]!.length <= WIDE_BIRTH ? 1 : 0,
      voices.either[file]!,
      voices.latest[file]!,
      Math.log2(1 + touchesSince(file, 30)),
      Math.log2(1 + touchesSince(file, 120)),
      givenFolders.filter((it) => it === folder).length / Math.max(1, given.length),
      Math.log2(1 + twin.count),
      twin.isSeen ? 1 : 0,
      isChronicle(path) ? 1 : 0,
      folder === '' ? 1 : 0,
      ...shares,
      files.some((it) => corpus.classes[it] === corpus.classes[file]) ? 1 : 0,
      Math.min(...givenDepths.map((other) => Math.abs(other - depth)), 20),
    ];
  };
}

/** 0..1: the share of folders two paths have in common. */
function likePlaces(a: string, b: string): number {
  return (2 * sharedParts(a, b)) / Math.max(1, foldersAbove(a) + foldersAbove(b));
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
    size: new Set(toTerms(baseOf(path), NO_WHOLE)).size,
  }));
  const stems = new Set(models.map(({ stem }) => stem).filter((stem) => stem !== ''));
  /** Which of the given a word stands in: most files share none and are passed by. */
  const holders = new Map<string, number[]>();
  given.forEach((path, at) => {
    for (const word of new Set(toTerms(baseOf(path), NO_WHOLE))) {
      const list = holders.get(word);
      if (list === undefined) holders.set(word, [at]);
      else list.push(at);
    }
  });
  const shared = new Int32Array(models.length);
  for (const [path, file] of snapshot.history.living()) {
    if (isGiven.has(file)) continue;
    const { stem, words: own } = snapshot.nameOf(file);
    let isAlike = stems.has(stem);
    for (const word of own) {
      for (const at of holders.get(word) ?? NONE) {
        shared[at]! += 1;
        isAlike = true;
      }
    }
    if (!isAlike) continue;
    let best = 0;
    let sum = 0;
    models.forEach((model, at) => {
      if (stem !== '' && stem === model.stem) {
        best = Math.max(best, 2 + likePlaces(path, model.path));
        return;
      }
      if (shared[at] === 0) return;
      const likeness = shared[at]! / Math.sqrt(own.size * model.size);
      best = Math.max(best, likeness * (1 + 0.3 * likePlaces(path, model.path)));
      sum += likeness / models.length;
    });
    scores[file] = best + 0.3 * sum;
    shared.fill(0);
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
