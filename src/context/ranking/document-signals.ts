/** Which documents or decision records bear on a task and its paths: the signals. */
import { baseOf, folderOf } from './change-history.ts';
import { type CandidateTable, tabulate } from './features.ts';
import type { FileQuery } from './file-query.ts';
import { logDays, sharedParts } from './file-signals.ts';
import {
  recentActivity,
  rememberChanges,
  searchByMessages,
  similarChanges,
  spreadByCochange,
} from './history-signals.ts';
import { decay } from './scores.ts';
import type { Snapshot } from './snapshot.ts';
import { countTerms, toTerms } from './terms.ts';
import type { Scores } from './text-field.ts';

const CANDIDATES_PER_SIGNAL = 100;

/** Lists of what was done, and legal texts: never what a task needs to know. */
const NOISE =
  /(?:^|\/)(?:changelog|changes|history|news|release[-_]?notes|license|code[-_]of[-_]conduct|maintainers|contributors|users|adopters|emeritus|authors)[^/]*$|(?:^|\/)(?:changelogs?|releases?)\//i;
const DECISION =
  /(?:^|\/)(?:adrs?|proposals?|rfcs?|decisions|keps?|design-docs?|architecture-decisions|architecture)\//i;
const NO_RECORD = /(?:^|\/)(?:readme|template|index)[^/]*$/i;

/** A changelog, a list of people, a licence: written along with other work, never what it is about. */
export function isChronicle(path: string): boolean {
  return NOISE.test(path);
}

export function isUsefulDocument(path: string): boolean {
  return /\.(?:mdx?|rst|adoc|markdown)$/i.test(path) && !isChronicle(path);
}

export function isDecisionRecord(path: string): boolean {
  return isUsefulDocument(path) && DECISION.test(path) && !NO_RECORD.test(path);
}

export function tabulateDocuments(
  snapshot: Snapshot,
  query: FileQuery,
  paths: readonly string[],
  now: number,
  kind: 'documents' | 'decisions',
): CandidateTable {
  const { corpus, history, size } = snapshot;
  const isWanted = kind === 'decisions' ? isDecisionRecord : isUsefulDocument;
  const accepts = (file: number) => snapshot.isDocument(file) && isWanted(snapshot.pathOf(file));
  const files = paths.flatMap((path) => history.numberOf(path) ?? []);
  const pathTerms = countTerms(paths.flatMap((path) => toTerms(path)));
  const both = new Map(query.terms);
  for (const [term, count] of pathTerms) both.set(term, (both.get(term) ?? 0) + count);
  const seeds = files.map((file) => ({ file, score: 1 }));
  const similarity = similarChanges(history, query.terms);
  const memory = rememberChanges(history, similarity, now, { changes: 80, halfLifeDays: 730 });
  const text = { k1: 1.2, b: 0.75 };
  const { chunk } = corpus.documentChunks.search(query.terms, size, {
    whole: text,
    chunk: { k1: 1.2, b: 0.6 },
    paths: corpus.paths,
  });
  const links = linkStrength(snapshot, paths, files);
  return tabulate(
    [
      { name: 'text', scores: corpus.documents.search(query.terms, size, text) },
      { name: 'textTitle', scores: corpus.documents.search(query.titleTerms, size, text) },
      { name: 'chunk', scores: chunk },
      { name: 'heading', scores: corpus.documentTitles.search(both, size, { k1: 0.8, b: 0.4 }) },
      {
        name: 'headingTask',
        scores: corpus.documentTitles.search(query.terms, size, { k1: 0.8, b: 0.4 }),
      },
      { name: 'paths', scores: corpus.documents.search(pathTerms, size, text) },
      { name: 'cochange', scores: spreadByCochange(history, seeds, now, 730) },
      { name: 'folderChanges', scores: folderCochange(snapshot, paths, now) },
      { name: 'memory', scores: memory.votes },
      { name: 'likeness', scores: memory.best },
      {
        name: 'messages',
        scores: searchByMessages(history, query.terms, snapshot.descriptionLengths()),
      },
      { name: 'names', scores: links.named },
      { name: 'linked', scores: links.linked },
      { name: 'near', scores: nearness(snapshot, paths, accepts) },
      { name: 'identifiers', scores: definedNames(snapshot, files) },
      { name: 'activity', scores: recentActivity(history, now, 90, 1_500) },
      { name: 'activityLong', scores: recentActivity(history, now, 365, 6_000) },
    ],
    {
      perSignal: CANDIDATES_PER_SIGNAL,
      accepts,
      statics: {
        columns: ['isReadme', 'isDecision', 'touches', 'sinceTouch', 'paths#'],
        fill(file, row, at) {
          const path = snapshot.pathOf(file);
          const touches = history.touches[file]!;
          row[at] = /(?:^|\/)readme[^/]*$/i.test(path) ? 1 : 0;
          row[at + 1] = isDecisionRecord(path) ? 1 : 0;
          row[at + 2] = Math.log2(1 + touches.length);
          row[at + 3] = logDays(now - (history.times[touches.at(-1) ?? 0] ?? 0));
          row[at + 4] = paths.length;
        },
      },
    },
  );
}

/** Documents that name the paths, and documents that the files of these paths name. */
function linkStrength(
  snapshot: Snapshot,
  paths: readonly string[],
  files: readonly number[],
): { named: Scores; linked: Scores } {
  const named = new Float64Array(snapshot.size);
  const linked = new Float64Array(snapshot.size);
  for (const path of paths) {
    const strengths = new Map<number, number>();
    const take = (document: number, strength: number) =>
      strengths.set(document, Math.max(strengths.get(document) ?? 0, strength));
    const base = baseOf(path);
    for (const mention of snapshot.corpus.mentionsOfBase(base)) {
      if (mention.path.endsWith(path)) take(mention.document, 2);
      else if (mention.path.includes('/') && path.endsWith(`/${mention.path}`))
        take(mention.document, 1.2);
      else if (mention.path.includes('/') && endsAlike(mention.path, path))
        take(mention.document, 1);
      else if (base.length > 10) take(mention.document, 0.5);
    }
    // A document that names the folder means its files, the less the higher the folder stands.
    let share = 0.8;
    for (
      let folder = folderOf(path);
      folder.includes('/') && share > 0.2;
      folder = folderOf(folder)
    ) {
      for (const mention of snapshot.corpus.mentionsOfBase(baseOf(folder))) {
        if (
          mention.path.includes('/') &&
          (mention.path.endsWith(folder) || folder.endsWith(`/${mention.path}`))
        )
          take(mention.document, share);
      }
      share *= 0.6;
    }
    for (const [document, strength] of strengths) named[document]! += strength;
  }
  const names = new Set(files.flatMap((file) => snapshot.corpus.linksOf(file)));
  if (names.size > 0) {
    for (const [path, file] of snapshot.history.living()) {
      const base = baseOf(path).toLowerCase();
      if (names.has(base) && base.length > 9 && !base.startsWith('readme')) linked[file]! += 2;
    }
  }
  return { named, linked };
}

/** True when the last two parts of both are the same. */
function endsAlike(a: string, b: string): boolean {
  return a.split('/').slice(-2).join('/') === b.split('/').slice(-2).join('/');
}

/** Documents whose headings or text hold the names that the changed files define. */
function definedNames(snapshot: Snapshot, files: readonly number[]): Scores {
  const scores = new Float64Array(snapshot.size);
  for (const file of files) {
    for (const name of snapshot.corpus.definedBy(file)) {
      const weight = snapshot.corpus.documents.rarityOf(name);
      if (weight < 2) continue;
      snapshot.corpus.documents.each(name, (document) => {
        scores[document]! += weight;
      });
    }
  }
  return scores;
}

/** Documents that changed with other files of the same folders. */
function folderCochange(snapshot: Snapshot, paths: readonly string[], now: number): Scores {
  const { history } = snapshot;
  const scores = new Float64Array(snapshot.size);
  for (const folder of new Set(paths.map(folderOf))) {
    const positions = (history.folderTouches.get(folder) ?? []).slice(-150);
    for (const position of positions) {
      const group = history.filesOf[position]!;
      if (group.length > 40) continue;
      const weight = decay(now - history.times[position]!, 730) / Math.log2(1 + group.length);
      for (const file of group) scores[file]! += weight / (positions.length + 3);
    }
  }
  return scores;
}

/** Documents that stand close to the paths in the tree. */
function nearness(
  snapshot: Snapshot,
  paths: readonly string[],
  accepts: (file: number) => boolean,
): Scores {
  const scores = new Float64Array(snapshot.size);
  for (const [path, file] of snapshot.history.living()) {
    if (!accepts(file)) continue;
    const depth = path.split('/').length - 1;
    for (const other of paths) {
      const shared = sharedParts(path, other);
      scores[file] = Math.max(scores[file]!, shared / (1 + 0.2 * Math.abs(depth - shared)));
    }
  }
  return scores;
}
