/**
 * Goal: a write that is sent again changes nothing more and gets the first answer.
 * Method: real requests with the same key: one after the other, at once, changed, a day later.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApp, testApp } from '#testing/app';

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await testApp();
  token = await app.tokenFor('admin', 'developer');
});
afterAll(() => app[Symbol.asyncDispose]());

const create = (key: string, title = 'Refuse empty orders', caller = token) =>
  app.call('POST', '/v1/work-items', {
    token: caller,
    body: { title },
    headers: { 'idempotency-key': key },
  });
const countItems = async () => (await app.services.work.list({ limit: 200 })).items.length;

test('the same key with the same body gives the first answer again', async () => {
  const first = await create('a');
  const before = await countItems();

  const second = await create('a');

  expect(second.status).toBe(201);
  expect(second.body).toEqual(first.body);
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(await countItems()).toBe(before);
});

test('the same key with another body is refused', async () => {
  await create('b');

  const other = await create('b', 'Something else');

  expect(other).toMatchObject({ status: 409, body: { code: 'http.idempotency_conflict' } });
});

test('of many at once one is carried out, and none is carried out twice', async () => {
  const before = await countItems();

  const answers = await Promise.all(Array.from({ length: 6 }, () => create('c')));

  expect(await countItems()).toBe(before + 1);
  const statuses = new Set(answers.map(({ status }) => status));
  expect([...statuses].filter((status) => status !== 201 && status !== 409)).toEqual([]);
  expect(statuses.has(201)).toBe(true);
});

test('a request that failed may be tried again under its key', async () => {
  const failed = await app.call('POST', '/v1/tokens', {
    token,
    body: { name: 'x', personId: 'usr_019abc00000070008000000000000009' },
    headers: { 'idempotency-key': 'd' },
  });

  const again = await app.call('POST', '/v1/tokens', {
    token,
    body: { name: 'x', personId: 'usr_019abc00000070008000000000000009' },
    headers: { 'idempotency-key': 'd' },
  });

  expect(failed.status).toBe(404);
  expect(again.status).toBe(404);
});

test('a secret is told once and stored nowhere', async () => {
  const make = () =>
    app.call('POST', '/v1/tokens', {
      token,
      body: { name: 'laptop' },
      headers: { 'idempotency-key': 'e' },
    });

  const first = await make();
  const second = await make();
  const stored = await app.services.db.query<{ body: string | null }>(
    `select body from loom.idempotency_keys where key = 'e'`,
  );

  expect(first).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^loom_/) } });
  expect(second).toMatchObject({ status: 409, body: { code: 'http.secret_shown_once' } });
  expect(stored).toEqual([{ body: null }]);
});

test('keys of two callers do not meet', async () => {
  const other = await app.tokenFor('developer');
  await create('f');

  const theirs = await create('f', 'Something else', other);

  expect(theirs.status).toBe(201);
});

test('a key is forgotten after a day', async () => {
  await create('g');
  app.clock.advance(24 * 60 * 60_000 + 1);

  const later = await create('g', 'Something else');

  expect(later.status).toBe(201);
});
