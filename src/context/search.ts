/** Free search over files, documents, decisions, rules and lessons, and over pages of outside systems. */
import type { Queryable } from '#kernel';
import { scoreBm25 } from './bm25.ts';
import { unknownRepository } from './importer.ts';
import { readIndex } from './index-store.ts';
import { maskSecrets } from './masking.ts';
import { readDocuments, readSections } from './document-store.ts';
import { readFiles } from './file-store.ts';
import type { ReadAccess } from './access/viewer.ts';
import { readServedLessons } from './lessons/store.ts';
import { queryTerms } from './query-terms.ts';
import { asLine, neutralise } from './quoting.ts';
import { bestOf, topOf } from './rank.ts';
import type { Repository } from './schema.ts';
import type { SearchHit } from './service.ts';
import { sourceHits } from './sources/pack-sources.ts';
import { findRepositoryRow, listRepositoryRows } from './store.ts';
import { shorten } from './tokens.ts';
import { countTerms } from './words.ts';
import { findSymbols } from './code/index.ts';
import { askedNames } from './identifiers.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;
const MAX_REPOSITORIES = 50;
const EXCERPT = 400;
/** Who asks for a name wants its definition before all that uses it. */
const SYMBOL_SCORES = { exported: 1.3, top: 1.2, inner: 1.1, test: 0.5 };

export async function searchRepositories(
  db: Queryable,
  query: { text: string; repository?: string | undefined; limit?: number },
  viewer: {
    /** Null asks about what belongs to no repository. */
    accessTo(repositoryId: string | null): Promise<ReadAccess>;
    openSets: readonly string[];
    now: Date;
  },
): Promise<SearchHit[]> {
  const limit = Math.min(MAX_LIMIT, Math.max(1, query.limit ?? DEFAULT_LIMIT));
  const repositories = await repositoriesOf(db, query.repository);
  const terms = queryTerms({ title: query.text.slice(0, 2_000), text: '' });
  if (terms.size === 0) return [];
  const hits: SearchHit[] = [];
  for (const repository of repositories) hits.push(...(await searchOpen(repository)));
  const only = query.repository === undefined ? undefined : repositories[0];
  const pages = await sourceHits(db, {
    terms,
    repository: only,
    limit,
    openSets: viewer.openSets,
    access: await viewer.accessTo(only?.id ?? null),
    now: viewer.now,
  });
  for (const hit of pages) if (await isOpen(hit)) hits.push(hit);
  return hits.toSorted((a, b) => b.score - a.score).slice(0, limit);

  /** A page about a repository is no more open than the repository. */
  async function isOpen({ repository: name, source }: SearchHit): Promise<boolean> {
    const repository = name === '' ? undefined : repositories.find((one) => one.name === name);
    if (repository === undefined || source === undefined) return true;
    const access = await viewer.accessTo(repository.id);
    return access.mayReadPath('') && access.mayRead(source);
  }

  async function searchOpen(repository: Repository): Promise<SearchHit[]> {
    const access = await viewer.accessTo(repository.id);
    if (access.mayReadPath('')) {
      // Hits that are kept from the caller make room for others, so that their number tells nothing.
      const found = await searchOne(
        db,
        repository,
        { terms, names: askedNames(query.text) },
        access.seesAll ? limit : MAX_LIMIT,
      );
      return found.filter(
        ({ kind, path }) => kind === 'lesson' || path === null || access.mayReadPath(path),
      );
    }
    if (query.repository !== undefined) throw unknownRepository(query.repository);
    return [];
  }
}

async function repositoriesOf(db: Queryable, name: string | undefined): Promise<Repository[]> {
  if (name === undefined) return listRepositoryRows(db, undefined, MAX_REPOSITORIES);
  const repository = await findRepositoryRow(db, { nameOrId: name });
  if (repository === undefined) throw unknownRepository(name);
  return [repository];
}

async function searchOne(
  db: Queryable,
  repository: Repository,
  { terms, names }: { terms: ReadonlyMap<string, number>; names: readonly string[] },
  limit: number,
): Promise<SearchHit[]> {
  const index = await readIndex(
    db,
    repository.id,
    ['content', 'path', 'section'],
    [...terms.keys()],
  );
  const scored = (field: 'content' | 'path' | 'section', options: { k1: number; b: number }) =>
    scoreBm25(index.get(field)!.postings, terms, index.get(field)!.totals, options);
  const sections = scored('section', { k1: 1.2, b: 0.6 });
  const content = scored('content', { k1: 1.2, b: 0.75 });
  const paths = scored('path', { k1: 0.6, b: 0.3 });
  const [bestContent, bestPath] = [bestOf(content) || 1, bestOf(paths) || 1];
  const fileScores = new Map<number, number>();
  for (const number of new Set([...content.keys(), ...paths.keys()])) {
    const value =
      (content.get(number) ?? 0) / bestContent + (0.6 * (paths.get(number) ?? 0)) / bestPath;
    fileScores.set(number, value / 1.6);
  }
  const base = { repository: repository.name, revision: repository.headSha ?? '' };
  const safe = (text: string) => shorten(maskSecrets(neutralise(text)), EXCERPT);

  const files = await readFiles(db, repository.id, topOf(fileScores, limit));
  const foundSections = await readSections(db, repository.id, { numbers: topOf(sections, limit) });
  const documents = await readDocuments(db, repository.id, {
    paths: [...new Set(foundSections.map(({ path }) => path))],
  });
  const kinds = new Map(documents.map((document) => [document.path, document]));
  const bestSection = bestOf(sections) || 1;
  const symbols = await findSymbols(db, repository.id, names, limit);
  const lessons = (await readServedLessons(db, repository.id)).flatMap((lesson) => {
    const own = countTerms(lesson.text);
    const common = [...terms.keys()].filter((term) => own.has(term)).length;
    return common === 0 ? [] : [{ lesson, score: common / terms.size }];
  });
  return [
    // A document is better found by its section than as a file.
    ...files
      .filter((file) => file.class !== 'document')
      .map((file): SearchHit => ({
        ...base,
        kind: 'file',
        title: asLine(file.path),
        path: file.path,
        excerpt: safe(file.outline),
        score: (fileScores.get(file.number) ?? 0) * (file.class === 'test' ? 0.6 : 1),
      })),
    ...foundSections.map((section): SearchHit => ({
      ...base,
      kind: kinds.get(section.path)?.kind ?? 'document',
      title: asLine(maskSecrets(section.heading || section.path)),
      path: section.path,
      excerpt: safe(section.text),
      score: (sections.get(section.number) ?? 0) / bestSection,
    })),
    ...symbols.map((symbol): SearchHit => ({
      ...base,
      kind: 'symbol',
      title: asLine(`${symbol.kind} ${symbol.name}`),
      path: symbol.path,
      line: symbol.startLine,
      excerpt: safe(symbol.signature),
      score: SYMBOL_SCORES[symbol.class === 'test' ? 'test' : (symbol.reach ?? 'inner')],
    })),
    ...lessons.map(({ lesson, score }): SearchHit => ({
      ...base,
      kind: 'lesson',
      title: asLine(shorten(lesson.text, 90)),
      path: lesson.paths[0] ?? null,
      excerpt: safe(lesson.text),
      score,
    })),
  ];
}
