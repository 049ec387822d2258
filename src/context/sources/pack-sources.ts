/** Source documents as items of a pack and as hits of a search. */
import type { Queryable } from '#kernel';
import type { ReadAccess } from '../access/viewer.ts';
import { maskSecrets } from '../masking.ts';
import { asLine, asQuote, neutralise } from '../quoting.ts';
import type { ItemDraft } from '../render.ts';
import type { Evidence } from '../schema.ts';
import type { SearchHit } from '../service.ts';
import { shorten } from '../tokens.ts';
import {
  findSources,
  type FoundSource,
  standingOf,
  valueOf,
  withSections,
} from './find-sources.ts';
import { findOpenDocument, readSectionsOf, type ServedDocument } from './store.ts';

const MAX_TEXT = 500;
const EXCERPT = 400;
const MAX_DRAFTS = 6;
const MAX_WHOLE = 16_000;

interface Question {
  terms: ReadonlyMap<string, number>;
  openSets: readonly string[];
  access: Pick<ReadAccess, 'mayRead'>;
  now: Date;
}

export async function sourceDrafts(
  db: Queryable,
  question: Question & {
    repository: { id: string; name: string };
    paths: readonly string[];
  },
): Promise<ItemDraft[]> {
  const { openSets, repository, now } = question;
  const named = { ...question, repository: repository.name, limit: MAX_DRAFTS };
  const found = await withSections(db, await findSources(db, named));
  const standings = await standingOf(db, found, { openSets, repository, now });
  return found.map((one): ItemDraft => {
    const { document, section } = one;
    const { freshness, reason, isReplaced } = standings.get(document.id)!;
    return {
      kind: kindOf(document),
      title: document.title,
      // What no longer holds is named, not quoted.
      text: isReplaced || section === undefined ? '' : shorten(section.text, MAX_TEXT),
      why: reasonsOf(one, reason),
      source: {
        system: document.system,
        object: document.object,
        revision: document.revision,
        ...(document.url === null ? {} : { url: document.url }),
        ...(section === undefined || isReplaced
          ? {}
          : { lines: `${section.startLine}-${section.endLine}` }),
      },
      observedAt: document.updatedAt,
      freshness,
      score: valueOf(one),
      isUntrusted: true,
    };
  });
}

function reasonsOf({ document, text, named }: FoundSource, reason: string | undefined): Evidence[] {
  const owner = document.owner ?? document.author;
  const why: Evidence[] = [];
  if (reason !== undefined) why.push({ signal: 'standing', evidence: reason });
  else if (document.status !== null && document.status !== 'unknown')
    why.push({ signal: 'status', evidence: document.status });
  if (owner !== null) {
    const word = document.owner === null ? 'written by' : 'kept by';
    why.push({ signal: 'owner', evidence: `${word} ${owner}` });
  }
  if (named.length > 0)
    why.push({ signal: 'link', evidence: `names ${named.slice(0, 2).join(', ')}` });
  if (text > 0) why.push({ signal: 'text', evidence: 'text matches' });
  return why;
}

/** The same for a search: of one repository, or of everything. */
export async function sourceHits(
  db: Queryable,
  question: Question & {
    repository: { id: string; name: string } | undefined;
    limit: number;
  },
): Promise<SearchHit[]> {
  const { openSets, repository, now } = question;
  const named = { ...question, repository: repository?.name, paths: [] };
  const found = await findSources(db, named);
  const standings = await standingOf(db, found, { openSets, repository, now });
  const safe = (text: string) => maskSecrets(neutralise(text));
  return found.map((one): SearchHit => {
    const { document, section } = one;
    const heading = section?.heading.split(' > ').at(-1) ?? '';
    const place = heading === '' || heading === document.title ? '' : ` > ${heading}`;
    return {
      kind: kindOf(document),
      title: asLine(safe(`${document.title}${place}`)),
      path: null,
      excerpt: shorten(safe(section?.text ?? ''), EXCERPT),
      repository: document.repository ?? '',
      revision: document.revision,
      score: valueOf(one),
      source: {
        system: document.system,
        object: document.object,
        ...(document.url === null ? {} : { url: document.url }),
      },
      owner: document.owner ?? document.author,
      observedAt: document.updatedAt,
      freshness: standings.get(document.id)!.freshness,
    };
  });
}

/** All of a document's words, quoted; undefined when it is gone or closed since. */
export async function expandSource(
  db: Queryable,
  openSets: readonly string[],
  at: { system: string; object: string },
): Promise<string | undefined> {
  const document = await findOpenDocument(db, openSets, at);
  if (document === undefined) return undefined;
  const sections = await readSectionsOf(db, [document.id]);
  const text = sections.map((section) => section.text).join('\n\n');
  const owner = document.owner ?? document.author;
  return [
    `# ${asLine(document.title)}`,
    [
      document.url ?? `${document.system} ${document.object}`,
      `changed ${document.updatedAt.toISOString().slice(0, 10)}`,
      ...(owner === null ? [] : [`kept by ${asLine(maskSecrets(owner))}`]),
    ].join(', '),
    '',
    asQuote(maskSecrets(shorten(text, MAX_WHOLE))),
  ].join('\n');
}

function kindOf({ kind, form }: ServedDocument): 'decision' | 'incident' | 'document' {
  if (kind === 'decision') return 'decision';
  return form === 'postmortem' ? 'incident' : 'document';
}
