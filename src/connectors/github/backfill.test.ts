/**
 * Goal: the backfill by GraphQL asks only what GitHub's schema has, gives word for word what REST gives,
 * goes on after a crash, keeps within its budget, and REST takes over where GraphQL does not do.
 * Method: every document checked against the public schema; then one set of objects that a fake of ours
 * answers for in both languages, behind the proxy of GitHub's emulator, which has the credentials.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { KnowledgeItem, KnowledgeSource, SweepProgress } from '#connectors/contract';
import { testClock } from '#testing';
import { PAGE_DOCUMENTS, REMAINDER_DOCUMENTS } from './graph-documents.ts';
import { createGitHubKnowledge } from './knowledge.ts';
import { checkDocument, connection, execute, type Node } from './test-graphql.ts';
import {
  APP_ID,
  type Answer,
  REPOSITORY,
  startTestGitHub,
  type TestGitHub,
} from './test-github.ts';

test.each([...Object.entries(PAGE_DOCUMENTS), ...Object.entries(REMAINDER_DOCUMENTS)])(
  'the document %s is one of GitHub’s schema',
  (_name, document) => {
    expect(checkDocument(document)).toEqual([]);
  },
);

test.each([
  ['query A { repository(owner: "a", name: "b") { nothing } }', 'Repository has no field nothing'],
  ['query A { repository(owner: "a") { issues(first: 1) { totalCount } } }', 'needs name'],
  ['query A($o: Int!) { repository(owner: $o, name: "b") { issues { totalCount } } }', 'is Int!'],
  [
    'query A { repository(owner: "a", name: "b") { issues(orderBy: {field: SIZE, direction: ASC}) { totalCount } } }',
    'SIZE is no',
  ],
  ['query A { rateLimit }', 'needs fields'],
])('the check refuses %s', (document, problem) => {
  expect(checkDocument(document).join('; ')).toContain(problem);
});

interface Talk {
  id: number;
  minute: number;
  by: string;
  text: string;
}
interface World {
  pulls: {
    number: number;
    minute: number;
    isMerged: boolean;
    files: string[];
    talk: Talk[];
    reviews: { id: number; state: string; minute: number; by: string; remarks: Talk[] }[];
  }[];
  issues: { number: number; minute: number; isOpen: boolean; talk: Talk[] }[];
  deployments: { id: number; minute: number }[];
}

/** Minutes after the beginning, as GitHub writes time. */
const at = (minute: number) =>
  new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString().replace('.000', '');
const page = (path: string) => `https://github.com/${REPOSITORY}/${path}`;
const sha = (number: number) => number.toString(16).padStart(40, '0');
const newestFirst = <One extends { minute: number }>(all: readonly One[]) =>
  all.toSorted((a, b) => b.minute - a.minute);
const LABELS = ['bug', 'security'];

function madeWorld(): World {
  const talk = (id: number, minute: number, by = 'grace'): Talk => ({
    id,
    minute,
    by,
    text: `Said ${id}`,
  });
  return {
    pulls: Array.from({ length: 60 }, (_, index) => ({
      number: 100 + index,
      minute: index,
      isMerged: index % 3 === 0,
      files: index === 7 ? ['b.ts', 'a.ts'] : [`src/${index}.ts`],
      talk: index === 8 ? Array.from({ length: 70 }, (_one, n) => talk(5_000 + n, n)) : [],
      reviews:
        index % 5 === 0
          ? [
              {
                id: 900 + index,
                state: index === 10 ? 'PENDING' : 'APPROVED',
                minute: index,
                by: 'dependabot[bot]',
                remarks: Array.from({ length: index === 15 ? 45 : 1 }, (_one, n) =>
                  talk(7_000 + index * 100 + n, index),
                ),
              },
            ]
          : [],
    })),
    issues: Array.from({ length: 30 }, (_, index) => ({
      number: 1 + index,
      minute: index * 2,
      isOpen: index % 2 === 0,
      talk: index === 3 ? [talk(3_000, 6), { ...talk(3_001, 7), text: OURS }] : [],
    })),
    deployments: [
      { id: 1, minute: 4 },
      { id: 2, minute: 9 },
    ],
  };
}
const OURS = '<!-- loomstack:work-item -->\nWaiting for review.';

/** The world in GraphQL's words. */
function graphRoot(world: World, rate: object): Node {
  const author = (login: string) => ({
    __typename: login.endsWith('[bot]') ? 'Bot' : 'User',
    login: login.replace('[bot]', ''),
  });
  const comment = (on: string) => (one: Talk) => ({
    fullDatabaseId: String(one.id),
    body: one.text,
    url: page(`${on}-${one.id}`),
    updatedAt: at(one.minute),
    author: author(one.by),
  });
  const labels = connection(LABELS.map((name) => ({ name })));
  const nodes = new Map<string, Node>();
  const kept = (node: Node & { id: string }) => {
    nodes.set(node.id, node);
    return node;
  };
  const pulls = newestFirst(world.pulls).map((one) =>
    kept({
      __typename: 'PullRequest',
      id: `PR_${one.number}`,
      number: one.number,
      title: `Pull ${one.number}`,
      body: 'Fixes #1.',
      state: one.isMerged ? 'MERGED' : 'OPEN',
      url: page(`pull/${one.number}`),
      updatedAt: at(one.minute),
      mergedAt: one.isMerged ? at(one.minute) : null,
      headRefName: 'fix',
      headRefOid: sha(one.number),
      baseRefName: 'main',
      mergeCommit: one.isMerged ? { oid: sha(one.number + 1_000) } : null,
      author: author('ada'),
      labels,
      files: connection(one.files.map((path) => ({ path, additions: 2, deletions: 1 }))),
      comments: connection(one.talk.map(comment(`pull/${one.number}#issuecomment`))),
      reviews: connection(
        one.reviews.map((review) =>
          kept({
            __typename: 'PullRequestReview',
            id: `PRR_${review.id}`,
            fullDatabaseId: String(review.id),
            state: review.state,
            body: '',
            url: page(`pull/${one.number}#pullrequestreview-${review.id}`),
            submittedAt: review.state === 'PENDING' ? null : at(review.minute),
            author: author(review.by),
            comments: connection(
              review.remarks.map((remark) => ({
                ...comment(`pull/${one.number}#discussion_r`)(remark),
                path: 'src/a.ts',
                line: 4,
              })),
            ),
          }),
        ),
      ),
    }),
  );
  const issues = newestFirst(world.issues).map((one) =>
    kept({
      __typename: 'Issue',
      id: `I_${one.number}`,
      number: one.number,
      title: `Issue ${one.number}`,
      body: 'It fails.',
      state: one.isOpen ? 'OPEN' : 'CLOSED',
      url: page(`issues/${one.number}`),
      updatedAt: at(one.minute),
      author: author('ada'),
      labels,
      comments: connection(one.talk.map(comment(`issues/${one.number}#issuecomment`))),
    }),
  );
  const deployments = newestFirst(world.deployments).map((one) => ({
    databaseId: one.id,
    environment: 'production',
    commitOid: sha(one.id),
    updatedAt: at(one.minute),
    creator: author('ada'),
  }));
  return {
    rateLimit: rate,
    repository: {
      pullRequests: connection(pulls),
      issues: connection(issues),
      deployments: connection(deployments),
    },
    node: ({ id }: Node) => nodes.get(String(id)) ?? null,
  };
}

/** The same in the words of REST. */
function restList(world: World, what: string): Record<string, unknown>[] | undefined {
  const user = { login: 'ada' };
  const labels = LABELS.map((name) => ({ name }));
  const said = (on: string, one: Talk) => ({
    id: one.id,
    body: one.text,
    html_url: page(`${on}-${one.id}`),
    updated_at: at(one.minute),
    user: { login: one.by },
  });
  const pull = (one: World['pulls'][number]) => ({
    number: one.number,
    title: `Pull ${one.number}`,
    body: 'Fixes #1.',
    state: one.isMerged ? 'closed' : 'open',
    html_url: page(`pull/${one.number}`),
    updated_at: at(one.minute),
    merged_at: one.isMerged ? at(one.minute) : null,
    merge_commit_sha: one.isMerged ? sha(one.number + 1_000) : null,
    user,
    labels,
    head: { ref: 'fix', sha: sha(one.number) },
    base: { ref: 'main' },
  });
  const own = /^pulls\/(\d+)\/(files|reviews)$/.exec(what);
  const ofPull = world.pulls.find(({ number }) => number === Number(own?.[1]));
  if (own?.[2] === 'files') {
    return ofPull!.files.map((filename) => ({ filename, additions: 2, deletions: 1 }));
  }
  if (own?.[2] === 'reviews') {
    return ofPull!.reviews.map((review) => ({
      id: review.id,
      state: review.state,
      body: '',
      html_url: page(`pull/${ofPull!.number}#pullrequestreview-${review.id}`),
      submitted_at: review.state === 'PENDING' ? null : at(review.minute),
      user: { login: review.by },
    }));
  }
  switch (what) {
    case 'pulls':
      return world.pulls.map(pull);
    case 'issues':
      return [
        ...world.issues.map((one) => ({
          number: one.number,
          title: `Issue ${one.number}`,
          body: 'It fails.',
          state: one.isOpen ? 'open' : 'closed',
          html_url: page(`issues/${one.number}`),
          updated_at: at(one.minute),
          user,
          labels,
        })),
        ...world.pulls.map((one) => ({ ...pull(one), pull_request: {} })),
      ];
    case 'pulls/comments':
      return world.pulls.flatMap(({ number, reviews }) =>
        reviews
          .filter(({ state }) => state !== 'PENDING')
          .flatMap(({ remarks }) =>
            remarks.map((remark) => ({
              ...said(`pull/${number}#discussion_r`, remark),
              path: 'src/a.ts',
              line: 4,
              pull_request_url: `https://api.github.com/repos/${REPOSITORY}/pulls/${number}`,
            })),
          ),
      );
    case 'issues/comments':
      return [
        ...world.pulls.map(({ number, talk }) => ({ number, talk, on: 'pull' })),
        ...world.issues.map(({ number, talk }) => ({ number, talk, on: 'issues' })),
      ].flatMap(({ number, talk, on }) =>
        talk.map((one) => ({
          ...said(`${on}/${number}#issuecomment`, one),
          issue_url: `https://api.github.com/repos/${REPOSITORY}/issues/${number}`,
        })),
      );
    case 'deployments':
      return world.deployments.map(({ id, minute }) => ({
        id,
        sha: sha(id),
        environment: 'production',
        updated_at: at(minute),
        creator: user,
      }));
    default:
      return undefined;
  }
}

let github: TestGitHub;
let source: KnowledgeSource;
let world: World;
let asked: string[];
let sizes: number[];
/** Answers a query in place of the fake. */
let instead: (document: string, variables: Node) => Answer | undefined;
let rate: { limit: number; cost: number; remaining: number; resetAt: string };
const clock = testClock(new Date('2026-01-02T00:00:00Z'));

beforeAll(async () => {
  github = await startTestGitHub();
});
afterAll(() => github[Symbol.asyncDispose]());

beforeEach(() => {
  const { privateKey, apiUrl } = github;
  source = createGitHubKnowledge({ appId: String(APP_ID), privateKey, apiUrl, clock });
  world = madeWorld();
  asked = [];
  sizes = [];
  instead = () => undefined;
  const resetAt = new Date(clock.now().getTime() + 3_600_000).toISOString();
  rate = { limit: 5_000, cost: 7, remaining: 4_900, resetAt };
  github.intercept((method, path, body) => {
    const url = new URL(path, 'http://x');
    if (url.pathname === '/graphql') {
      const { query, variables } = JSON.parse(body) as { query: string; variables: Node };
      asked.push(`graphql ${/Loom\w+/.exec(query)?.[0]}`);
      if (typeof variables['first'] === 'number') sizes.push(variables['first']);
      const other = instead(query, variables);
      if (other !== undefined) return other;
      const problems = checkDocument(query);
      if (problems.length > 0) return { status: 200, body: { errors: [{ message: problems[0] }] } };
      return { status: 200, body: { data: execute(query, variables, graphRoot(world, rate)) } };
    }
    const what = url.pathname.replace(`/repos/${REPOSITORY}/`, '');
    const rows = method === 'GET' ? restList(world, what) : undefined;
    if (rows === undefined) return undefined;
    asked.push(`rest ${what}`);
    return restPage(rows, what, url.searchParams);
  });
});

function restPage(rows: Record<string, unknown>[], what: string, query: URLSearchParams): Answer {
  const since = query.get('since');
  const isDescending = query.get('direction') === 'desc' || what === 'deployments';
  const time = (row: Record<string, unknown>) => (row['updated_at'] as string | undefined) ?? '';
  const sorted = rows
    .filter((row) => since === null || time(row) >= since)
    .toSorted((a, b) => (time(a) < time(b) ? -1 : 1) * (isDescending ? -1 : 1));
  const [size, number] = [Number(query.get('per_page')), Number(query.get('page'))];
  return { status: 200, body: sorted.slice((number - 1) * size, number * size) };
}

interface Swept {
  items: KnowledgeItem[];
  cursor: string;
  progress: SweepProgress[];
}

async function sweepAll(cursor: string | null = null, reader = source): Promise<Swept> {
  const swept: Swept = { items: [], cursor: cursor ?? '', progress: [] };
  for (let next = cursor; ; next = swept.cursor) {
    const read = await reader.sweep(REPOSITORY, next);
    swept.items.push(...read.items);
    swept.cursor = read.cursor;
    if (read.progress !== undefined) swept.progress.push(read.progress);
    if (!read.hasMore) return swept;
  }
}

/** The newest word on each object: what the graph keeps. */
function stateOf(items: readonly KnowledgeItem[]): KnowledgeItem[] {
  const state = new Map<string, KnowledgeItem>();
  for (const item of items) {
    const known = state.get(item.object);
    if (known === undefined || known.updatedAt <= item.updatedAt) state.set(item.object, item);
  }
  return [...state.values()].toSorted((a, b) => (a.object < b.object ? -1 : 1));
}

const GONE: Answer = { status: 404, body: { message: 'Not Found' } };

test('both ways give the same objects word for word, and GraphQL with a tenth of the requests', async () => {
  const byGraph = await sweepAll();
  const graphRequests = asked.length;
  asked = [];
  instead = () => GONE;
  const byRest = await sweepAll(
    null,
    createGitHubKnowledge({
      appId: String(APP_ID),
      privateKey: github.privateKey,
      apiUrl: github.apiUrl,
      clock,
    }),
  );

  const state = stateOf(byGraph.items);
  expect(state).toEqual(stateOf(byRest.items));
  const countOf = (kind: string) => state.filter((item) => item.kind === kind).length;
  expect(['change', 'changed-files', 'comment', 'review', 'review-comment'].map(countOf)).toEqual([
    60, 60, 71, 11, 55,
  ]);
  expect(byGraph.progress).toContainEqual({ stream: 'pulls', via: 'graphql', total: 60 });
  expect(byRest.progress).toContainEqual(
    expect.objectContaining({ stream: 'pulls', via: 'rest', why: expect.stringContaining('404') }),
  );
  expect(graphRequests * 8).toBeLessThan(asked.length);
});

test('the next sweep asks by REST for what is new, and after a gap by GraphQL again', async () => {
  const first = await sweepAll();
  world.pulls[0]!.minute = 500;
  world.issues[3]!.talk.push({ id: 3_002, minute: 501, by: 'ada', text: 'Still there.' });
  asked = [];
  clock.advance(10 * 60_000);

  const second = await sweepAll(first.cursor);
  expect(asked.filter((one) => one.startsWith('graphql'))).toEqual([]);
  expect(second.items.map(({ object }) => object)).toEqual(
    expect.arrayContaining(['pull/100', 'changed-files/100', 'comment/3002']),
  );
  expect(second.items.length).toBeLessThan(30);

  world.pulls[1]!.minute = 600;
  asked = [];
  clock.advance(24 * 3_600_000);
  const third = await sweepAll(second.cursor);
  expect(third.items.map(({ object }) => object)).toContain('pull/101');
  // One page of each suffices: what is known ends the reading.
  expect(asked.filter((one) => one.startsWith('graphql'))).toHaveLength(3);
});

test('broken off after any page, it goes on there and misses nothing that changed meanwhile', async () => {
  const whole = stateOf((await sweepAll()).items);
  for (const stopAfter of [1, 3, 5]) {
    world = madeWorld();
    const items: KnowledgeItem[] = [];
    let cursor: string | null = null;
    for (let pages = 0; pages < stopAfter; pages += 1) {
      const read = await source.sweep(REPOSITORY, cursor);
      items.push(...read.items);
      cursor = read.cursor;
    }
    // The process is gone; its memory too. What changes meanwhile moves to the front of its list.
    world.pulls[2]!.minute = 700;
    const later = createGitHubKnowledge({
      appId: String(APP_ID),
      privateKey: github.privateKey,
      apiUrl: github.apiUrl,
      clock,
    });
    const rest = await sweepAll(cursor, later);
    clock.advance(60_000);
    const next = await sweepAll(rest.cursor, later);

    const state = stateOf([...items, ...rest.items, ...next.items]);
    const moved = new Set(['pull/102', 'changed-files/102']);
    const still = (all: KnowledgeItem[]) => all.filter(({ object }) => !moved.has(object));
    expect(still(state)).toEqual(still(whole));
    const pull = state.find(({ object }) => object === 'pull/102');
    expect(pull?.updatedAt).toEqual(new Date(at(700)));
  }
});

test.each([
  ['a 502', { status: 502, body: {} }],
  ['a 504', { status: 504, body: {} }],
  [
    'a timeout told with status 200',
    {
      status: 200,
      body: {
        data: null,
        errors: [{ message: 'Something went wrong while executing your query.' }],
      },
    },
  ],
])('%s halves the page until it comes', async (_name, answer) => {
  instead = (_document, { first }) => (Number(first) > 6 ? answer : undefined);

  const { items, progress } = await sweepAll();

  expect(items.filter(({ kind }) => kind === 'change')).toHaveLength(60);
  expect(sizes.slice(0, 3)).toEqual([25, 13, 7]);
  expect(progress.find(({ stream }) => stream === 'pulls')?.via).toBe('graphql');
});

test.each([
  ['a page of one is too much', { status: 502, body: {} }],
  ['a field is missing there', { status: 200, body: { errors: [{ type: 'undefinedField' }] } }],
  [
    'a part is forbidden',
    { status: 200, body: { data: { repository: null }, errors: [{ type: 'FORBIDDEN' }] } },
  ],
  ['the answer has another shape', { status: 200, body: { data: { repository: [] } } }],
])('REST takes over where %s', async (_name, answer) => {
  instead = (document) => (document.includes('pullRequests(') ? answer : undefined);

  const { items, progress } = await sweepAll();

  expect(items.filter(({ kind }) => kind === 'change')).toHaveLength(60);
  const pulls = progress.find(({ stream }) => stream === 'pulls');
  expect(pulls).toMatchObject({ via: 'rest', why: expect.stringContaining('GraphQL') });
});

describe('limits', () => {
  test('a budget that is nearly spent stops it until it is reset, at the same page', async () => {
    rate.remaining = 400;
    const first = await source.sweep(REPOSITORY, null);
    asked = [];

    const refused = source.sweep(REPOSITORY, first.cursor);
    await expect(refused).rejects.toMatchObject({
      code: 'github.rate_limited',
      details: { retryAfterSeconds: 3_600 },
    });
    expect(asked).toEqual([]);

    clock.advance(3_600_001);
    rate.remaining = 4_900;
    const second = await source.sweep(REPOSITORY, first.cursor);
    expect(second.items.length).toBeGreaterThan(0);
  });

  test.each([
    ['a secondary limit', { status: 403, headers: { 'retry-after': '60' }, body: {} }],
    [
      'a spent budget told with status 200',
      {
        status: 200,
        headers: { 'retry-after': '60' },
        body: { errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] },
      },
    ],
  ])('%s is waited out and not gone round by REST', async (_name, answer) => {
    instead = () => answer;

    await expect(source.sweep(REPOSITORY, null)).rejects.toMatchObject({
      code: 'github.rate_limited',
      details: { retryAfterSeconds: 60 },
    });
    expect(asked.filter((one) => one.startsWith('rest'))).toEqual([]);
    clock.advance(61_000);
  });

  test('a cursor GitHub does not know any more begins the list anew', async () => {
    const first = await sweepAll();
    const whole = stateOf(first.items);
    const started = await source.sweep(REPOSITORY, null);
    instead = (_document, { after }) =>
      after === null || after === undefined
        ? undefined
        : { status: 200, body: { errors: [{ type: 'INVALID_CURSOR_ARGUMENTS' }] } };
    const again = await source.sweep(REPOSITORY, started.cursor);
    instead = () => undefined;

    expect(stateOf(again.items)).toEqual(stateOf(started.items));
    const rest = await sweepAll(again.cursor);
    expect(stateOf([...started.items, ...again.items, ...rest.items])).toEqual(whole);
  });
});
