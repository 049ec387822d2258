/**
 * Goal: what code hosts say becomes part of the graph once, in the host's own order, and goes when it is
 * gone there.
 * Method: a source that hands out pages, breaks off and forgets; real PostgreSQL.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { KnowledgeItem } from '#connectors/contract';
import { AppError, createLogger, createNewId } from '#kernel';
import { createLedger } from '#ledger';
import { testClock, testDatabase, type TestDatabase } from '#testing';
import { createGraphService, graphHash } from '../graph/index.ts';
import { commentDrafts, createCommentService, type ToldComment } from '../comments/index.ts';
import { createKnowledgeIngest, type KnowledgeSweep } from './knowledge.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  await database.db.query('delete from graph_assertions');
  await database.db.query('delete from graph_sources');
  await database.db.query('delete from graph_cursors');
});

const clock = testClock(new Date('2026-03-01T12:00:00Z'));
const EVERYTHING = { mayRead: () => true };

function rooms() {
  const { db } = database;
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'org_test' });
  return {
    ingest: createKnowledgeIngest({ db, clock }),
    comments: createCommentService({ db, ledger, clock }),
    graph: createGraphService({ db, ledger, clock }),
  };
}

const at = (minute: number) => new Date(Date.UTC(2026, 1, 1, 0, minute));
const change = (number: number, minute: number, more: Partial<KnowledgeItem> = {}): KnowledgeItem =>
  ({
    kind: 'change',
    object: `pull/${number}`,
    repository: 'acme/shop',
    updatedAt: at(minute),
    url: `https://host.example/${number}`,
    author: 'Ada',
    number,
    title: `Change ${number}`,
    text: 'Fixes #7. Part of PAY-31, encoded as UTF-8.',
    state: 'open',
    branch: 'fix',
    headSha: 'a'.repeat(40),
    labels: [],
    ...more,
  }) as KnowledgeItem;
const review = (id: number, number: number, minute: number): KnowledgeItem => ({
  kind: 'review',
  object: `review/${id}`,
  repository: 'acme/shop',
  updatedAt: at(minute),
  author: 'grace',
  changeNumber: number,
  verdict: 'approved',
  text: 'Good. token = "ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"',
});

/** Hands out the pages one after the other; a page that is an error is thrown once. */
function sourceOf(pages: (KnowledgeItem[] | AppError)[], there: string[] = []): KnowledgeSweep {
  const left = [...pages];
  return {
    async sweep(_repository, cursor) {
      const page = left.shift();
      if (page instanceof AppError) throw page;
      return {
        items: page ?? [],
        cursor: String(Number(cursor ?? 0) + 1),
        hasMore: left.length > 0,
      };
    },
    listObjects: async () => ({ prefixes: ['pull/'], objects: there }),
  };
}

const relationsOf = async (graph: ReturnType<typeof rooms>['graph'], id: string) =>
  (await graph.entity(EVERYTHING, id)).relations.map(
    ({ kind, direction, other }) => `${direction} ${kind} ${other.id}`,
  );

test('a change has its author, reviewers and the work it is for', async () => {
  const { ingest, graph } = rooms();

  await ingest.sweepOnce('github', 'acme/shop', sourceOf([[change(12, 1)], [review(5, 12, 2)]]));

  expect(await relationsOf(graph, 'change:acme/shop#12')).toEqual([
    'in authored person:github:ada',
    'in contains repository:acme/shop',
    'out implements work-item:PAY-31',
    'out implements work-item:acme/shop#7',
    'in reviewed person:github:grace',
  ]);
  const { relations } = await graph.entity(EVERYTHING, 'change:acme/shop#12', {
    kinds: ['reviewed'],
  });
  expect(relations[0]?.sources[0]?.properties['text']).not.toContain('ghp_');
});

test('a sweep that breaks off goes on where it was, and the outcome is the same', async () => {
  const { ingest } = rooms();
  const wait = new AppError('unavailable', 'test.wait', { message: 'Wait.' });
  const items = [
    [change(1, 1), change(2, 2)],
    [review(5, 1, 3)],
    [change(1, 9, { state: 'merged' })],
  ];
  const broken = sourceOf([items[0]!, wait, items[1]!, items[2]!]);

  await expect(ingest.sweepOnce('github', 'acme/shop', broken)).rejects.toThrow('Wait.');
  await ingest.sweepOnce('github', 'acme/shop', broken);
  const { hash } = await graphHash(database.db);

  await database.db.query('delete from graph_assertions');
  await database.db.query('delete from graph_sources');
  await ingest.take('github', items.flat().toReversed());
  await ingest.take('github', items.flat());
  expect((await graphHash(database.db)).hash).toBe(hash);
});

test('what the host no longer lists is over, and comes back with its next news', async () => {
  const { ingest, graph } = rooms();
  await ingest.take('github', [change(1, 1), change(2, 2), review(5, 1, 3)]);

  expect(await ingest.buryGone('github', 'acme/shop', sourceOf([], ['pull/1']))).toBe(1);
  expect((await graph.entity(EVERYTHING, 'change:acme/shop#2')).entity.freshness).toBe('stale');
  expect((await graph.entity(EVERYTHING, 'change:acme/shop#1')).entity.freshness).toBe('current');
  expect(await ingest.buryGone('github', 'acme/shop', sourceOf([], ['pull/1']))).toBe(0);

  const later = clock.now().getTime() / 60_000 - at(0).getTime() / 60_000 + 5;
  clock.advance(10 * 60_000);
  await ingest.take('github', [change(2, later)]);
  expect((await graph.entity(EVERYTHING, 'change:acme/shop#2')).entity.freshness).toBe('current');
});

test('a list that cannot be read buries nothing', async () => {
  const { ingest, graph } = rooms();
  await ingest.take('github', [change(1, 1)]);
  const source: KnowledgeSweep = {
    ...sourceOf([]),
    listObjects: () =>
      Promise.reject(new AppError('unavailable', 'test.half', { message: 'Half.' })),
  };

  await expect(ingest.buryGone('github', 'acme/shop', source)).rejects.toThrow('Half.');
  expect((await graph.entity(EVERYTHING, 'change:acme/shop#1')).entity.freshness).toBe('current');
});

const said = (id: number, minute: number, more: Partial<ToldComment> = {}): ToldComment => ({
  object: `comment/${id}`,
  subject: 'acme/shop#12',
  isChange: true,
  repository: 'acme/shop',
  author: { login: 'Ada' },
  text: `Wording of minute ${minute}.`,
  writtenAt: at(1),
  saidAt: at(minute),
  isDeleted: false,
  ...more,
});

test('comments end the same in whatever order they are told: edited, deleted, never brought back', async () => {
  const { db } = database;
  const { comments, ingest } = rooms();
  const on = { system: 'github', subject: 'acme/shop#12' };
  await comments.take('github', said(1, 2), 'evt_x');
  expect(await comments.list(on)).toEqual([]);
  await db.query(
    `insert into loom.repositories (id, name, url, host, default_branch, state, created_at)
     values ('repo_said', 'acme/shop', 'https://github.com/acme/shop', 'github', 'main', 'ready', now())`,
  );
  const news = [
    said(1, 2),
    said(1, 5, { text: 'Last words. ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }),
    said(2, 3),
    said(2, 3, { isDeleted: true }),
    said(3, 4, { path: 'src/a.ts', line: 7 }),
  ];
  for (const order of [news, news.toReversed(), [...news, ...news]]) {
    await db.query('delete from loom.comments');
    for (const one of order) await comments.take('github', one, 'evt_x');
    const told = await comments.list(on);

    expect(told.map(({ object, text }) => `${object} ${text.slice(0, 11)}`)).toEqual([
      'comment/1 Last words.',
      'comment/3 Wording of ',
    ]);
    expect(told[0]?.text).not.toContain('ghp_');
    expect(told[1]).toMatchObject({ path: 'src/a.ts', line: 7, author: ['github:ada'] });
  }
  const gone = await db.query("select text from loom.comments where object = 'comment/2'");
  expect(gone).toEqual([{ text: '' }]);

  // What a sweep reads is the same comment; what it no longer lists is gone.
  const item: KnowledgeItem = {
    kind: 'comment',
    object: 'comment/3',
    repository: 'acme/shop',
    updatedAt: at(9),
    author: 'Ada',
    on: 'change',
    number: 12,
    text: 'By the sweep.',
  };
  await ingest.take('github', [item]);
  expect((await comments.list(on)).map(({ text }) => text)).toContain('By the sweep.');
  const source = sourceOf([]);
  await ingest.buryGone('github', 'acme/shop', {
    ...source,
    listObjects: async () => ({ prefixes: ['comment/'], objects: [] }),
  });
  expect((await comments.list(on)).map(({ object }) => object)).toEqual(['comment/1']);
});

test('a session is told what people said on its work, quoted as data, and nothing of programs', async () => {
  const { db } = database;
  const { comments } = rooms();
  await db.query(
    `insert into loom.work_items (id, title, body, labels, state, source, external_key, requesters, correlation_id)
     values ('wrk_said', 'Orders', '', '{}', 'open', 'jira', 'SHOP-12', '{}', 'wrk_said')`,
  );
  const onWork = { subject: 'SHOP-12', isChange: false, repository: undefined };
  await comments.take('jira', said(7, 2, onWork), 'evt_x');
  const bot = { login: 'dependabot[bot]' };
  await comments.take('jira', said(8, 3, { ...onWork, author: bot }), 'evt_x');

  const drafts = await commentDrafts(db, 'wrk_said');

  expect(drafts).toMatchObject([{ title: 'Ada on SHOP-12', isUntrusted: true, kind: 'document' }]);
});
