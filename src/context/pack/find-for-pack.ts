/**
 * Builds a context pack: looks for what bears on a request and gives each find its source, age and
 * reason. Reads only; the service keeps what was served.
 */
import { AppError, type Queryable } from '#kernel';
import type { ReadAccess } from '../access/viewer.ts';
import { scoreBm25 } from '../bm25.ts';
import type { CodeOwnersFile } from '../code-owners-file.ts';
import { type FieldIndex, type IndexField, readIndex } from '../index-store.ts';
import { maskSecrets } from '../masking.ts';
import { readCatalogOwners, readDocuments, readSections } from '../document-store.ts';
import { readAuthors, readCompanions, readTouches } from '../history-store.ts';
import { readServedLessons } from '../lessons/store.ts';
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
import { findRecentChanges } from './find-recent-changes.ts';
import { findRules } from './find-rules.ts';
import { findUnread } from './find-unread.ts';
import { toReadable, toSafe } from './safe.ts';
import { markContradictions } from './mark-contradictions.ts';
import { collisionDrafts, type FindOpenWork, type OpenWork } from './open-work.ts';

export interface PackFinds {
  drafts: ItemDraft[];
  unknowns: string[];
  /** What the request names and we know, in one phrase each. */
  resolved: string[];
}

export interface PackQuestion {
  repository: Repository;
  request: ContextRequest;
  codeOwners: CodeOwnersFile | undefined;
  access: ReadAccess;
  findOpenWork: FindOpenWork;
  now: Date;
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
  { repository, request, codeOwners, access, findOpenWork, now }: PackQuestion,
): Promise<PackFinds> {
  const unknowns: string[] = [];
  const { id } = repository;
  const revision = repository.headSha ?? '';
  const wanted = queryTerms(request);
  const { mayReadPath } = access;
  const [index, allRecords, named] = await Promise.all([
    readIndex(db, id, ['content', 'path', 'message', 'section'], [...wanted.keys()]),
    readDocuments(db, id, { kinds: ['rule', 'decision'] }),
    findNamedFiles(db, id, request, mayReadPath),
  ]);
  const records = allRecords.filter(({ path }) => mayReadPath(path));
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
  const files = await pickFiles(db, id, ranked, named.files, mayReadPath);
  const core = files.slice(0, CORE_FILES);
  const coreNumbers = core.map(({ file }) => file.number);
  const corePaths = [...new Set([...request.paths, ...core.map(({ file }) => file.path)])];

  const [companions, authors, sections, lessons, catalogOwners, work, recent, unread] =
    await Promise.all([
      readCompanions(db, id, coreNumbers, now),
      readAuthors(db, id, coreNumbers, foldersOf(corePaths), now),
      readSections(db, id, { numbers: topOf(scores.section, 40) }),
      readServedLessons(db, id),
      readCatalogOwners(db, id),
      openWorkOf(),
      findRecentChanges(
        db,
        id,
        core.map(({ file }) => file),
        now,
      ),
      findUnread(db, repository, mayReadPath),
    ]);
  const documents = await findDocuments(db, id, {
    records,
    sections,
    sectionScores: scores.section,
    corePaths,
    mayRead: mayReadPath,
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
    catalogOwners: catalogOwners.filter(({ path }) => mayReadPath(path)),
    corePaths,
    core,
    revision,
    unknowns,
    now,
  });

  unknowns.push(...unread.map((line) => maskSecrets(neutralise(line))));
  if (files.length === 0) unknowns.push('No file matches the words of the request.');
  for (const path of named.missing)
    unknowns.push(`There is no file ${maskSecrets(neutralise(path))}.`);
  if (documents.length === 0) unknowns.push('No decision record or document bears on this.');
  if (!records.some(({ kind }) => kind === 'rule')) {
    unknowns.push(
      'The repository has no rule file for agents (AGENTS.md, CLAUDE.md, Cursor rules).',
    );
  }

  // A record is told with its words; as a likely file it would be there twice.
  const recorded = new Set([...rules, ...documents].map(({ path }) => path));
  const shownFiles = files.filter(({ file }) => !recorded.has(file.path));
  const drafts = [
    ...rules,
    ...documents,
    ...shownFiles.map((found) =>
      fileDraft(found, { index, touches, scores, revision, unique: files }),
    ),
    ...(await companionDrafts(db, id, companions, files, mayReadPath)),
    ...people,
    ...findLessons(lessons, wanted, corePaths, now),
    ...named.warnings,
    ...collisionDrafts(work, corePaths),
    ...recent,
  ];
  const readable = drafts.flatMap((draft) => toReadable(draft, access));
  return {
    drafts: markContradictions(readable.map(toSafe)),
    unknowns,
    resolved: resolve(
      request,
      named.files,
      catalogOwners.filter(({ path }) => mayReadPath(path)),
    ),
  };

  async function openWorkOf(): Promise<OpenWork[]> {
    if (corePaths.length === 0) return [];
    try {
      const exceptSession = request.sessionId;
      return await findOpenWork({ repository: repository.name, paths: corePaths, exceptSession });
    } catch (error) {
      // Knowing less is no reason for no pack, but it is said.
      if (!(error instanceof AppError)) throw error;
      unknowns.push('What others are working on could not be looked up.');
      return [];
    }
  }
}

/** Files and catalog entities the request calls by their names. */
function resolve(
  request: ContextRequest,
  files: readonly { path: string }[],
  entities: readonly { kind: string; name: string }[],
): string[] {
  const text = `${request.title}\n${request.text}`.toLowerCase();
  const words = new Set(text.match(/[\w.-]+/g));
  return [
    ...files.slice(0, 6).map(({ path }) => path),
    ...entities
      .filter(({ name }) => words.has(name.toLowerCase()))
      .slice(0, 4)
      .map(({ kind, name }) => `${kind} ${name}`),
  ];
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
