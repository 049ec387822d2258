/** Why a candidate stands where it does, in words a person can check. Pure. */
import type { CandidateTable } from './features.ts';
import { rarity } from './text-field.ts';
import type { Snapshot } from './snapshot.ts';
import { toTerms, WHOLE_MARK } from './terms.ts';

export interface Evidence {
  signal: string;
  /** A clause: `path has retry, payment`, `changed by 1a2b3c4d5e "Fix cart total"`. */
  evidence: string;
}

const MAX_EVIDENCE = 3;
const MAX_WORDS = 3;
const MAX_TERMS = 14;

/** Signals that mean the same to a person share their words. */
const WORDS: Readonly<Record<string, string>> = {
  stem: 'named after words of the task',
  named: 'the task names its path',
  defines: 'defines a name of the task',
  scope: 'changes of the same area touched it',
  tested: 'a matching test is named after it',
  cochange: 'changes with these files',
  cochangeTop: 'changes with these files',
  cochangeLong: 'changes with these files',
  cochangeRecent: 'changes with these files',
  confidence: 'changes with these files',
  jaccard: 'changes with these files',
  either: 'changes with these files',
  cosine: 'changes with these files',
  latest: 'was in one of their last changes',
  activityNearby: 'changes often in the same area these days',
  testCochange: 'changes with matching tests',
  users: 'uses what these files define',
  used: 'defines what these files use',
  name: 'its name is alike',
  folderChanges: 'changes with the same folders',
  siblings: 'files like these change with it',
  names: 'names these paths',
  linked: 'these files name it',
  near: 'stands near these files',
  identifiers: 'holds names that these files define',
  paths: 'holds the words of these paths',
  activity: 'changes often these days',
  count: 'changed these files',
  year: 'changed these files',
  half: 'changed these files lately',
  quarter: 'changed these files lately',
  covered: 'changed these files',
  folder: 'changed their folder',
  parent: 'changed the folder above',
  area: 'works in this area',
  neighbours: 'changed files that go with these',
  active: 'active in the repository',
  month: 'active in the repository',
  longActive: 'active in the repository',
};

const TEXT = new Set(['content', 'chunk', 'title', 'text', 'textTitle']);
const PATH = new Set(['path', 'heading', 'headingTask']);
const PAST = new Set(['memory', 'memoryRecent', 'likeness', 'messages']);

/** Explains candidates of one table; the title's words are looked up once for all. */
export function createExplainer(
  snapshot: Snapshot,
  table: CandidateTable,
  title: string,
): (candidate: number) => Evidence[] {
  const { corpus } = snapshot;
  const terms = [...new Set(toTerms(title))]
    .filter((term) => !term.startsWith(WHOLE_MARK))
    .slice(0, MAX_TERMS);
  const holders = new Map<string, ReadonlyMap<string, ReadonlySet<number>>>();
  const wordsIn = (place: 'text' | 'path' | 'symbol', candidate: number): string[] => {
    let found = holders.get(place);
    if (found === undefined) {
      const fields =
        place === 'text'
          ? [corpus.content, corpus.documents]
          : place === 'path'
            ? [corpus.paths]
            : [corpus.symbols];
      found = new Map(
        terms
          .map((term): [string, Set<number>] => {
            const files = new Set<number>();
            for (const field of fields) field.each(term, (file) => files.add(file));
            return [term, files];
          })
          .toSorted(([, a], [, b]) => rarity(b.size, 1e6) - rarity(a.size, 1e6)),
      );
      holders.set(place, found);
    }
    return [...found]
      .flatMap(([term, files]) => (files.has(candidate) ? [term] : []))
      .slice(0, MAX_WORDS);
  };
  const placeOf = new Map(
    [...table.ranked].map(([signal, ranked]) => [
      signal,
      new Map(ranked.map(({ file }, place) => [file, place])),
    ]),
  );

  function evidenceOf(signal: string, candidate: number): Evidence | undefined {
    if (TEXT.has(signal)) return withWords('text', 'text has', wordsIn('text', candidate));
    if (PATH.has(signal)) return withWords('path', 'path has', wordsIn('path', candidate));
    if (signal === 'symbol') return withWords('symbol', 'defines', wordsIn('symbol', candidate));
    if (PAST.has(signal)) return pastOf(snapshot, candidate, terms);
    const words = WORDS[signal];
    return words === undefined ? undefined : { signal, evidence: words };
  }

  return (candidate) => {
    const said = new Map<string, Evidence>();
    const places = [...placeOf]
      .flatMap(([signal, places_]) => {
        const place = places_.get(candidate);
        return place === undefined ? [] : [{ signal, place }];
      })
      .toSorted((a, b) => a.place - b.place);
    for (const { signal } of places) {
      if (said.size >= MAX_EVIDENCE) break;
      const evidence = evidenceOf(signal, candidate);
      if (evidence !== undefined && !said.has(evidence.evidence))
        said.set(evidence.evidence, evidence);
    }
    return [...said.values()];
  };
}

function withWords(signal: string, verb: string, words: readonly string[]): Evidence | undefined {
  return words.length === 0 ? undefined : { signal, evidence: `${verb} ${words.join(', ')}` };
}

/** The past change of the file whose title is most like the task's. */
function pastOf(snapshot: Snapshot, file: number, terms: readonly string[]): Evidence | undefined {
  const { history } = snapshot;
  let best: { position: number; shared: number } | undefined;
  for (const position of (history.touches[file] ?? []).slice(-60)) {
    const words = new Set(toTerms(history.titles[position]!));
    const shared = terms.filter((term) => words.has(term)).length;
    if (shared > 0 && shared >= (best?.shared ?? 1)) best = { position, shared };
  }
  if (best === undefined) return undefined;
  const { position } = best;
  return {
    signal: 'history',
    evidence: `changed by ${history.shas[position]!.slice(0, 9)} "${history.titles[position]!.slice(0, 70)}"`,
  };
}
