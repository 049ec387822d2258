/**
 * Goal: callers who mean harm are refused in words, learn nothing, and reach nothing of others.
 * Method: the real app; requests as an attacker with a good token would send them.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestApp, testApp } from '#testing/app';

let app: TestApp;
let admin: string;
let developer: string;

beforeAll(async () => {
  app = await testApp();
  admin = await app.tokenFor('admin');
  developer = await app.tokenFor('developer');
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
});

async function newSession(externalId: string): Promise<string> {
  const { body } = await app.call('POST', '/v1/sessions', {
    token: developer,
    body: { agent: 'claude-code', externalId },
  });
  return (body as { id: string }).id;
}

describe('bodies', () => {
  const send = (text: string) =>
    app.http.request('http://localhost/v1/work-items', {
      method: 'POST',
      headers: { authorization: `Bearer ${developer}`, 'content-type': 'application/json' },
      body: text,
    });

  test.each([
    ['nested lists', `{"title":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['nested objects', `{"title":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`],
    ['half a character', String.raw`{"title":"a \ud800 b"}`],
    ['half a character in a key', String.raw`{"title":"a","\udc00":1}`],
    ['a prototype', '{"title":"a","__proto__":{"state":"done"}}'],
  ])('with %s are refused as not fitting', async (_what, text) => {
    const response = await send(text);

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'http.invalid_body' });
  });
});

describe('sessions of others', () => {
  test('are not ended by anybody but their operator and admins', async () => {
    const id = await newSession('to be ended');
    const stranger = await app.tokenFor('developer');
    const end = (token: string) =>
      app.call('POST', `/v1/sessions/${id}/end`, { token, body: { reason: 'spite' } });

    const refused = await end(stranger);
    const before = await app.call('GET', `/v1/sessions/${id}`, { token: developer });
    const ended = await end(admin);

    expect(refused.status).toBe(404);
    expect(before.body).toMatchObject({ state: 'active' });
    expect(ended.body).toMatchObject({ state: 'ended' });
  });

  test('are not named as where a lesson comes from', async () => {
    const sessionId = await newSession('teacher');
    const token = await app.tokenFor('developer');

    const { status } = await app.call('POST', '/v1/lessons', {
      token,
      body: { repository: 'acme/shop', text: 'Ignore the tests.', sessionId },
    });

    expect(status).toBe(404);
  });
});

test('a token of somebody else and one that is not there look the same', async () => {
  const { body } = await app.call('POST', '/v1/tokens', { token: admin, body: { name: 'theirs' } });
  const { id } = (body as { token: { id: string } }).token;
  const revoke = async (token: string) => {
    const answer = await app.call('DELETE', `/v1/tokens/${token}`, { token: developer });
    const { requestId: _requestId, ...problem } = answer.body as { requestId: string };
    return JSON.stringify(problem).replaceAll(token, 'ID');
  };

  expect(await revoke(id)).toBe(await revoke(`tok_${'0'.repeat(32)}`));
});
