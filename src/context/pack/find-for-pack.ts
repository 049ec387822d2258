/**
 * Builds a context pack: looks for what bears on a request and gives each find its source, age and
 * reason. Reads only; the service keeps what was served.
 */
import { AppError, type Queryable } from '#kernel';
import type { ReadAccess } from '../access/viewer.ts';
import { scoreBm25 } from '../bm25.ts';
import type { CodeOwnersFile } from '../code-owners-file.ts';
import { readIndex } from '../index-store.ts';
import { maskSecrets } from '../masking.ts';
import { readCatalogOwners, readDocuments, readSections } from '../document-store.ts';
import { readServedLessons } from '../lessons/store.ts';
import { queryTerms } from '../query-terms.ts';
import { neutralise } from '../quoting.ts';
import { topOf } from '../rank.ts';
import type { RankAnswer, RankQuestion } from '../ranking/shelf.ts';
import type { ItemDraft } from '../render.ts';
import type { ContextRequest, Repository } from '../schema.ts';
import { commentDrafts } from '../comments/index.ts';
import { sourceDrafts } from '../sources/pack-sources.ts';
import { findDocuments } from './find-documents.ts';
import { fileDraft, pickFiles, rankedCompanionDrafts } from './find-files.ts';
import { findLessons } from './find-lessons.ts';
import { findControls } from './find-controls.ts';
import { findNamedFiles } from './find-named-files.ts';
import { findNamedSymbols } from './find-named-symbols.ts';
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
  /** Sets of readers of source documents that the caller is in. */
  openSets: readonly string[];
  findOpenWork: FindOpenWork;
  /** Asks the ranking of the repository at its head. */
  rank(questions: readonly RankQuestion[]): Promise<RankAnswer[]>;
  now: Date;
}

const SECTION_BM25 = { k1: 1.2, b: 0.6 };
/** More than are shown: some may not be read by whoever asks. */
const RANKED_FILES = 40;

/** The best files stand for the request where people, companions and rules are looked up. */
const CORE_FILES = 5;

/** Everything found for a request, best first within each kind; nothing is cut to a budget yet. */
export async function findForPack(
  db: Queryable,
  { repository, request, codeOwners, access, openSets, findOpenWork, rank, now }: PackQuestion,
): Promise<PackFinds> {
  const unknowns: string[] = [];
  const { id } = repository;
  const revision = repository.headSha ?? '';
  const wanted = queryTerms(request);
  const { mayReadPath } = access;
  const task = { title: request.title, body: request.text, at: now };
  const [index, allRecords, named, definers, [rankedFiles]] = await Promise.all([
    readIndex(db, id, ['section'], [...wanted.keys()]),
    readDocuments(db, id, { kinds: ['rule', 'decision'] }),
    findNamedFiles(db, id, request, mayReadPath),
    findNamedSymbols(db, id, request, mayReadPath),
    rank([{ kind: 'files', ...task, limit: RANKED_FILES }]),
  ]);
  const records = allRecords.filter(({ path }) => mayReadPath(path));
  const { postings, totals } = index.get('section')!;
  const sectionScores = scoreBm25(postings, wanted, totals, SECTION_BM25);
  const files = await pickFiles(db, id, rankedFiles!.paths, named.files, definers, mayReadPath);
  const core = files.slice(0, CORE_FILES);
  const corePaths = [...new Set([...request.paths, ...core.map(({ file }) => file.path)])];

  const [
    [companions, decisions, documentation, people],
    sections,
    lessons,
    catalogOwners,
    work,
    recent,
    unread,
    sources,
    comments,
    controls,
  ] = await Promise.all([
    rank([
      { kind: 'companions', paths: corePaths, at: now },
      { kind: 'decisions', ...task, paths: corePaths, limit: 8 },
      { kind: 'documents', ...task, paths: corePaths, limit: 12 },
      { kind: 'people', paths: corePaths, limit: 8, at: now },
    ]),
    readSections(db, id, { numbers: topOf(sectionScores, 40) }),
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
    sourceDrafts(db, { terms: wanted, repository, paths: corePaths, openSets, access, now }),
    commentDrafts(db, request.workItemId),
    findControls(db, { name: repository.name, revision }, corePaths, mayReadPath),
  ]);
  const documents = await findDocuments(db, id, {
    records,
    sections,
    sectionScores,
    ranked: [...decisions!.paths, ...documentation!.paths],
    corePaths,
    mayRead: mayReadPath,
    now,
  });
  const rules = await findRules(db, id, {
    rules: records.filter(({ kind }) => kind === 'rule'),
    paths: corePaths,
    sectionScores,
    now,
  });
  const owners = findPeople({
    ranked: people!.people,
    codeOwners,
    catalogOwners: catalogOwners.filter(({ path }) => mayReadPath(path)),
    corePaths,
    revision,
    unknowns,
    now,
  });

  unknowns.push(...unread.map((line) => maskSecrets(neutralise(line))));
  if (files.length === 0) unknowns.push('No file matches the words of the request.');
  for (const path of named.missing)
    unknowns.push(`There is no file ${maskSecrets(neutralise(path))}.`);
  if (documents.length + sources.length === 0)
    unknowns.push('No decision record or document bears on this.');
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
    ...controls,
    ...documents,
    ...sources,
    ...comments,
    ...shownFiles.map((found) => fileDraft(found, revision)),
    ...(await rankedCompanionDrafts(db, id, companions!.paths, files, {
      mayRead: mayReadPath,
      revision,
    })),
    ...owners,
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
      const { title, text } = request;
      const found = await findOpenWork({
        repository: repository.name,
        paths: corePaths,
        title,
        text,
        exceptSession,
      });
      return found.map((work) => ({ ...work, paths: work.paths.filter(mayReadPath) }));
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
