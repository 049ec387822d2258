/**
 * Reads the pages that are shared with the integration: what was edited since the last reading, newest
 * first. Notion's search may leave a page out for a while, so nothing is taken for gone on its word alone.
 */
import { z } from 'zod';
import { AppError, type Clock, decodeCursor } from '#kernel';
import {
  belongsTo,
  type DocumentPlaces,
  type KnowledgeItem,
  type KnowledgeSource,
  readersOf,
} from '#connectors/contract';
import { Block, type BlockTree, blocksToMarkdown, richText, RichTexts } from './blocks.ts';
import type { NotionClient } from './client.ts';

export const NOTION = 'notion';
const PREFIX = 'page/';
const PER_PAGE = 10;
const MAX_LISTED = 50_000;
const MAX_BLOCKS = 2_000;
const MAX_DEPTH = 5;
const LIST_EVERY_MS = 6 * 3_600_000;
/** Edit times are cut to the minute, and the search lags. */
const OVERLAP_MS = 10 * 60_000;

const Cursor = z.object({
  since: z.iso.datetime(),
  began: z.iso.datetime(),
  next: z.string().nullable(),
});

const Person = z.object({ id: z.string(), name: z.string().nullish() });
const Property = z
  .object({
    type: z.string(),
    title: RichTexts.optional(),
    rich_text: RichTexts.optional(),
    select: z.object({ name: z.string() }).nullish(),
    status: z.object({ name: z.string() }).nullish(),
    multi_select: z.array(z.object({ name: z.string() })).optional(),
    people: z.array(Person).optional(),
    url: z.string().nullish(),
    date: z.object({ start: z.string() }).nullish(),
  })
  .loose();
const Page = z.object({
  object: z.literal('page'),
  id: z.string(),
  last_edited_time: z.coerce.date(),
  archived: z.boolean().default(false),
  in_trash: z.boolean().default(false),
  url: z.string(),
  created_by: Person,
  parent: z.object({ page_id: z.string().optional(), database_id: z.string().optional() }).loose(),
  properties: z.record(z.string(), Property),
});
type Page = z.infer<typeof Page>;
const Pages = z.object({ results: z.array(Page), next_cursor: z.string().nullable() });
const Blocks = z.object({ results: z.array(Block), next_cursor: z.string().nullable() });
const Database = z.object({ title: RichTexts });

export function createNotionKnowledge(
  notion: NotionClient,
  options: { places: DocumentPlaces; clock: Clock },
): KnowledgeSource {
  const { places, clock } = options;
  const names = new Map<string, string>();
  const titles = new Map<string, { title: string; parent: Page['parent'] | undefined }>();

  const search = (next: string | null, size: number) =>
    notion.call(
      {
        method: 'POST',
        path: 'search',
        json: {
          filter: { property: 'object', value: 'page' },
          sort: { direction: 'descending', timestamp: 'last_edited_time' },
          page_size: size,
          ...(next === null ? {} : { start_cursor: next }),
        },
      },
      Pages,
    );

  async function readPage(id: string): Promise<Page | undefined> {
    return orNothing(notion.call({ path: `pages/${id}` }, Page));
  }

  /** Undefined where the integration may not read people: a page without a name is a page. */
  async function nameOf({ id, name }: z.infer<typeof Person>): Promise<string | undefined> {
    if (name) return name;
    if (!names.has(id)) {
      const found = await orNothing(notion.call({ path: `users/${id}` }, Person));
      names.set(id, found?.name ?? '');
    }
    return names.get(id) || undefined;
  }

  async function readBlocks(id: string): Promise<BlockTree[]> {
    let left = MAX_BLOCKS;
    return below(id, 0);

    async function below(parent: string, depth: number): Promise<BlockTree[]> {
      const trees: BlockTree[] = [];
      let cursor: string | null = null;
      do {
        const query: Record<string, string | number | undefined> = {
          page_size: 100,
          start_cursor: cursor ?? undefined,
        };
        const page: z.output<typeof Blocks> = await notion.call(
          { path: `blocks/${parent}/children`, query },
          Blocks,
        );
        for (const block of page.results) {
          left -= 1;
          // Synchronised from elsewhere, or a page of its own: read there, for those who may.
          const isOwn = !/^child_|^synced_block$/.test(block.type);
          const children =
            block.has_children && isOwn && depth < MAX_DEPTH && left > 0
              ? await below(block.id, depth + 1)
              : [];
          trees.push({ block, children });
        }
        cursor = page.next_cursor;
      } while (cursor !== null && left > 0);
      return trees;
    }
  }

  /** Titles of the pages above, outermost first, as far as they are open to us. */
  async function pathOf(page: Page): Promise<string> {
    const above: string[] = [];
    let parent: Page['parent'] | undefined = page.parent;
    for (let depth = 0; depth < MAX_DEPTH && parent !== undefined; depth += 1) {
      const found = await findTitle(parent);
      if (found === undefined) break;
      above.unshift(found.title);
      parent = found.parent;
    }
    return `${[...above, titleOf(page)].map((name) => name.replaceAll('/', '-')).join('/')}.md`;
  }

  async function findTitle({ page_id: pageId, database_id: databaseId }: Page['parent']) {
    const id = pageId ?? databaseId;
    if (id === undefined) return undefined;
    const known = titles.get(id);
    if (known !== undefined) return known;
    if (pageId !== undefined) {
      const page = await readPage(pageId);
      if (page !== undefined) titles.set(id, { title: titleOf(page), parent: page.parent });
    } else {
      const found = await orNothing(notion.call({ path: `databases/${id}` }, Database));
      if (found !== undefined) titles.set(id, { title: richText(found.title), parent: undefined });
    }
    return titles.get(id);
  }

  async function toItem(page: Page): Promise<KnowledgeItem> {
    titles.set(page.id, { title: titleOf(page), parent: page.parent });
    const body = blocksToMarkdown(await readBlocks(page.id));
    const facts = factsOf(page);
    const keeper = Object.entries(page.properties).find(
      ([name, { people = [] }]) => /^owners?$/i.test(name) && people.length > 0,
    )?.[1].people?.[0];
    return {
      kind: 'document',
      object: `${PREFIX}${page.id}`,
      repository: NOTION,
      updatedAt: page.last_edited_time,
      url: page.url,
      author: await nameOf(page.created_by),
      owner: keeper === undefined ? undefined : await nameOf(keeper),
      path: await pathOf(page),
      title: titleOf(page),
      text: [facts, body].filter((part) => part !== '').join('\n\n'),
      revision: page.last_edited_time.toISOString(),
      mark: page.last_edited_time.toISOString(),
      ...belongsTo(places, NOTION),
      readers: readersOf(places, NOTION),
    };
  }

  return {
    name: NOTION,
    listEveryMs: LIST_EVERY_MS,
    listScopes: async () => [NOTION],

    async sweep(_scope, cursor) {
      const began = clock.now().toISOString();
      const at =
        cursor === null
          ? { since: new Date(0).toISOString(), began, next: null }
          : continueAt(decodeCursor(Cursor, cursor), began);
      const page = await search(at.next, PER_PAGE);
      const since = Date.parse(at.since);
      const changed = page.results.filter((one) => one.last_edited_time.getTime() >= since);
      const items: KnowledgeItem[] = [];
      for (const one of changed.filter(isThere)) items.push(await toItem(one));
      const next = changed.length < page.results.length ? null : page.next_cursor;
      return {
        items,
        cursor: Buffer.from(JSON.stringify({ ...at, next })).toString('base64url'),
        hasMore: next !== null,
      };
    },

    async listObjects() {
      const marks = new Map<string, string>();
      let next: string | null = null;
      do {
        const page: z.output<typeof Pages> = await search(next, 100);
        for (const one of page.results.filter(isThere)) {
          marks.set(`${PREFIX}${one.id}`, one.last_edited_time.toISOString());
        }
        next = page.next_cursor;
        if (marks.size > MAX_LISTED) throw tooLarge();
      } while (next !== null);
      return { prefixes: [PREFIX], objects: [...marks.keys()], marks };
    },

    async readObject(_scope, object) {
      const page = await readPage(object.slice(PREFIX.length));
      return page === undefined || !isThere(page) ? undefined : toItem(page);
    },

    async isGone(_scope, object) {
      const page = await readPage(object.slice(PREFIX.length));
      return page === undefined || !isThere(page);
    },
  };
}

const isThere = ({ archived, in_trash: inTrash }: Page): boolean => !archived && !inTrash;

function titleOf({ properties }: Page): string {
  const title = Object.values(properties).find(({ type }) => type === 'title')?.title ?? [];
  return title.map(({ plain_text: text }) => text).join('') || 'Untitled';
}

/** What a row of a database says in its fields. */
function factsOf({ properties }: Page): string {
  return Object.entries(properties)
    .flatMap(([name, property]) => {
      const { select, status, multi_select: many, people, url, date, rich_text: words } = property;
      const value =
        select?.name ??
        status?.name ??
        many?.map((one) => one.name).join(', ') ??
        people?.flatMap((one) => one.name ?? []).join(', ') ??
        url ??
        date?.start ??
        richText(words ?? []);
      return value === '' ? [] : [`${name}: ${value.slice(0, 500)}`];
    })
    .join('\n');
}

async function orNothing<Answer>(call: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof AppError && /^(?:not_found|forbidden)$/.test(error.kind)) return undefined;
    throw error;
  }
}

function continueAt(at: z.infer<typeof Cursor>, began: string): z.infer<typeof Cursor> {
  if (at.next !== null) return at;
  const since = new Date(Date.parse(at.began) - OVERLAP_MS).toISOString();
  return { since, began, next: null };
}

function tooLarge(): AppError {
  return new AppError('limit_exceeded', 'notion.too_many_pages', {
    message: `More than ${MAX_LISTED} pages are shared with us; what is gone is not noticed.`,
    hint: 'Share fewer pages with the integration.',
  });
}
