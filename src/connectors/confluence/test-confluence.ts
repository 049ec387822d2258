/**
 * For tests: a Confluence that keeps state and holds itself and its callers to the published descriptions
 * of both APIs: unknown paths and parameters are refused, and so is any answer of its own that is not as
 * Atlassian documents it.
 */
import { z } from 'zod';
import type { GuardedFetch } from '#connectors/contract';

interface Page {
  id: string;
  space: string;
  title: string;
  parent: string | undefined;
  storage: string;
  version: number;
  changedAt: Date;
  /** In the order of creation. */
  place: number;
  users: string[];
  groups: string[];
  isTrashed: boolean;
}

export interface TestConfluence {
  fetch: GuardedFetch;
  calls: string[];
  put(page: Partial<Page> & { id: string }): void;
  restrict(id: string, to: { users?: string[]; groups?: string[] }): void;
  trash(id: string): void;
}

/** Parameters each path takes. */
const QUERIES: Readonly<Record<string, z.ZodType>> = {
  'GET api/v2/spaces': z.strictObject({ keys: z.string(), limit: z.string() }),
  'GET api/v2/pages': z.strictObject({
    'space-id': z.string().regex(/^\d+$/),
    status: z.enum(['current', 'archived', 'deleted', 'trashed']),
    sort: z.enum(['id', '-id', 'title', '-title', 'modified-date', '-modified-date']),
    'body-format': z.enum(['storage', 'atlas_doc_format']),
    limit: z.string(),
    cursor: z.string().optional(),
  }),
  'GET api/v2/pages/{id}': z.strictObject({ 'body-format': z.enum(['storage', 'view']) }),
  'POST api/v2/users-bulk': z.strictObject({}),
  'GET rest/api/content/search': z.strictObject({
    cql: z.string(),
    expand: z.string(),
    limit: z.string(),
    start: z.string().optional(),
    cursor: z.string().optional(),
  }),
  'GET rest/api/content/{id}': z.strictObject({ expand: z.string() }),
};

const Version2 = z.strictObject({
  id: z.string(),
  status: z.enum(['current', 'trashed']),
  title: z.string(),
  spaceId: z.string(),
  parentId: z.string().nullable(),
  parentType: z.enum(['page', 'folder']).nullable(),
  position: z.int(),
  authorId: z.string(),
  ownerId: z.string().nullable(),
  lastOwnerId: z.string().nullable(),
  createdAt: z.iso.datetime(),
  version: z.strictObject({
    createdAt: z.iso.datetime(),
    message: z.string(),
    number: z.int(),
    minorEdit: z.boolean(),
    authorId: z.string(),
  }),
  body: z.strictObject({
    storage: z.strictObject({ representation: z.literal('storage'), value: z.string() }),
  }),
  _links: z.strictObject({ webui: z.string(), editui: z.string(), tinyui: z.string() }),
});
const UserV1 = z.union([
  z.strictObject({
    type: z.literal('known'),
    accountId: z.string(),
    accountType: z.literal('atlassian'),
    email: z.string(),
    publicName: z.string(),
    displayName: z.string(),
  }),
  z.strictObject({
    type: z.literal('known'),
    username: z.string(),
    userKey: z.string(),
    displayName: z.string(),
  }),
]);
const ContentV1 = z.strictObject({
  id: z.string(),
  type: z.literal('page'),
  status: z.enum(['current', 'trashed']),
  title: z.string(),
  version: z.strictObject({
    by: UserV1,
    when: z.iso.datetime(),
    number: z.int(),
    minorEdit: z.boolean(),
  }),
  history: z
    .strictObject({ latest: z.boolean(), createdBy: UserV1, createdDate: z.iso.datetime() })
    .optional(),
  ancestors: z.array(
    z.strictObject({
      id: z.string(),
      type: z.literal('page'),
      status: z.string(),
      title: z.string(),
    }),
  ),
  body: z
    .strictObject({
      storage: z.strictObject({ value: z.string(), representation: z.literal('storage') }),
    })
    .optional(),
  restrictions: z.strictObject({
    read: z.strictObject({
      operation: z.literal('read'),
      restrictions: z.strictObject({
        user: z.strictObject({
          results: z.array(UserV1),
          start: z.int(),
          limit: z.int(),
          size: z.int(),
        }),
        group: z.strictObject({
          results: z.array(
            z.strictObject({
              type: z.literal('group'),
              name: z.string(),
              id: z.string().optional(),
            }),
          ),
          start: z.int(),
          limit: z.int(),
          size: z.int(),
        }),
      }),
    }),
  }),
  _links: z.strictObject({ webui: z.string(), self: z.string() }),
});

const SPACES: Readonly<Record<string, string>> = { ENG: '1001', OPS: '1002' };

export function testConfluence(options: {
  isCloud: boolean;
  now: () => Date;
  pageSize?: number;
}): TestConfluence {
  const { isCloud, now, pageSize = 2 } = options;
  const pages = new Map<string, Page>();
  const calls: string[] = [];
  const base = isCloud ? 'https://acme.atlassian.net/wiki/' : 'https://confluence.example/';

  const user = (name: string) =>
    isCloud
      ? {
          type: 'known' as const,
          accountId: `acc-${name}`,
          accountType: 'atlassian' as const,
          email: `${name}@example.org`,
          publicName: name,
          displayName: name === 'ada' ? 'Ada Lovelace' : name,
        }
      : {
          type: 'known' as const,
          username: name,
          userKey: `key-${name}`,
          displayName: name === 'ada' ? 'Ada Lovelace' : name,
        };
  const above = (page: Page): Page[] => {
    const parent = page.parent === undefined ? undefined : pages.get(page.parent);
    return parent === undefined ? [] : [...above(parent), parent];
  };
  const webui = (page: Page) =>
    isCloud ? `/spaces/${page.space}/pages/${page.id}` : `/display/${page.space}/${page.id}`;
  const version2 = (page: Page) =>
    Version2.parse({
      id: page.id,
      status: page.isTrashed ? 'trashed' : 'current',
      title: page.title,
      spaceId: SPACES[page.space],
      parentId: page.parent ?? null,
      parentType: page.parent === undefined ? null : 'page',
      position: page.place,
      authorId: 'acc-grace',
      ownerId: 'acc-ada',
      lastOwnerId: null,
      createdAt: page.changedAt.toISOString(),
      version: {
        createdAt: page.changedAt.toISOString(),
        message: '',
        number: page.version,
        minorEdit: false,
        authorId: 'acc-grace',
      },
      body: { storage: { representation: 'storage', value: page.storage } },
      _links: {
        webui: webui(page),
        editui: `/pages/resumedraft.action?draftId=${page.id}`,
        tinyui: `/x/${page.id}`,
      },
    });
  const version1 = (page: Page, expand: string) =>
    ContentV1.parse({
      id: page.id,
      type: 'page',
      status: page.isTrashed ? 'trashed' : 'current',
      title: page.title,
      version: {
        by: user('grace'),
        when: page.changedAt.toISOString(),
        number: page.version,
        minorEdit: false,
      },
      ...(expand.includes('history')
        ? {
            history: {
              latest: true,
              createdBy: user('ada'),
              createdDate: page.changedAt.toISOString(),
            },
          }
        : {}),
      ancestors: above(page).map(({ id, title }) => ({
        id,
        type: 'page',
        status: 'current',
        title,
      })),
      ...(expand.includes('body.storage')
        ? { body: { storage: { value: page.storage, representation: 'storage' } } }
        : {}),
      restrictions: {
        read: {
          operation: 'read',
          restrictions: {
            user: { results: page.users.map(user), start: 0, limit: 100, size: page.users.length },
            group: {
              results: page.groups.map((name) => ({ type: 'group', name })),
              start: 0,
              limit: 100,
              size: page.groups.length,
            },
          },
        },
      },
      _links: { webui: webui(page), self: `${base}rest/api/content/${page.id}` },
    });

  /** The few sentences of CQL that are asked here; any other is an error, as at Confluence. */
  function search(cql: string): Page[] {
    const there = [...pages.values()]
      .filter(({ isTrashed }) => !isTrashed)
      .toSorted((a, b) => a.place - b.place);
    const ids = /^id in \(([\d,]+)\)$/.exec(cql)?.[1]?.split(',');
    if (ids !== undefined) return there.filter(({ id }) => ids.includes(id));
    const match =
      /^space = "(\w+)" and type = page(?: and lastmodified >= now\("-(\d+)m"\))? order by created asc$/.exec(
        cql,
      );
    if (match === null) throw new Error(`no such CQL: ${cql}`);
    const [, space, minutes] = match;
    const since = minutes === undefined ? 0 : now().getTime() - Number(minutes) * 60_000;
    return there.filter((page) => page.space === space && page.changedAt.getTime() >= since);
  }

  function answer(method: string, path: string, query: URLSearchParams, body: unknown): unknown {
    const id = /^(?:api\/v2\/pages|rest\/api\/content)\/(\d+)$/.exec(path)?.[1];
    const key = `${method} ${id === undefined ? path : path.replace(/\d+$/, '{id}')}`;
    const known = QUERIES[key];
    if (known === undefined || (path.startsWith('api/v2') && !isCloud)) return undefined;
    known.parse(Object.fromEntries(query));
    const page = id === undefined ? undefined : pages.get(id);
    switch (key) {
      case 'GET api/v2/spaces': {
        const space = query.get('keys')!;
        const found = SPACES[space];
        return { results: found === undefined ? [] : [{ id: found, key: space, name: space }] };
      }
      case 'GET api/v2/pages': {
        const space = Object.keys(SPACES).find((name) => SPACES[name] === query.get('space-id'));
        const all = [...pages.values()]
          .filter((one) => one.space === space && !one.isTrashed)
          .toSorted((a, b) => b.changedAt.getTime() - a.changedAt.getTime());
        const start = Number(query.get('cursor') ?? 0);
        const next = start + pageSize;
        query.set('cursor', String(next));
        return {
          results: all.slice(start, next).map(version2),
          _links: {
            base,
            ...(next < all.length ? { next: `/wiki/api/v2/pages?${query.toString()}` } : {}),
          },
        };
      }
      case 'GET api/v2/pages/{id}':
        return page === undefined ? undefined : version2(page);
      case 'POST api/v2/users-bulk': {
        const { accountIds } = z
          .strictObject({ accountIds: z.array(z.string()).min(1).max(250) })
          .parse(body);
        return {
          results: accountIds.map((accountId) => ({ ...user(accountId.slice(4)), accountId })),
        };
      }
      case 'GET rest/api/content/search': {
        const found = search(query.get('cql')!);
        const start = Number(query.get('cursor') ?? query.get('start') ?? 0);
        const next = start + pageSize;
        const hasNext = next < found.length && !query.get('cql')!.startsWith('id in');
        const part = hasNext || start > 0 ? found.slice(start, next) : found;
        query.set(isCloud ? 'cursor' : 'start', String(next));
        return {
          results: part.map((one) => version1(one, query.get('expand')!)),
          start,
          limit: pageSize,
          size: part.length,
          _links: {
            base,
            ...(hasNext ? { next: `/rest/api/content/search?${query.toString()}` } : {}),
          },
        };
      }
      default:
        return page === undefined || page.isTrashed
          ? undefined
          : version1(page, query.get('expand')!);
    }
  }

  return {
    calls,
    put(page) {
      const before = pages.get(page.id);
      pages.set(page.id, {
        space: 'ENG',
        title: `Page ${page.id}`,
        parent: undefined,
        storage: `<p>Words of ${page.id}.</p>`,
        place: pages.size,
        users: [],
        groups: [],
        isTrashed: false,
        ...before,
        version: (before?.version ?? 0) + 1,
        changedAt: now(),
        ...page,
      });
    },
    restrict(id, { users = [], groups = [] }) {
      Object.assign(pages.get(id)!, { users, groups });
    },
    trash(id) {
      pages.get(id)!.isTrashed = true;
    },
    async fetch(url, request = {}) {
      const at = new URL(url);
      const path = at.pathname.slice(new URL(base).pathname.length);
      calls.push(`${request.method ?? 'GET'} ${path}`);
      const expected = isCloud
        ? `Basic ${Buffer.from('loom@example.org:secret').toString('base64')}`
        : 'Bearer secret';
      if (request.headers?.['authorization'] !== expected)
        return Response.json({}, { status: 401 });
      const body: unknown = typeof request.body === 'string' ? JSON.parse(request.body) : undefined;
      const found = answer(request.method ?? 'GET', path, at.searchParams, body);
      return found === undefined
        ? Response.json({ statusCode: 404, message: 'Not found' }, { status: 404 })
        : Response.json(found);
    },
  };
}
