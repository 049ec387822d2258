/**
 * Goal: every route has a gate, every failure is a problem, and other web sites get nowhere.
 * Method: the real app over real services on a database of its own, called without a socket.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestApp, testApp } from '#testing/app';
import { buildOpenApi } from './openapi.ts';

let app: TestApp;
let viewer: string;
let admin: string;

beforeAll(async () => {
  app = await testApp();
  viewer = await app.tokenFor('viewer');
  admin = await app.tokenFor('admin');
});
afterAll(() => app[Symbol.asyncDispose]());

interface Operation {
  method: string;
  path: string;
  access: string[];
  body: unknown;
  operation: {
    summary?: string;
    description?: string;
    tags?: string[];
    responses: Record<
      string,
      { description: string; content?: Record<string, { example?: unknown }> }
    >;
    requestBody?: { content: { 'application/json': { example?: unknown } } };
  };
}

function listOperations(): Operation[] {
  const document = buildOpenApi(app.http, app.services);
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(
      item as Record<string, Operation['operation'] & { 'x-loom-access': string[] }>,
    ).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, 'x'),
      access: operation['x-loom-access'],
      body: operation.requestBody?.content['application/json'].example,
      operation,
    })),
  );
}

describe('the gate', () => {
  test('nobody gets past it without a token, on any route that is not public', async () => {
    const guarded = listOperations().filter(({ access }) => !access.includes('public'));

    const answers = await Promise.all(guarded.map(({ method, path }) => app.call(method, path)));

    expect(guarded.length).toBeGreaterThan(40);
    expect(answers.map(({ status }) => status)).toEqual(guarded.map(() => 401));
    expect(answers[0]?.headers.get('www-authenticate')).toContain('Bearer');
  });

  test('the public routes are those for signing in, and no others', () => {
    const open = listOperations().filter(({ access }) => access.includes('public'));

    expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /v1/login']);
  });

  test('a viewer is refused on every write, but for questions that are only sent by POST', async () => {
    const questions = new Set([
      'POST /v1/logout',
      'POST /v1/context-packs',
      'POST /v1/context-packs/preview',
      'POST /v1/claims/check',
      'POST /v1/policy/validate',
      'POST /v1/policy/backtest',
      'POST /v1/workflows/compose',
    ]);
    const writes = listOperations().filter(
      ({ method, path, access }) =>
        method !== 'GET' && !access.includes('public') && !questions.has(`${method} ${path}`),
    );

    const answers = await Promise.all(
      writes.map(({ method, path, body }) => app.call(method, path, { token: viewer, body })),
    );

    expect(
      answers.map(
        ({ status }, index) => `${writes[index]?.method} ${writes[index]?.path} ${status}`,
      ),
    ).toEqual(writes.map(({ method, path }) => `${method} ${path} 403`));
  });

  test('a denial is written down', async () => {
    await app.call('POST', '/v1/people', { token: viewer, body: {} });

    const denials = await app.services.ledger.list({ type: 'authorization.denied', limit: 1 });

    expect(denials.items[0]).toMatchObject({ data: { action: expect.any(String) } });
  });

  test('a route without an access does not compile', async () => {
    const { route } = await import('./route.ts');

    // @ts-expect-error the access is missing
    const declared = route({
      method: 'get',
      path: '/v1/x',
      tag: 'system',
      summary: '',
      description: '',
      answer: null,
      handle: async () => {},
    });

    expect(declared.definition).not.toHaveProperty('access');
  });
});

describe('problems', () => {
  test('carry a code, a hint and the request id', async () => {
    const answer = await app.call('GET', '/v1/nowhere', { token: admin });

    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toMatchObject({
      code: 'http.unknown_route',
      status: 404,
      hint: expect.stringContaining('/docs'),
      requestId: answer.headers.get('x-request-id'),
    });
  });

  test.each([
    ['another method', 'PATCH', '/v1/people', undefined, 405, 'http.method_not_allowed'],
    [
      'an unknown key',
      'POST',
      '/v1/people',
      { name: 'Ada', roles: ['viewer'], rolle: 1 },
      400,
      'http.invalid_body',
    ],
    ['a wrong type', 'POST', '/v1/people', { name: 7, roles: ['king'] }, 400, 'http.invalid_body'],
    ['an unknown query', 'GET', '/v1/people?limitt=3', undefined, 400, 'http.invalid_query'],
    [
      'a NUL in a body',
      'POST',
      '/v1/people',
      { name: 'a\0', roles: ['viewer'] },
      400,
      'http.invalid_body',
    ],
    ['a NUL in a query', 'GET', '/v1/trace?ref=%00', undefined, 400, 'http.invalid_query'],
    ['a bad id', 'GET', '/v1/runs/run_7', undefined, 400, 'http.invalid_path'],
  ])('%s is named', async (_what, method, path, body, status, code) => {
    const answer = await app.call(method, path, { token: admin, body });

    expect(answer).toMatchObject({ status, body: { code } });
  });

  test.each([
    [
      '/v1/runs/run_7',
      '"id" in the address must be the id of a workflow run: "run_" and 32 hexadecimal digits; "run_7" was given. Example: "run_019abc00000070008000000000000000".',
    ],
    ['/v1/people?limitt=3', '"limitt" in the query is not known here. Did you mean limit?'],
    ['/v1/people?limit=0', '"limit" in the query must be at least 1.'],
    ['/v1/people?limit=many', '"limit" in the query must be a number, and a text was given'],
  ])('what is wrong with %s is said so that a person can mend it', async (path, message) => {
    const answer = await app.call('GET', path, { token: admin });

    expect(answer).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining(message) },
    });
  });

  test.each([
    [{ roles: ['viewer'] }, '"name" in the body is missing; it must be a text'],
    [{ name: 7, roles: ['viewer'] }, '"name" in the body must be a text, and a number was given'],
    [{ name: '', roles: ['viewer'] }, '"name" in the body must not be empty.'],
    [{ name: 'Ada', roles: ['admn'] }, 'Did you mean admin?'],
  ])('what is wrong with the body %j is said so, too', async (body, message) => {
    const answer = await app.call('POST', '/v1/people', { token: admin, body });

    expect(answer).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining(message) },
    });
  });

  test('every issue of a body is listed, with the nearest known key', async () => {
    const answer = await app.call('POST', '/v1/people', {
      token: admin,
      body: { name: '', roles: ['viewer'], team: [] },
    });

    expect(answer.body).toMatchObject({
      issues: expect.arrayContaining([
        expect.objectContaining({ path: 'name' }),
        expect.objectContaining({ path: 'team', message: expect.stringContaining('teams') }),
      ]),
    });
  });

  test.each([
    ['malformed JSON', '{"name":', 'application/json', 400, 'http.malformed_json'],
    [
      'bytes that are not UTF-8',
      new Uint8Array([0x22, 0xff, 0x22]),
      'application/json',
      400,
      'http.malformed_json',
    ],
    [
      'a form',
      'name=Ada',
      'application/x-www-form-urlencoded',
      415,
      'http.unsupported_content_type',
    ],
  ])('%s is refused', async (_what, body, contentType, status, code) => {
    const response = await app.http.request('/v1/people', {
      method: 'POST',
      headers: { authorization: `Bearer ${admin}`, 'content-type': contentType },
      body,
    });

    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
  });

  test('a body over the limit is refused, whether or not its length is declared', async () => {
    await using small = await testApp({ flags: { 'limits.bodyBytes': 1_000 } });
    const token = await small.tokenFor('admin');
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ name: 'x'.repeat(2_000) });
    const stream = new Blob([body]).stream();

    const declared = await small.http.request('/v1/people', {
      method: 'POST',
      headers: { ...headers, 'content-length': String(body.length) },
      body,
    });
    const chunked = await small.http.request('/v1/people', {
      method: 'POST',
      headers,
      body: stream,
      duplex: 'half',
    } as RequestInit);

    expect([declared.status, chunked.status]).toEqual([413, 413]);
    expect(await chunked.json()).toMatchObject({ code: 'http.body_too_large' });
  });

  test('too many requests of one token are refused until the minute is over', async () => {
    await using busy = await testApp({ flags: { 'limits.requestsPerMinute': 3 } });
    const token = await busy.tokenFor('viewer');
    const ask = async () => (await busy.call('GET', '/v1/me', { token })).status;

    const first = [await ask(), await ask(), await ask(), await ask()];
    busy.clock.advance(60_000);

    expect(first).toEqual([200, 200, 200, 429]);
    expect(await ask()).toBe(200);
  });
});

describe('other web sites', () => {
  test.each([
    ['a rebound name', { host: 'evil.example' }, 'http.host_not_allowed'],
    ['a foreign origin', { origin: 'https://evil.example' }, 'http.origin_not_allowed'],
    ['an opaque origin', { origin: 'null' }, 'http.origin_not_allowed'],
  ])('%s is refused before anything else', async (_what, headers, code) => {
    const answer = await app.call('GET', '/v1/me', { token: viewer, headers });

    expect(answer).toMatchObject({ status: 403, body: { code } });
  });

  test('the address people use is allowed', async () => {
    await using published = await testApp({ flags: { publicUrl: 'https://loom.acme.example' } });

    const answer = await published.call('GET', '/healthz', {
      headers: { host: 'loom.acme.example' },
    });

    expect(answer.status).toBe(200);
  });

  test('pages cannot be framed, and run scripts of this server only', async () => {
    const { headers } = await app.call('GET', '/healthz');

    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
  });
});

describe('the API document', () => {
  test('describes every route with tag, examples and failures', () => {
    const poor = listOperations().filter(({ operation, body, access }) => {
      const answers = Object.entries(operation.responses);
      const success = answers.find(([status]) => status.startsWith('2'));
      const content = Object.values(success?.[1].content ?? {});
      return !(
        (operation.summary ?? '') !== '' &&
        (operation.description ?? '') !== '' &&
        operation.tags?.length === 1 &&
        content.every(({ example }) => example !== undefined) &&
        (operation.requestBody === undefined || body !== undefined) &&
        operation.responses['503'] !== undefined &&
        (access.includes('public') || operation.responses['401'] !== undefined)
      );
    });

    expect(poor).toEqual([]);
  });

  test('is served, with a page that needs no other server', async () => {
    const document = await app.call('GET', '/v1/openapi.json');
    const page = await app.call('GET', '/docs');

    expect(document.body).toMatchObject({ openapi: '3.1.0' });
    expect(page.status).toBe(200);
    expect(page.body).not.toMatch(/https?:\/\//);
  });
});
