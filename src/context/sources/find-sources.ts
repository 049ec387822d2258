/** Pages and threads of outside systems that bear on a request or a search, with their freshness. */
import type { Queryable } from '#kernel';
import type { ReadAccess } from '../access/viewer.ts';
import { scoreBm25 } from '../bm25.ts';
import { findReplacements } from '../decisions.ts';
import { findFiles, findVanished } from '../file-store.ts';
import { freshnessOf, isRewritten } from '../freshness.ts';
import { readIndex } from '../index-store.ts';
import { bestOf, topOf } from '../rank.ts';
import type { PackItem } from '../schema.ts';
import {
  readDecisionsOf,
  readMentioning,
  readOpenSections,
  readSectionsOf,
  readWorkSince,
  type ServedDocument,
  type ServedSection,
  SOURCE_SHELF,
} from './store.ts';

const SECTION_BM25 = { k1: 1.2, b: 0.6 };
const MAX_SECTIONS = 200;
/** Share of what the words of a request can weigh that a page must hold to bear on it. */
const MIN_COVERAGE = 0.15;

export interface FoundSource {
  document: ServedDocument;
  section: ServedSection | undefined;
  /** 0 to 1: beside the best page found, and how much of the request it holds. */
  text: number;
  /** Paths of the request it names. */
  named: string[];
}

/** Best first. Only what may be read, and of a repository what is of it or of all. */
export async function findSources(
  db: Queryable,
  query: {
    terms: ReadonlyMap<string, number>;
    repository: string | undefined;
    paths: readonly string[];
    openSets: readonly string[];
    access: Pick<ReadAccess, 'mayRead'>;
    limit: number;
  },
): Promise<FoundSource[]> {
  const { terms, repository, openSets, access } = query;
  const index = await readIndex(db, SOURCE_SHELF, ['section'], [...terms.keys()]);
  const { postings, totals } = index.get('section')!;
  const scores = scoreBm25(postings, terms, totals, SECTION_BM25);
  const wanted = query.paths.map((path) => `${repository}:${path}`);
  const [sections, naming] = await Promise.all([
    scores.size === 0
      ? []
      : readOpenSections(db, openSets, topOf(scores, MAX_SECTIONS), repository),
    readMentioning(db, openSets, wanted),
  ]);
  const ceiling = ceilingOf(terms, postings, totals.items);
  const best = Math.max(bestOf(scores), Number.MIN_VALUE);
  const found = new Map<number, FoundSource>();
  for (const document of naming) {
    found.set(document.id, { document, section: undefined, text: 0, named: [] });
  }
  for (const { document, section } of sections) {
    const score = scores.get(section.number) ?? 0;
    const coverage = score / ceiling;
    if (coverage < MIN_COVERAGE && !found.has(document.id)) continue;
    const text = (score / best) * Math.min(1, 2 * coverage);
    const known = found.get(document.id);
    if (known === undefined || known.text < text) {
      found.set(document.id, { document, section, text, named: [] });
    }
  }
  const isWanted = new Set(wanted);
  return [...found.values()]
    .filter(({ document }) => access.mayRead(document))
    .map((one) => ({
      ...one,
      named: one.document.mentions
        .filter((mention) => isWanted.has(mention))
        .map((mention) => mention.slice(mention.indexOf(':') + 1)),
    }))
    .toSorted((a, b) => valueOf(b) - valueOf(a) || (a.document.object < b.document.object ? -1 : 1))
    .slice(0, query.limit);
}

/** What a page weighs, 0 to 1. */
export function valueOf({ document, text, named }: FoundSource): number {
  const link = named.length === 0 ? 0 : 0.6;
  const standing = document.kind === 'thread' ? 0.6 : document.kind === 'decision' ? 1.1 : 0.9;
  return Math.min(1, standing * (text + link));
}

/** What a section would score that holds every word of the request, each once. */
function ceilingOf(
  terms: ReadonlyMap<string, number>,
  postings: ReadonlyMap<string, readonly unknown[]>,
  items: number,
): number {
  let sum = 0;
  for (const [term, weight] of terms) {
    const found = postings.get(term)?.length ?? 0;
    sum += weight * Math.max(0, Math.log(1 + Math.max(0, items - found + 0.5) / (found + 0.5)));
  }
  return Math.max(sum, Number.MIN_VALUE);
}

export interface Standing {
  freshness: PackItem['freshness'];
  /** Why it is no longer so; undefined where it is. */
  reason: string | undefined;
  isReplaced: boolean;
}

/** Whether each document may still be shown as current. `repositoryId` is where its paths are looked up. */
export async function standingOf(
  db: Queryable,
  found: readonly FoundSource[],
  at: {
    openSets: readonly string[];
    repository: { id: string; name: string } | undefined;
    now: Date;
  },
): Promise<Map<number, Standing>> {
  const documents = found.map(({ document }) => document);
  const decisions = await readDecisionsOf(
    db,
    at.openSets,
    documents.filter(({ kind }) => kind === 'decision'),
  );
  const replacements = replacementsOf(decisions);
  const cited = new Map(
    documents.map((document) => [document.id, pathsIn(document, at.repository)]),
  );
  const paths = [...new Set([...cited.values()].flat())];
  const [vanished, living, work] =
    at.repository === undefined || paths.length === 0
      ? [new Set<string>(), [], []]
      : await Promise.all([
          findVanished(db, at.repository.id, paths),
          findFiles(db, at.repository.id, paths),
          readWorkSince(
            db,
            at.repository.id,
            documents.flatMap(({ id, updatedAt }) =>
              cited
                .get(id)!
                .slice(0, 50)
                .map((path) => ({ path, since: updatedAt })),
            ),
          ),
        ]);
  const alive = new Set(living.map(({ path }) => path));
  return new Map(
    documents.map((document) => {
      const own = cited.get(document.id)!;
      const gone = own.filter((path) => vanished.has(path));
      const rewritten = work.filter(
        (one) =>
          own.includes(one.path) &&
          one.since.getTime() === document.updatedAt.getTime() &&
          isRewritten(one),
      );
      const by = replacements.get(document.id);
      const isReplaced =
        by !== undefined || document.status === 'superseded' || document.status === 'deprecated';
      const freshness = freshnessOf({
        kind: document.kind === 'thread' ? 'chat' : document.kind,
        changedAt: document.updatedAt,
        now: at.now,
        livingMentions: own.filter((path) => alive.has(path)).length,
        vanishedMentions: gone.length,
        rewrittenMentions: rewritten.length,
        isReplaced,
      });
      const reason =
        by !== undefined
          ? `replaced by ${by}`
          : gone.length > 0
            ? `names ${gone.slice(0, 2).join(', ')}, which is gone`
            : rewritten.length > 0
              ? `names ${rewritten[0]!.path}, which changed a lot since`
              : undefined;
      return [document.id, { freshness, reason, isReplaced }];
    }),
  );
}

/** First sections of what was found by a link alone. */
export async function withSections(
  db: Queryable,
  found: readonly FoundSource[],
): Promise<FoundSource[]> {
  const without = found.filter(({ section }) => section === undefined);
  if (without.length === 0) return [...found];
  const sections = await readSectionsOf(
    db,
    without.map(({ document }) => document.id),
  );
  const first = new Map(sections.toReversed().map((section) => [section.documentId, section]));
  return found.map((one) => ({ ...one, section: one.section ?? first.get(one.document.id) }));
}

function pathsIn(document: ServedDocument, repository: { name: string } | undefined): string[] {
  if (repository === undefined) return [];
  const prefix = `${repository.name}:`;
  return document.mentions
    .filter((mention) => mention.startsWith(prefix))
    .map((mention) => mention.slice(prefix.length));
}

/** Title of the decision that took a document's place, by its id; decisions answer within their scope. */
function replacementsOf(decisions: readonly ServedDocument[]): Map<number, string> {
  const replaced = new Map<number, string>();
  for (const own of Map.groupBy(decisions, ({ system, scope }) => `${system} ${scope}`).values()) {
    const byPath = new Map(own.map((decision) => [decision.path, decision]));
    for (const [path, by] of findReplacements(own)) {
      replaced.set(byPath.get(path)!.id, byPath.get(by)!.title);
    }
  }
  return replaced;
}
