/**
 * Goal: sweeps of GitHub miss nothing, repeat little, break off and go on, and never take half a list for
 * the whole.
 * Method: GitHub's emulator for credentials behind a proxy, on which a small stateful GitHub of our own
 * answers for issues, pull requests, reviews, comments and deployments as the API describes.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { KnowledgeItem, KnowledgeSource } from '#connectors/contract';
import { AppError } from '#kernel';
import { testClock } from '#testing';
import { createGitHubKnowledge } from './knowledge.ts';
import {
  APP_ID,
  type Answer,
  REPOSITORY,
  startTestGitHub,
  type TestGitHub,
} from './test-github.ts';

interface Row {
  id: number;
  number: number;
  updated_at: string;
  [field: string]: unknown;
}

let github: TestGitHub;
let source: KnowledgeSource;
let lists: Record<'issues' | 'pulls' | 'comments' | 'deployments', Row[]>;
let reviews: Map<number, unknown[]>;
let asked: string[];
const clock = testClock(new Date());
let failAt: (path: string) => Answer | undefined;

beforeAll(async () => {
  github = await startTestGitHub();
});
afterAll(() => github[Symbol.asyncDispose]());

beforeEach(() => {
  source = createGitHubKnowledge({
    appId: String(APP_ID),
    privateKey: github.privateKey,
    apiUrl: github.apiUrl,
    clock,
  });
  lists = { issues: [], pulls: [], comments: [], deployments: [] };
  reviews = new Map();
  asked = [];
  failAt = () => undefined;
  github.intercept((method, path) => {
    const url = new URL(path, 'http://x');
    const match = new RegExp(`^/repos/${REPOSITORY}/(.+)$`).exec(url.pathname);
    const what = match?.[1] ?? '';
    const name = what === 'pulls/comments' ? 'comments' : what;
    const isOurs =
      /^(?:issues|pulls|comments|deployments|issues\/comments|pulls\/\d+\/(?:reviews|files))$/.test(
        name,
      );
    if (method !== 'GET' || !isOurs) return undefined;
    asked.push(`${name}?page=${url.searchParams.get('page')}`);
    const failure = failAt(`${name}?page=${url.searchParams.get('page')}`);
    if (failure !== undefined) return failure;
    if (name === 'issues/comments' || name.endsWith('/files')) return { status: 200, body: [] };
    const review = /^pulls\/(\d+)\/reviews$/.exec(name);
    if (review !== null) return { status: 200, body: reviews.get(Number(review[1])) ?? [] };
    return answer(lists[name as keyof typeof lists], url.searchParams, name);
  });
});

/** A page as GitHub gives it. */
function answer(rows: readonly Row[], query: URLSearchParams, name: string): Answer {
  const since = query.get('since');
  const isDescending =
    name === 'pulls' ? query.get('direction') === 'desc' : name === 'deployments';
  const sorted = rows
    .filter((row) => since === null || row.updated_at >= since)
    .toSorted((a, b) => (a.updated_at < b.updated_at ? -1 : 1) * (isDescending ? -1 : 1));
  const [size, page] = [Number(query.get('per_page')), Number(query.get('page'))];
  return {
    status: 200,
    body: sorted.slice((page - 1) * size, page * size),
    headers: { etag: `"${name}-${sorted.length}-${sorted.at(-1)?.updated_at ?? ''}"` },
  };
}

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const issue = (number: number, minute: number, more: object = {}): Row => ({
  id: number,
  number,
  title: `Issue ${number}`,
  body: 'It fails.',
  state: 'open',
  updated_at: at(minute),
  user: { login: 'ada' },
  labels: [{ name: 'bug' }],
  ...more,
});
const pull = (number: number, minute: number, more: object = {}): Row => ({
  ...issue(number, minute),
  title: `Pull ${number}`,
  head: { ref: 'fix', sha: 'a'.repeat(40) },
  base: { ref: 'main' },
  merged_at: null,
  ...more,
});

/** Sweeps to the end, as the caller does. */
async function sweepAll(
  cursor: string | null,
): Promise<{ items: KnowledgeItem[]; cursor: string }> {
  const items: KnowledgeItem[] = [];
  let next = cursor;
  for (;;) {
    const page = await source.sweep(REPOSITORY, next);
    items.push(...page.items);
    next = page.cursor;
    if (!page.hasMore) return { items, cursor: next };
  }
}
const objects = (items: readonly KnowledgeItem[]) => items.map(({ object }) => object).sort();

describe('a sweep', () => {
  test('reads every kind, and the next one only what changed', async () => {
    lists.issues = [issue(1, 1), issue(2, 2, { pull_request: {} })];
    lists.pulls = [
      pull(2, 2, { state: 'closed', merged_at: at(3), merge_commit_sha: 'b'.repeat(40) }),
    ];
    reviews.set(2, [
      { id: 50, state: 'APPROVED', body: 'Good', submitted_at: at(2), user: { login: 'grace' } },
      { id: 51, state: 'PENDING', submitted_at: null, user: { login: 'grace' } },
    ]);
    lists.comments = [
      {
        ...issue(9, 3),
        id: 70,
        path: 'src/a.ts',
        line: 4,
        pull_request_url: `https://api.github.com/repos/${REPOSITORY}/pulls/2`,
      },
    ];
    lists.deployments = [
      { id: 90, number: 0, sha: 'c'.repeat(40), environment: 'production', updated_at: at(5) },
    ];

    const first = await sweepAll(null);
    expect(objects(first.items)).toEqual([
      'changed-files/2',
      'deployment/90',
      'issue/1',
      'pull/2',
      'review-comment/70',
      'review/50',
    ]);
    expect(first.items.find(({ kind }) => kind === 'change')).toMatchObject({
      state: 'merged',
      mergeSha: 'b'.repeat(40),
      author: 'ada',
    });

    lists.issues.push(issue(3, 30));
    lists.pulls = [pull(2, 2), pull(4, 40)];
    const second = await sweepAll(first.cursor);
    expect(objects(second.items)).toEqual(expect.arrayContaining(['issue/3', 'pull/4']));
    expect(objects(second.items)).not.toContain('issue/1');
  });

  test('reads long lists to their end, page by page', async () => {
    lists.issues = Array.from({ length: 250 }, (_, index) => issue(index + 1, index));
    lists.pulls = Array.from({ length: 130 }, (_, index) => pull(1_000 + index, index));

    const { items } = await sweepAll(null);

    // Each pull request with its files.
    expect(new Set(objects(items)).size).toBe(250 + 2 * 130);
  });

  test('an unchanged list is asked for by its tag and costs nothing more', async () => {
    lists.issues = [issue(1, 1)];
    const { cursor } = await sweepAll(null);
    failAt = (path) => (path.startsWith('pulls/') ? undefined : { status: 304 });

    const again = await sweepAll(cursor);

    expect(again.items).toEqual([]);
    expect(JSON.parse(again.cursor)).toEqual(JSON.parse(cursor));
  });

  test('a limit breaks it off, and it goes on at the same page', async () => {
    lists.issues = Array.from({ length: 150 }, (_, index) => issue(index + 1, index));
    const first = await source.sweep(REPOSITORY, null);
    failAt = () => ({
      status: 403,
      headers: { 'x-ratelimit-remaining': '0', 'retry-after': '60' },
      body: { message: 'API rate limit exceeded' },
    });
    const failure = await source.sweep(REPOSITORY, first.cursor).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({
      code: 'github.rate_limited',
      details: { retryAfterSeconds: 60 },
    });

    failAt = () => undefined;
    const before = asked.length;
    await source.sweep(REPOSITORY, first.cursor).catch(() => {});
    expect(asked).toHaveLength(before);
    clock.advance(60_001);
    const second = await source.sweep(REPOSITORY, first.cursor);
    expect(new Set([...objects(first.items), ...objects(second.items)]).size).toBe(150);
  });

  test.each(['', '{', '{"stream":"x"}', 'null', '[]'])(
    'the cursor %j begins anew',
    async (cursor) => {
      lists.issues = [issue(1, 1)];

      expect(objects((await source.sweep(REPOSITORY, cursor)).items)).toEqual(['issue/1']);
    },
  );

  test('an answer of another shape is refused by its code', async () => {
    failAt = () => ({ status: 200, body: { surprise: true } });

    await expect(source.sweep(REPOSITORY, null)).rejects.toMatchObject({
      code: 'github.unreadable_answer',
    });
  });
});

describe('the list of all objects', () => {
  test('names issues and pull requests', async () => {
    lists.issues = [issue(1, 1), issue(2, 2, { pull_request: {} })];

    expect(await source.listObjects(REPOSITORY)).toEqual({
      prefixes: ['pull/', 'issue/', 'changed-files/', 'review-comment/', 'comment/', 'deployment/'],
      objects: ['issue/1', 'pull/2', 'changed-files/2'],
    });
  });

  test('half of it is no list', async () => {
    lists.issues = Array.from({ length: 150 }, (_, index) => issue(index + 1, index));
    failAt = (path) => (path === 'issues?page=2' ? { status: 502, body: {} } : undefined);

    await expect(source.listObjects(REPOSITORY)).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
