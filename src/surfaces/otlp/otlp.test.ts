/**
 * Goal: telemetry adds to the spend of the right session, once, beside what hooks told; nobody reports for
 * somebody else, and no text of a prompt stays.
 * Method: the real app and rooms, with batches as exporters send them.
 */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestApp, testApp } from '#testing/app';

let app: TestApp;
let token: string;
beforeAll(async () => {
  app = await testApp();
  token = await app.tokenFor('developer');
});
afterAll(() => app[Symbol.asyncDispose]());

let batch = 0;
function request(externalId: string, tokens: number, more: Record<string, string> = {}) {
  const pair = (key: string, value: string | number) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: value },
  });
  batch += 1;
  return {
    resourceLogs: [
      {
        resource: {
          attributes: [
            pair('service.name', 'claude-code'),
            ...Object.entries(more).map(([key, value]) => pair(key, value)),
          ],
        },
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: `${Date.now()}${String(batch).padStart(6, '0')}`,
                attributes: [
                  pair('event.name', 'api_request'),
                  pair('session.id', externalId),
                  pair('model', 'claude-x'),
                  pair('input_tokens', tokens),
                  pair('cost_usd', '0.5'),
                  pair('prompt', 'hunter2 is the password'),
                ],
              },
              {
                attributes: [
                  pair('event.name', 'user_prompt'),
                  pair('session.id', externalId),
                  pair('prompt', 'hunter2 is the password'),
                ],
              },
            ],
          },
        ],
      },
    ],
  };
}

async function send(
  body: Uint8Array<ArrayBuffer> | string,
  { signal = 'logs', secret = token, headers = {} as Record<string, string> } = {},
) {
  const answer = await app.http.request(`http://127.0.0.1:7400/otlp/v1/${signal}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${secret}`,
      'content-type': 'application/json',
      ...headers,
    },
    body,
  });
  return { status: answer.status, text: await answer.text() };
}

async function start(externalId: string, secret = token) {
  const { body } = await app.call('POST', '/v1/sessions', {
    token: secret,
    body: { agent: 'claude-code', externalId, repository: 'acme/shop' },
  });
  return (body as { id: `ses_${string}` }).id;
}

test('a batch adds to its session once, however often it is sent, and sets its model', async () => {
  const id = await start('one');
  const body = JSON.stringify(request('one', 1_000));

  expect(await send(body)).toEqual({ status: 200, text: '{}' });
  await send(body);
  await send(gzipSync(JSON.stringify(request('one', 500))), {
    headers: { 'content-encoding': 'gzip' },
  });

  const { spent } = await app.services.breakers.ofSession(id);
  expect(spent).toMatchObject({ tokens: 1_500, costUsdMicros: 1_000_000 });
  expect(await app.services.sessions.find(id)).toMatchObject({ model: 'claude-x' });
  const { body: usage } = await app.call('GET', `/v1/sessions/${id}/usage`, { token });
  expect(usage).toMatchObject({ items: [{ source: 'logs', requests: 2, inputTokens: 1_500 }] });
});

test('what hooks count goes on beside it and is not added to it, and a budget holds against the larger', async () => {
  const { breakers } = app.services;
  const id = await start('budgeted');
  const owner = {
    ...(await app.services.governance.ensureOwner()).person,
    kind: 'person',
  } as const;
  await breakers.setBudget(id, { tokens: 2_000 }, { ...owner, scopes: 'all' });
  await send(JSON.stringify(request('budgeted', 1_900)));

  const nudged = await breakers.observe(id, { tool: 'Read', args: {}, result: 'a', tokens: 300 });
  await send(JSON.stringify(request('budgeted', 100)));
  const ended = await breakers.observe(id, {
    tool: 'Read',
    args: { a: 1 },
    result: 'b',
    tokens: 1,
  });

  expect((await breakers.ofSession(id)).spent.tokens).toBe(2_000);
  expect([nudged, ended]).toMatchObject([{ stage: 'nudge', rule: 'budget' }, { rule: 'budget' }]);
  expect(['end-turn', 'end-session']).toContain(ended.stage);
});

test('telemetry that comes before the hooks is found when they speak, and by our own id as well', async () => {
  await send(JSON.stringify(request('early', 10)));
  const id = await start('early');
  await send(JSON.stringify(request('a name of its own', 5, { 'loom.session': id })));

  expect((await app.services.breakers.ofSession(id)).spent.tokens).toBe(15);
});

test("nobody adds to somebody else's session", async () => {
  const other = await app.tokenFor('developer');
  const id = await start('mine');

  await send(JSON.stringify(request('mine', 10)), { secret: other });
  await send(JSON.stringify(request('x', 10, { 'loom.session': id })), { secret: other });

  expect((await app.services.breakers.ofSession(id)).spent.tokens).toBe(0);
});

test('no text of a prompt stays anywhere', async () => {
  await start('quiet');
  await send(JSON.stringify(request('quiet', 10)));

  const tables = ['session_usage', 'telemetry_batches', 'session_breakers', 'events', 'sessions'];
  for (const table of tables) {
    const rows = await app.services.db.query(`select t::text as text from loom.${table} t`);
    expect(JSON.stringify(rows)).not.toContain('hunter2');
  }
});

test('what is no telemetry is refused for good, so that exporters do not try it again', async () => {
  const bomb = gzipSync(Buffer.alloc(app.services.config.limits.bodyBytes + 1));
  const gzip = { 'content-encoding': 'gzip' };

  expect((await send('{}', { secret: 'loom_wrong' })).status).toBe(401);
  expect((await send('{"resourceLogs":')).status).toBe(400);
  expect((await send('{}', { signal: 'profiles' })).status).toBe(404);
  expect((await send('{}', { headers: { 'content-type': 'text/plain' } })).status).toBe(400);
  expect((await send('{}', { headers: gzip })).status).toBe(400);
  expect((await send(bomb, { headers: gzip })).status).toBe(413);
  expect(
    await send(Buffer.from([0x0a, 0x00]), {
      headers: { 'content-type': 'application/x-protobuf' },
    }),
  ).toEqual({ status: 200, text: '' });
});
