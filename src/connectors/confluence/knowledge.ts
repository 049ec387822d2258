/**
 * Reads the pages of chosen spaces: what changed, by the order of changes, and the full list with its
 * restrictions, which tells what is gone and what is open to others now.
 */
import { z } from 'zod';
import { AppError, type Clock, decodeCursor } from '#kernel';
import {
  belongsTo,
  type DocumentPlaces,
  type KnowledgeItem,
  type KnowledgeSource,
  type Readers,
  readersOf,
} from '#connectors/contract';
import type { ConfluenceClient } from './client.ts';
import { markOf, narrow, restrictionOf } from './readers.ts';
import { CloudPage, CloudPages, Content, Contents, Spaces, Users } from './shapes.ts';
import { storageToMarkdown } from './storage.ts';

export const CONFLUENCE = 'confluence';
const PREFIX = 'page/';
const PER_PAGE = 50;
const MAX_LISTED = 50_000;
const LIST_EVERY_MS = 3_600_000;
/** Confluence's search lags behind its writes. */
const OVERLAP_MS = 10 * 60_000;
const MINUTE_MS = 60_000;
const RESTRICTIONS = 'restrictions.read.restrictions.user,restrictions.read.restrictions.group';
const WHOLE = `body.storage,version,history,ancestors,${RESTRICTIONS}`;

const Cursor = z.object({
  since: z.iso.datetime(),
  began: z.iso.datetime(),
  /** Where this reading goes on: a cursor of Cloud, a place of Data Center; null when it is over. */
  next: z.union([z.string(), z.int()]).nullable(),
});

/** A page as both APIs give it. */
interface RawPage {
  id: string;
  title: string;
  version: number;
  changedAt: Date;
  storage: string;
  webui: string;
  author: string | undefined;
  owner: string | undefined;
}

/** Where a page stands and who may read it. */
interface Place {
  ancestors: readonly { id: string; title: string }[];
  readers: Readers | undefined;
}

export function createConfluenceKnowledge(
  confluence: ConfluenceClient,
  options: { spaces: readonly string[]; places: DocumentPlaces; clock: Clock },
): KnowledgeSource {
  const { spaces, places, clock } = options;
  const { isCloud, siteUrl } = confluence;
  const spaceIds = new Map<string, string>();

  async function spaceId(key: string): Promise<string> {
    const known = spaceIds.get(key);
    if (known !== undefined) return known;
    const { results } = await confluence.call(
      { path: 'api/v2/spaces', query: { keys: key, limit: 1 } },
      Spaces,
    );
    const id = results.find((space) => space.key === key)?.id;
    if (id === undefined) throw unknownSpace(key);
    spaceIds.set(key, id);
    return id;
  }

  /** Pages changed since, newest first on Cloud; `next` is null at the end. */
  async function readChanged(key: string, since: Date, next: string | number | null) {
    if (isCloud) {
      const page = await confluence.call(
        {
          path: 'api/v2/pages',
          query: {
            'space-id': await spaceId(key),
            status: 'current',
            sort: '-modified-date',
            'body-format': 'storage',
            limit: PER_PAGE,
            cursor: next ?? undefined,
          },
        },
        CloudPages,
      );
      const changed = page.results.filter(({ version }) => version.createdAt >= since);
      const isOver = changed.length < page.results.length;
      const names = await namesOf(changed);
      return {
        pages: changed.map((one) => fromCloud(one, names)),
        next: isOver ? null : cursorIn(page._links.next),
      };
    }
    // Minutes from now: a date would be read in the time zone of the account. By creation, so that a page
    // that changes meanwhile moves no other.
    const minutes = Math.ceil((clock.now().getTime() - since.getTime()) / MINUTE_MS) + 1;
    const start = Number(next ?? 0);
    const page = await confluence.call(
      {
        path: 'rest/api/content/search',
        query: {
          cql: `space = "${key}" and type = page and lastmodified >= now("-${minutes}m") order by created asc`,
          expand: WHOLE,
          start,
          limit: PER_PAGE,
        },
      },
      Contents,
    );
    return {
      pages: page.results.flatMap((content) => fromContent(content)),
      next: page._links.next === undefined ? null : start + page.results.length,
    };
  }

  async function namesOf(pages: readonly CloudPage[]): Promise<Map<string, string>> {
    const ids = [
      ...new Set(pages.flatMap(({ authorId, ownerId }) => [authorId, ownerId]).filter((id) => id)),
    ].slice(0, 250);
    if (ids.length === 0) return new Map();
    const { results } = await confluence.call(
      { method: 'POST', path: 'api/v2/users-bulk', json: { accountIds: ids } },
      Users,
    );
    return new Map(results.map(({ accountId, displayName }) => [accountId, displayName]));
  }

  /**
   * Where pages stand and who may read them. A page the search does not know is left out: without its
   * restrictions it is shown to nobody, and the next list reads it.
   */
  async function placesOf(ids: readonly string[]): Promise<Map<string, Place>> {
    const known = new Map<string, Content>();
    await describe(ids, known);
    const above = [...known.values()]
      .flatMap(({ ancestors }) => ancestors ?? [])
      .map(({ id }) => id);
    await describe(above, known);
    return new Map(
      ids.flatMap((id): [string, Place][] => {
        const content = known.get(id);
        return content === undefined ? [] : [[id, placeOf(content, known)]];
      }),
    );
  }

  async function describe(ids: readonly string[], known: Map<string, Content>): Promise<void> {
    const wanted = [...new Set(ids)].filter((id) => /^\d{1,20}$/.test(id) && !known.has(id));
    for (let start = 0; start < wanted.length; start += PER_PAGE) {
      const part = wanted.slice(start, start + PER_PAGE);
      const { results } = await confluence.call(
        {
          path: 'rest/api/content/search',
          query: {
            cql: `id in (${part.join(',')})`,
            expand: `version,ancestors,${RESTRICTIONS}`,
            limit: PER_PAGE,
          },
        },
        Contents,
      );
      for (const content of results) known.set(content.id, content);
    }
  }

  function toItem(key: string, page: RawPage, place: Place): KnowledgeItem {
    const readers = narrow([readersOf(places, key), place.readers]);
    const path = [key, ...place.ancestors.map(({ title }) => title), page.title].map((name) =>
      name.replaceAll('/', '-'),
    );
    return {
      kind: 'document',
      object: `${PREFIX}${page.id}`,
      repository: key,
      updatedAt: page.changedAt,
      url: `${siteUrl}${page.webui}`,
      author: page.author,
      owner: page.owner,
      path: `${path.join('/')}.md`,
      title: page.title,
      text: storageToMarkdown(page.storage, `${siteUrl}/`),
      revision: String(page.version),
      mark: markOf(page.version, readers),
      ...belongsTo(places, key),
      readers,
    };
  }

  async function toItems(key: string, pages: readonly RawPage[]): Promise<KnowledgeItem[]> {
    const found = await placesOf(pages.map(({ id }) => id));
    return pages.flatMap((page) => {
      const place = found.get(page.id);
      return place === undefined ? [] : [toItem(key, page, place)];
    });
  }

  async function readPage(id: string): Promise<RawPage | undefined> {
    try {
      if (!isCloud) {
        const call = { path: `rest/api/content/${id}`, query: { expand: WHOLE } };
        return fromContent(await confluence.call(call, Content))[0];
      }
      const call = { path: `api/v2/pages/${id}`, query: { 'body-format': 'storage' } };
      const page = await confluence.call(call, CloudPage);
      return page.status === 'current' ? fromCloud(page, await namesOf([page])) : undefined;
    } catch (error) {
      // Gone, or closed to us, between the list and now.
      if (error instanceof AppError && /^(?:not_found|forbidden)$/.test(error.kind))
        return undefined;
      throw error;
    }
  }

  return {
    name: CONFLUENCE,
    listEveryMs: LIST_EVERY_MS,
    listScopes: async () => [...spaces],

    async sweep(key, cursor) {
      checkSpace(key);
      const began = clock.now().toISOString();
      const at =
        cursor === null
          ? { since: new Date(0).toISOString(), began, next: null }
          : continueAt(decodeCursor(Cursor, cursor), began);
      const { pages, next } = await readChanged(key, new Date(at.since), at.next);
      return {
        items: await toItems(key, pages),
        cursor: Buffer.from(JSON.stringify({ ...at, next })).toString('base64url'),
        hasMore: next !== null,
      };
    },

    async listObjects(key) {
      checkSpace(key);
      const known = new Map<string, Content>();
      const own: string[] = [];
      let query: Record<string, string | number | undefined> | undefined = { start: 0 };
      while (query !== undefined) {
        const page: z.output<typeof Contents> = await confluence.call(
          {
            path: 'rest/api/content/search',
            query: {
              cql: `space = "${key}" and type = page order by created asc`,
              expand: `version,ancestors,${RESTRICTIONS}`,
              limit: PER_PAGE,
              ...query,
            },
          },
          Contents,
        );
        for (const content of page.results) {
          known.set(content.id, content);
          own.push(content.id);
        }
        // Half a list would bury the other half.
        if (own.length > MAX_LISTED) throw tooLarge(key);
        const token = cursorIn(page._links.next);
        query =
          page._links.next === undefined || page.results.length === 0
            ? undefined
            : token === null
              ? { start: own.length }
              : { cursor: token };
      }
      await describe(
        [...known.values()].flatMap(({ ancestors }) => ancestors ?? []).map(({ id }) => id),
        known,
      );
      const marks = own.map((id): [string, string] => {
        const content = known.get(id)!;
        const readers = narrow([readersOf(places, key), placeOf(content, known).readers]);
        return [`${PREFIX}${id}`, markOf(content.version?.number ?? 0, readers)];
      });
      return {
        prefixes: [PREFIX],
        objects: marks.map(([object]) => object),
        marks: new Map(marks),
      };
    },

    async readObject(key, object) {
      checkSpace(key);
      const page = await readPage(object.slice(PREFIX.length));
      return page === undefined ? undefined : (await toItems(key, [page]))[0];
    },
  };

  function checkSpace(key: string): void {
    if (!spaces.includes(key) || !/^~?[\w.-]{1,255}$/.test(key)) throw unknownSpace(key);
  }
}

/** Restrictions above a page hold for it too; one that cannot be seen counts as closed to everybody. */
function placeOf(content: Content, known: ReadonlyMap<string, Content>): Place {
  const ancestors = content.ancestors ?? [];
  const above = ancestors.map(({ id }) => restrictionOf(known.get(id) ?? {}));
  return { ancestors, readers: narrow([restrictionOf(content), ...above]) };
}

function fromCloud(page: CloudPage, names: ReadonlyMap<string, string>): RawPage {
  const { id, title, version, body, _links, authorId, ownerId } = page;
  return {
    id,
    title,
    version: version.number,
    changedAt: version.createdAt,
    storage: body?.storage?.value ?? '',
    webui: _links.webui,
    author: names.get(authorId ?? ''),
    owner: names.get(ownerId ?? ''),
  };
}

function fromContent({ id, status, title, version, history, body, _links }: Content): RawPage[] {
  if (version === undefined || status !== 'current') return [];
  return [
    {
      id,
      title,
      version: version.number,
      changedAt: version.when,
      storage: body?.storage.value ?? '',
      webui: _links.webui ?? `/pages/viewpage.action?pageId=${id}`,
      author: (history?.createdBy ?? version.by)?.displayName ?? undefined,
      owner: undefined,
    },
  ];
}

function cursorIn(next: string | undefined): string | null {
  if (next === undefined || !URL.canParse(next, 'https://confluence.invalid')) return null;
  return new URL(next, 'https://confluence.invalid').searchParams.get('cursor');
}

function continueAt(at: z.infer<typeof Cursor>, began: string): z.infer<typeof Cursor> {
  if (at.next !== null) return at;
  const since = new Date(Date.parse(at.began) - OVERLAP_MS).toISOString();
  return { since, began, next: null };
}

function unknownSpace(key: string): AppError {
  return new AppError('invalid', 'confluence.unknown_space', {
    message: `There is no space ${key.slice(0, 60)}, or it is not open to us.`,
    hint: 'Correct connectors.confluence.spaces: keys such as ENG; let the account read the space.',
  });
}

function tooLarge(key: string): AppError {
  return new AppError('limit_exceeded', 'confluence.too_many_pages', {
    message: `The space ${key} holds more than ${MAX_LISTED} pages; what is gone there is not noticed.`,
    hint: 'Archive what nobody reads, or leave the space out of connectors.confluence.spaces.',
  });
}
