/**
 * Goal: webhooks, health, metrics, sign-in and the console behave for those who call them: machines,
 * probes, browsers.
 * Method: the real app; a receiver in place of a connector, a folder in place of the console's build.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AppError, openDatabase } from '#kernel';
import type { WebhookReceiver } from '#surfaces';
import { type TestApp, testApp } from '#testing/app';

describe('webhooks', () => {
  const secret = 'shared';
  const sign = (body: Uint8Array) => createHmac('sha256', secret).update(body).digest('hex');

  function receiver(received: Uint8Array[]): WebhookReceiver {
    return {
      verify({ headers, body }) {
        const given = Buffer.from(headers['x-signature'] ?? '');
        const wanted = Buffer.from(sign(body));
        if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
        throw new AppError('unauthenticated', 'test.bad_signature', { message: 'Not genuine.' });
      },
      async receive({ body }) {
        const isDuplicate = received.some((known) => Buffer.compare(known, body) === 0);
        if (!isDuplicate) received.push(body);
        return { accepted: isDuplicate ? 0 : 1, isDuplicate };
      },
    };
  }
  const deliver = (app: TestApp, body: Uint8Array<ArrayBuffer>, signature: string, to = 'host') =>
    app.http.request(`/webhooks/${to}`, {
      method: 'POST',
      headers: { 'x-signature': signature },
      body,
    });

  test('take the bytes as they came, once', async () => {
    const received: Uint8Array[] = [];
    await using app = await testApp({
      services: { webhooks: new Map([['host', receiver(received)]]) },
    });
    const body = new Uint8Array([0x7b, 0xff, 0x00, 0x7d]);

    const first = await deliver(app, body, sign(body));
    const second = await deliver(app, body, sign(body));

    expect([first.status, second.status]).toEqual([202, 200]);
    expect(await second.json()).toEqual({ accepted: 0, isDuplicate: true });
    expect(received.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(['7bff007d']);
  });

  test('that are not genuine are refused before anything is stored', async () => {
    const received: Uint8Array[] = [];
    await using app = await testApp({
      services: { webhooks: new Map([['host', receiver(received)]]) },
    });

    const answers = await Promise.all([
      deliver(app, new Uint8Array([1]), 'wrong'),
      deliver(app, new Uint8Array([1]), ''),
      deliver(app, new Uint8Array([1]), sign(new Uint8Array([1])), 'nobody'),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([401, 401, 404]);
    expect(received).toEqual([]);
  });
});

describe('health', () => {
  test('ready means that the database answers and is migrated', async () => {
    await using app = await testApp();

    const ready = await app.call('GET', '/readyz');
    await app.services.db.query('delete from loom.migrations where number = 81');
    await app.services.db.query('delete from loom.migrations where number > 81');
    const behind = await app.call('GET', '/readyz');

    expect(ready.status).toBe(200);
    expect(behind).toMatchObject({ status: 503, body: { code: 'http.not_migrated' } });
  });

  test('without a database the process still says that it lives, and nothing is acknowledged', async () => {
    await using down = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none' });
    await using source = await testApp();
    const token = await source.tokenFor('admin');
    await using app = await testApp({
      services: {
        db: down,
        governance: {
          ...source.services.governance,
          authenticate: async () => (await down.query('select 1')) as never,
        },
      },
    });

    const [alive, ready, read, write, hook] = await Promise.all([
      app.call('GET', '/healthz'),
      app.call('GET', '/readyz'),
      app.call('GET', '/v1/me', { token }),
      app.call('POST', '/v1/work-items', { token, body: { title: 'x' } }),
      app.call('POST', '/hooks/claude-code/PreToolUse', { token, body: {} }),
    ]);

    expect(alive.status).toBe(200);
    expect([ready, read, write, hook].map(({ status }) => status)).toEqual([503, 503, 503, 503]);
    expect(write).toMatchObject({ body: { code: 'database.unavailable' } });
    expect(write.headers.get('retry-after')).not.toBeNull();
  });

  test('metrics are for those who may read the state of the system', async () => {
    await using app = await testApp();
    const token = await app.tokenFor('viewer');
    await app.call('GET', '/v1/me', { token });

    const stranger = await app.call('GET', '/metrics');
    const known = await app.call('GET', '/metrics', { token });

    expect(stranger.status).toBe(401);
    expect(known.body).toContain(
      'loom_http_requests_total{method="GET",route="/v1/me",status="200"} 1',
    );
    expect(known.body).toContain('loom_database_up 1');
  });
});

describe('signing in', () => {
  const codeOf = (body: unknown) => (body as { code: string }).code;

  async function signIn(app: TestApp): Promise<string> {
    const admin = await app.tokenFor('admin');
    const { body } = await app.call('POST', '/v1/login-codes', { token: admin, body: {} });
    const response = await app.call('GET', `/login?code=${codeOf(body)}`);
    return response.headers.get('set-cookie')?.split(';')[0] ?? '';
  }

  test('a login link sets a strict cookie and works once', async () => {
    await using app = await testApp();
    const admin = await app.tokenFor('admin');
    const { body } = await app.call('POST', '/v1/login-codes', { token: admin, body: {} });

    const first = await app.call('GET', `/login?code=${codeOf(body)}`);
    const second = await app.call('GET', `/login?code=${codeOf(body)}`);

    expect(first.status).toBe(302);
    expect(first.headers.get('location')).toBe('/');
    expect(first.headers.get('set-cookie')).toMatch(/^loom_session=.*HttpOnly.*SameSite=Strict/);
    expect(second.status).toBe(401);
    expect(second.headers.get('content-type')).toContain('text/html');
  });

  test.each([
    ['/xray/repo_1', '/xray/repo_1'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    ['/a\r\nset-cookie: x=1', '/'],
  ])('a login link goes on to %j as %s', async (next, location) => {
    await using app = await testApp();
    const { body } = await app.call('POST', '/v1/login-codes', {
      token: await app.tokenFor('admin'),
      body: {},
    });

    const query = new URLSearchParams({ code: codeOf(body), next });
    const answer = await app.call('GET', `/login?${query.toString()}`);

    expect(answer.headers.get('location')).toBe(location);
  });

  test('the cookie counts on requests of our own pages only', async () => {
    await using app = await testApp();
    const cookie = await signIn(app);
    const write = (headers: Record<string, string>) =>
      app.call('POST', '/v1/people', {
        body: { name: 'Eve', roles: ['viewer'] },
        headers: { cookie, ...headers },
      });

    const answers = await Promise.all([
      write({ 'sec-fetch-site': 'same-origin' }),
      write({ origin: 'http://localhost', host: 'localhost' }),
      write({ 'sec-fetch-site': 'same-site' }),
      write({ 'sec-fetch-site': 'cross-site' }),
      write({ origin: 'http://localhost:3000', host: 'localhost:7400' }),
      write({}),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([201, 201, 401, 401, 401, 401]);
  });

  test('signing out ends the session', async () => {
    await using app = await testApp();
    const cookie = await signIn(app);
    const headers = { cookie, 'sec-fetch-site': 'same-origin' };
    const before = await app.call('GET', '/v1/me', { headers });

    const out = await app.call('POST', '/v1/logout', { headers });

    expect(before.status).toBe(200);
    expect(out.status).toBe(204);
    expect(out.headers.get('set-cookie')).toMatch(/^loom_session=;.*Max-Age=0/);
    expect((await app.call('GET', '/v1/me', { headers })).status).toBe(401);
  });

  test('a token with scopes cannot make a login link', async () => {
    await using app = await testApp();
    const admin = await app.tokenFor('admin');
    const { body } = await app.call('POST', '/v1/tokens', {
      token: admin,
      body: { name: 'narrow', scopes: ['people:manage'] },
    });

    const answer = await app.call('POST', '/v1/login-codes', {
      token: (body as { secret: string }).secret,
      body: {},
    });

    expect(answer).toMatchObject({ status: 403, body: { code: 'http.token_too_narrow' } });
  });

  test("somebody else's token cannot be seen or revoked", async () => {
    await using app = await testApp();
    const [one, two] = [await app.tokenFor('developer'), await app.tokenFor('developer')];
    const made = await app.call('POST', '/v1/tokens', { token: one, body: { name: 'mine' } });
    const { id } = (made.body as { token: { id: string } }).token;

    const revoked = await app.call('DELETE', `/v1/tokens/${id}`, { token: two });
    const listed = await app.call('GET', '/v1/tokens', { token: two });

    expect(revoked.status).toBe(404);
    expect(JSON.stringify(listed.body)).not.toContain(id);
  });
});

describe('the console', () => {
  test('is served with its own addresses, and its files are kept for ever', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'loom-console-'));
    using _cleanup = { [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<title>console</title>');
    writeFileSync(join(folder, 'assets/index-Bx3kQ9aZ.js'), 'export {};');
    writeFileSync(join(folder, '..', 'loom-console-secret.txt'), 'secret');
    await using app = await testApp({ services: { consoleFolder: folder } });

    const [root, page, script, missing, outside] = await Promise.all([
      app.call('GET', '/'),
      app.call('GET', '/changes/chg_1'),
      app.call('GET', '/assets/index-Bx3kQ9aZ.js', { headers: { 'accept-encoding': 'gzip' } }),
      app.call('GET', '/assets/gone-Bx3kQ9aZ.js'),
      app.call('GET', '/..%2floom-console-secret.txt'),
    ]);
    rmSync(join(folder, '..', 'loom-console-secret.txt'));

    expect([root.body, page.body]).toEqual(['<title>console</title>', '<title>console</title>']);
    expect(root.headers.get('cache-control')).toBe('no-cache');
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect(script.headers.get('content-encoding')).toBe('gzip');
    expect([missing.status, outside.status]).toEqual([404, 404]);
  });

  test('that is not built says how to build it', async () => {
    await using app = await testApp();

    const answer = await app.call('GET', '/');

    expect(answer.status).toBe(503);
    expect(answer.body).toContain('npm run build:console');
  });
});
