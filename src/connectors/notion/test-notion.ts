/**
 * For tests: a Notion that keeps state and holds callers to the published API: unknown paths, parameters,
 * fields and versions are refused as Notion refuses them.
 */
import { z } from 'zod';
import type { GuardedFetch } from '#connectors/contract';

export interface TestPage {
  id: string;
  title: string;
  parent: string | undefined;
  editedAt: Date;
  blocks: object[];
  properties: Record<string, object>;
  isTrashed: boolean;
  /** The index of the search lags: it is there, and not found. */
  isUnfound: boolean;
}

export interface TestNotion {
  fetch: GuardedFetch;
  put(page: Partial<TestPage> & { id: string }): void;
  /** No longer shared with the integration. */
  unshare(id: string): void;
  /** The next call is answered with 429. */
  slowDown(seconds: number): void;
}

const Search = z.strictObject({
  query: z.string().optional(),
  filter: z
    .strictObject({ property: z.literal('object'), value: z.enum(['page', 'database']) })
    .optional(),
  sort: z
    .strictObject({
      direction: z.enum(['ascending', 'descending']),
      timestamp: z.literal('last_edited_time'),
    })
    .optional(),
  start_cursor: z.string().optional(),
  page_size: z.int().min(1).max(100).optional(),
});
const Children = z.strictObject({ page_size: z.string(), start_cursor: z.string().optional() });

export const text = (words: string, more: object = {}) => ({
  type: 'text',
  text: { content: words, link: null },
  annotations: {
    bold: false,
    italic: false,
    strikethrough: false,
    underline: false,
    code: false,
    color: 'default',
  },
  plain_text: words,
  href: null,
  ...more,
});

/** A block of one kind, with blocks below it. */
export const block = (type: string, content: object, children: object[] = []) => ({
  type,
  content,
  children,
});

export function testNotion(options: { now: () => Date; pageSize?: number }): TestNotion {
  const { now, pageSize = 2 } = options;
  const pages = new Map<string, TestPage>();
  const blocks = new Map<string, object[]>();
  let ids = 0;
  let waitSeconds = 0;

  function keepBlocks(parent: string, given: readonly object[]): void {
    blocks.set(
      parent,
      given.map((one) => {
        const { type, content, children } = one as ReturnType<typeof block>;
        ids += 1;
        const id = `block-${ids}`;
        keepBlocks(id, children);
        return {
          object: 'block',
          id,
          parent: { type: 'page_id', page_id: parent },
          type,
          created_time: now().toISOString(),
          has_children: children.length > 0,
          archived: false,
          in_trash: false,
          [type]: content,
        };
      }),
    );
  }

  const shown = (page: TestPage) => ({
    object: 'page',
    id: page.id,
    created_time: page.editedAt.toISOString(),
    last_edited_time: page.editedAt.toISOString(),
    created_by: { object: 'user', id: 'user-1' },
    last_edited_by: { object: 'user', id: 'user-1' },
    cover: null,
    icon: null,
    parent:
      page.parent === undefined
        ? { type: 'workspace', workspace: true }
        : { type: 'page_id', page_id: page.parent },
    archived: page.isTrashed,
    in_trash: page.isTrashed,
    properties: {
      title: { id: 'title', type: 'title', title: [text(page.title)] },
      ...page.properties,
    },
    url: `https://www.notion.so/${page.id}`,
    public_url: null,
  });
  const refuse = (status: number, code: string) =>
    Response.json({ object: 'error', status, code, message: code }, { status });

  return {
    put(page) {
      const before = pages.get(page.id);
      const whole = {
        title: `Page ${page.id}`,
        parent: undefined,
        blocks: [
          block('paragraph', { rich_text: [text(`Words of ${page.id}.`)], color: 'default' }),
        ],
        properties: {},
        isTrashed: false,
        isUnfound: false,
        ...before,
        editedAt: now(),
        ...page,
      };
      pages.set(page.id, whole);
      keepBlocks(page.id, whole.blocks);
    },
    unshare: (id) => void pages.delete(id),
    slowDown(seconds) {
      waitSeconds = seconds;
    },
    async fetch(url, request = {}) {
      const at = new URL(url);
      const path = at.pathname.replace(/^\/v1\//, '');
      const { method = 'GET', headers = {} } = request;
      if (headers['authorization'] !== 'Bearer ntn_secret') return refuse(401, 'unauthorized');
      if (headers['notion-version'] !== '2022-06-28') return refuse(400, 'missing_version');
      if (waitSeconds > 0) {
        const wait = String(waitSeconds);
        waitSeconds = 0;
        return Response.json({}, { status: 429, headers: { 'retry-after': wait } });
      }
      const [kind, id = '', rest] = path.split('/');
      if (method === 'POST' && path === 'search') {
        const { start_cursor: start = '0', page_size: size = 100 } = Search.parse(
          JSON.parse(String(request.body)),
        );
        const found = [...pages.values()]
          .filter(({ isTrashed, isUnfound }) => !isTrashed && !isUnfound)
          .toSorted((a, b) => b.editedAt.getTime() - a.editedAt.getTime());
        const next = Number(start) + Math.min(size, pageSize);
        return Response.json({
          object: 'list',
          results: found.slice(Number(start), next).map(shown),
          next_cursor: next < found.length ? String(next) : null,
          has_more: next < found.length,
        });
      }
      if (method === 'GET' && kind === 'blocks' && rest === 'children') {
        const { start_cursor: start = '0' } = Children.parse(Object.fromEntries(at.searchParams));
        const all = blocks.get(id);
        if (all === undefined) return refuse(404, 'object_not_found');
        const next = Number(start) + pageSize;
        return Response.json({
          object: 'list',
          results: all.slice(Number(start), next),
          next_cursor: next < all.length ? String(next) : null,
          has_more: next < all.length,
        });
      }
      const page = kind === 'pages' ? pages.get(id) : undefined;
      if (method === 'GET' && page !== undefined) return Response.json(shown(page));
      if (method === 'GET' && path === 'users/user-1')
        return Response.json({
          object: 'user',
          id: 'user-1',
          type: 'person',
          name: 'Grace Hopper',
        });
      return refuse(404, 'object_not_found');
    },
  };
}
