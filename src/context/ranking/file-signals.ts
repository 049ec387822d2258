/** Which files will a task touch: the signals. Each looks at another side of the past or the text. */
import { folderOf } from './change-history.ts';
import { type CandidateTable, type Signal, tabulate } from './features.ts';
import { type FileQuery, scopeTerms } from './file-query.ts';
import {
  recentActivity,
  rememberChanges,
  searchByMessages,
  similarChanges,
  spreadByCochange,
  voteByChanges,
} from './history-signals.ts';
import { referencesOf } from './reference-signals.ts';
import { fuseRanks, type Ranked, topOf } from './scores.ts';
import { type Snapshot, stemOf } from './snapshot.ts';
import { type Scores, rarity } from './text-field.ts';

const SEEDS = 12;
const CANDIDATES_PER_SIGNAL = 100;

export function tabulateFiles(snapshot: Snapshot, query: FileQuery, now: number): CandidateTable {
  const { corpus, history, size } = snapshot;
  const isSource = (file: number) => snapshot.isSource(file);
  const search = (terms: ReadonlyMap<string, number>) =>
    corpus.content.search(terms, size, {
      whole: { k1: 1.2, b: 0.75 },
      chunk: { k1: 1.2, b: 0.6 },
      paths: corpus.paths,
    });
  const { whole: content, chunk } = search(query.terms);
  const title = search(query.titleTerms).chunk;
  const path = corpus.paths.search(query.terms, size, { k1: 0.6, b: 0.3 });
  const symbol = corpus.symbols.search(query.terms, size, { k1: 0.8, b: 0.5 });
  const similarity = similarChanges(history, query.terms);
  const memory = rememberChanges(history, similarity, now, { changes: 80, halfLifeDays: 730 });
  const messages = searchByMessages(history, query.terms, snapshot.descriptionLengths());
  const scope = scopeVotes(snapshot, query, now);
  const named = namedByPath(snapshot, query);
  const stem = namedByStem(snapshot, query);
  const defines = definesNamed(snapshot, query);
  const tests = topOf(chunk, SEEDS, (file) => snapshot.isTest(file));
  const tested = testedBy(snapshot, tests);

  const first = [content, chunk, path, symbol, memory.votes, messages].map((scores) => ({
    ranked: topOf(scores, 200, isSource),
    weight: 1,
  }));
  const fused = fuseRanks(first, size);
  const seeds = topOf(fused, SEEDS, isSource);
  const references = referencesOf(snapshot, seeds.slice(0, 8));
  const recent = rememberChanges(history, similarity, now, { changes: 40, halfLifeDays: 150 });
  const signals: Signal[] = [
    { name: 'content', scores: content },
    { name: 'chunk', scores: chunk },
    { name: 'title', scores: title },
    { name: 'path', scores: path },
    { name: 'symbol', scores: symbol },
    { name: 'memory', scores: memory.votes },
    { name: 'memoryRecent', scores: recent.votes },
    { name: 'likeness', scores: memory.best },
    { name: 'messages', scores: messages },
    { name: 'scope', scores: scope },
    { name: 'named', scores: named },
    { name: 'stem', scores: stem },
    { name: 'defines', scores: defines },
    { name: 'tested', scores: tested },
    { name: 'cochange', scores: spreadByCochange(history, seeds, now) },
    { name: 'cochangeTop', scores: spreadByCochange(history, seeds.slice(0, 3), now, 730) },
    { name: 'users', scores: references.users },
    { name: 'used', scores: references.used },
    { name: 'testCochange', scores: spreadByCochange(history, tests.slice(0, 8), now) },
    { name: 'folder', scores: folderMass(snapshot, topOf(fused, 60, isSource)) },
    { name: 'activity', scores: recentActivity(history, now, 90, 1_500) },
    { name: 'fused', scores: fused },
  ];
  const covered = coverage(snapshot, query);
  const kinds = usualEndings(snapshot);
  return tabulate(signals, {
    perSignal: CANDIDATES_PER_SIGNAL,
    accepts: isSource,
    statics: {
      columns: [
        'covered',
        'coveredByName',
        'touches',
        'sinceTouch',
        'sinceBirth',
        'isConfiguration',
        'isEntry',
        'isAside',
        'ending',
      ],
      fill(file, row, at) {
        const touches = history.touches[file]!;
        const last = touches.at(-1);
        const place = snapshot.pathOf(file);
        row[at] = covered.all[file]!;
        row[at + 1] = covered.byName[file]!;
        row[at + 2] = Math.log2(1 + touches.length);
        row[at + 3] = logDays(now - (last === undefined ? 0 : history.times[last]!));
        row[at + 4] = logDays(now - history.times[history.bornAt[file]!]!);
        row[at + 5] = corpus.classes[file] === 'configuration' ? 1 : 0;
        row[at + 6] = ENTRY.test(place) ? 1 : 0;
        row[at + 7] = ASIDE.test(place) ? 1 : 0;
        row[at + 8] = kinds(place);
      },
    },
  });
}

const ENTRY = /(?:^|\/)(?:index|main|mod|lib|__init__|app)\.[a-z]+$/i;
const ASIDE =
  /(?:^|\/)(?:examples?|samples?|demos?|playground|bench(?:marks?|es)?|docs?|website|scripts?|tools?|hack|contrib|\.github|ci)\//i;

export function logDays(seconds: number): number {
  return Math.log2(1 + Math.max(0, seconds) / 86_400);
}

/** Changes of the same area or the same issue vote for their files; folders named like the area add a little. */
function scopeVotes(snapshot: Snapshot, query: FileQuery, now: number): Scores {
  const { history, corpus, size } = snapshot;
  const positions = query.scopes.flatMap((it) => history.scopeChanges.get(it)?.slice(-300) ?? []);
  const references = query.references.flatMap((it) => history.referenceChanges.get(it) ?? []);
  const scores = voteByChanges(history, [...positions, ...references, ...references], now, 365);
  let best = 0;
  for (const score of scores) best = Math.max(best, score);
  for (const scope of query.scopes) {
    const terms = new Map(scopeTerms(scope).map((term) => [term, 1]));
    const byPath = corpus.paths.search(terms, size, { k1: 0.6, b: 0.3 });
    let most = 0;
    for (const score of byPath) most = Math.max(most, score);
    if (most === 0) continue;
    for (let file = 0; file < size; file += 1)
      scores[file]! += (0.3 * (best || 1) * byPath[file]!) / most;
  }
  return scores;
}

/** Files whose path ends with a path or file name of the query. */
function namedByPath(snapshot: Snapshot, query: FileQuery): Scores {
  const scores = new Float64Array(snapshot.size);
  if (query.paths.length === 0) return scores;
  const wanted = query.paths.map((path) => path.replace(/^\.{0,2}\//, ''));
  for (const [path, file] of snapshot.history.living()) {
    for (const name of wanted) {
      if (path.endsWith(name)) {
        const isWhole = path.length === name.length || path[path.length - name.length - 1] === '/';
        scores[file]! += isWhole ? name.length : name.length * 0.3;
      } else if (name.includes('/') && path.includes(`${name}/`))
        scores[file]! += name.length * 0.2;
    }
  }
  return scores;
}

/** Files named after words of the query, however the words are joined. */
function namedByStem(snapshot: Snapshot, query: FileQuery): Scores {
  const scores = new Float64Array(snapshot.size);
  const byStem = snapshot.filesByStem();
  for (const [name, look] of query.names) {
    const files = byStem.get(name);
    if (files === undefined || files.length > 40) continue;
    const weight =
      (Math.min(12, name.length) / Math.sqrt(files.length)) * (look === 'code' ? 1.5 : 1);
    for (const file of files) scores[file]! += weight;
  }
  return scores;
}

/** Files that define an identifier of the query. */
function definesNamed(snapshot: Snapshot, query: FileQuery): Scores {
  const scores = new Float64Array(snapshot.size);
  for (const identifier of query.identifiers) {
    const weight = snapshot.corpus.symbols.rarityOf(identifier);
    snapshot.corpus.symbols.each(identifier, (file) => {
      scores[file]! += weight;
    });
  }
  return scores;
}

/** Files that the best matching tests are named after; the nearer ones first. */
function testedBy(snapshot: Snapshot, tests: readonly Ranked[]): Scores {
  const scores = new Float64Array(snapshot.size);
  const byStem = snapshot.filesByStem();
  for (const { file: test, score } of tests) {
    const testPath = snapshot.pathOf(test);
    const stem = stemOf(testPath);
    if (stem.length < 3) continue;
    const files = (byStem.get(stem) ?? []).filter((file) => snapshot.isSource(file));
    if (files.length > 20) continue;
    for (const file of files) {
      const near = sharedParts(testPath, snapshot.pathOf(file));
      scores[file]! += (score * (1 + near)) / (2 + files.length);
    }
  }
  return scores;
}

const SLASH = 47;

/** How many folders two paths share at their start. */
export function sharedParts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let shared = 0;
  for (let at = 0; at < length; at += 1) {
    const code = a.charCodeAt(at);
    if (code !== b.charCodeAt(at)) break;
    if (code === SLASH) shared += 1;
  }
  return shared;
}

/** How many folders a path lies in. */
export function foldersAbove(path: string): number {
  let folders = 0;
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) folders += 1;
  return folders;
}

/** A folder with several good files makes its other files likelier; so do its parents, less. */
function folderMass(snapshot: Snapshot, best: readonly Ranked[]): Scores {
  const scores = new Float64Array(snapshot.size);
  const masses = new Map<string, number>();
  for (const { file, score } of best) {
    let folder = folderOf(snapshot.pathOf(file));
    let share = score;
    while (folder !== '') {
      masses.set(folder, (masses.get(folder) ?? 0) + share);
      folder = folderOf(folder);
      share *= 0.5;
    }
  }
  const own = new Map(best.map(({ file, score }) => [file, score]));
  for (const [folder, files] of snapshot.filesByFolder()) {
    let mass = 0;
    let share = 1;
    for (let at = folder; at !== ''; at = folderOf(at)) {
      mass += share * (masses.get(at) ?? 0);
      share *= 0.5;
    }
    if (mass > 0) for (const file of files) scores[file] = Math.max(0, mass - (own.get(file) ?? 0));
  }
  return scores;
}

/** The share of the title's meaning, by rarity, that a file holds anywhere, and in its path or symbols. */
function coverage(snapshot: Snapshot, query: FileQuery): { all: Scores; byName: Scores } {
  const { corpus, size } = snapshot;
  const all = new Float64Array(size);
  const byName = new Float64Array(size);
  const seen = new Int32Array(size).fill(-1);
  const seenByName = new Int32Array(size).fill(-1);
  let total = 0;
  let number = 0;
  for (const term of query.titleTerms.keys()) {
    const files: number[] = [];
    corpus.content.each(term, (file) => files.push(file));
    const weight = rarity(Math.max(1, files.length), corpus.content.size);
    total += weight;
    const mark = number;
    number += 1;
    const take = (scores: Scores, marks: Int32Array, file: number) => {
      if (marks[file] === mark) return;
      marks[file] = mark;
      scores[file]! += weight;
    };
    for (const file of files) take(all, seen, file);
    const byNameToo = (file: number) => {
      take(all, seen, file);
      take(byName, seenByName, file);
    };
    corpus.paths.each(term, byNameToo);
    corpus.symbols.each(term, byNameToo);
  }
  if (total > 0) {
    for (let file = 0; file < size; file += 1) {
      all[file]! /= total;
      byName[file]! /= total;
    }
  }
  return { all, byName };
}

/** The share of recent edits that went to files with the same ending. */
function usualEndings(snapshot: Snapshot): (path: string) => number {
  const { history } = snapshot;
  const counts = new Map<string, number>();
  let total = 0;
  for (let at = Math.max(0, history.size - 400); at < history.size; at += 1) {
    const group = history.filesOf[at]!;
    if (group.length > 40) continue;
    for (const file of group) {
      if (!snapshot.isSource(file)) continue;
      const ending = endingOf(snapshot.pathOf(file));
      counts.set(ending, (counts.get(ending) ?? 0) + 1);
      total += 1;
    }
  }
  return (path) => (counts.get(endingOf(path)) ?? 0) / Math.max(1, total);
}

export function endingOf(path: string): string {
  const cut = path.lastIndexOf('.');
  return cut > path.lastIndexOf('/') ? path.slice(cut) : '';
}
