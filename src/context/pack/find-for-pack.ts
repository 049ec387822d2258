/**
 * Builds a context pack: looks for what bears on a request and gives each find its source, age and
 * reason. Reads only; the service keeps what was served.
 */
import type { Queryable } from '#kernel';
import { scoreBm25 } from '../bm25.ts';
import type { CodeOwnersFile } from '../code-owners-file.ts';
import { type FieldIndex, type IndexField, readIndex } from '../index-store.ts';
import { maskSecrets } from '../masking.ts';
import { readCatalogOwners, readDocuments, readSections } from '../document-store.ts';
import { readAuthors, readCompanions, readTouches } from '../history-store.ts';
import { readLessons } from '../lesson-store.ts';
import { queryTerms } from '../query-terms.ts';
import { neutralise } from '../quoting.ts';
import { rankFiles, topOf, voteByHistory } from '../rank.ts';
import type { ItemDraft } from '../render.ts';
import type { ContextRequest, Repository } from '../schema.ts';
import { findDocuments } from './find-documents.ts';
import { companionDrafts, fileDraft, pickFiles } from './find-files.ts';
import { findLessons } from './find-lessons.ts';
import { findNamedFiles } from './find-named-files.ts';
import { findPeople } from './find-people.ts';
import { findRules } from './find-rules.ts';

export interface PackFinds {
  drafts: ItemDraft[];
  unknowns: string[];
}

const BM25: Readonly<Record<IndexField, { k1: number; b: number }>> = {
  content: { k1: 1.2, b: 0.75 },
  path: { k1: 0.6, b: 0.3 },
  message: { k1: 1.2, b: 0.5 },
  section: { k1: 1.2, b: 0.6 },
};

const SIMILAR_CHANGES = 80;

/** The best files stand for the request where people, companions and rules are looked up. */
const CORE_FILES = 5;

/** Everything found for a request, best first within each kind; nothing is cut to a budget yet. */
export async function findForPack(
  db: Queryable,
  repository: Repository,
  request: ContextRequest,
  codeOwners: CodeOwnersFile | undefined,
  now: Date,
): Promise<PackFinds> {
  const unknowns: string[] = [];
  const { id } = repository;
  const revision = repository.headSha ?? '';
  const wanted = queryTerms(request);
  const [index, records, named] = await Promise.all([
    readIndex(db, id, ['content', 'path', 'message', 'section'], [...wanted.keys()]),
    readDocuments(db, id, { kinds: ['rule', 'decision'] }),
    findNamedFiles(db, id, request),
  ]);
  const scores = {
    content: score(index, 'content', wanted),
    path: score(index, 'path', wanted),
    message: score(index, 'message', wanted),
    section: score(index, 'section', wanted),
  };
  const similar = topOf(scores.message, SIMILAR_CHANGES);
  const touches = await readTouches(db, id, similar);
  const ranked = rankFiles({
    content: scores.content,
    path: scores.path,
    memory: voteByHistory(scores.message, touches, now),
    mentioned: new Set(named.files.map(({ number }) => number)),
  });
  const files = await pickFiles(db, id, ranked, named.files);
  const core = files.slice(0, CORE_FILES);
  const coreNumbers = core.map(({ file }) => file.number);
  const corePaths = [...new Set([...request.paths, ...core.map(({ file }) => file.path)])];

  const [companions, authors, sections, lessons, catalogOwners] = await Promise.all([
    readCompanions(db, id, coreNumbers, now),
    readAuthors(db, id, coreNumbers, foldersOf(corePaths), now),
    readSections(db, id, { numbers: topOf(scores.section, 40) }),
    readLessons(db, id),
    readCatalogOwners(db, id),
  ]);
  const documents = await findDocuments(db, id, {
    records,
    sections,
    sectionScores: scores.section,
    corePaths,
    wanted,
    now,
  });
  const rules = await findRules(db, id, {
    rules: records.filter(({ kind }) => kind === 'rule'),
    paths: corePaths,
    sectionScores: scores.section,
    now,
  });
  const people = findPeople({
    authors,
    codeOwners,
    catalogOwners,
    corePaths,
    core,
    revision,
    unknowns,
  });

  if (files.length === 0) unknowns.push('No file matches the words of the request.');
  for (const path of named.missing)
    unknowns.push(`There is no file ${maskSecrets(neutralise(path))}.`);
  if (documents.drafts.length === 0) unknowns.push('No decision record or document bears on this.');
  if (!records.some(({ kind }) => kind === 'rule')) {
    unknowns.push(
      'The repository has no rule file for agents (AGENTS.md, CLAUDE.md, Cursor rules).',
    );
  }

  const drafts = [
    ...rules,
    ...documents.drafts,
    ...files.map((found) => fileDraft(found, { index, touches, scores, revision, unique: files })),
    ...(await companionDrafts(db, id, companions, files)),
    ...people,
    ...findLessons(lessons, wanted, corePaths, now),
    ...named.warnings,
    ...documents.warnings,
  ];
  return { drafts: drafts.map(toSafe), unknowns };
}

/** Masks secrets and takes out what cannot be seen; nothing reaches a pack without passing here. */
function toSafe(draft: ItemDraft): ItemDraft {
  const safe = (text: string) => maskSecrets(neutralise(text));
  return {
    ...draft,
    title: safe(draft.title),
    reason: safe(draft.reason),
    excerpt: safe(draft.excerpt),
  };
}

function score(
  index: ReadonlyMap<IndexField, FieldIndex>,
  field: IndexField,
  wanted: ReadonlyMap<string, number>,
): Map<number, number> {
  const { postings, totals } = index.get(field)!;
  return scoreBm25(postings, wanted, totals, BM25[field]);
}

function foldersOf(paths: readonly string[]): string[] {
  return [
    ...new Set(
      paths
        .filter((path) => path.includes('/'))
        .map((path) => path.slice(0, path.lastIndexOf('/'))),
    ),
  ];
}
