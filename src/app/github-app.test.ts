/**
 * Goal: an App made by its manifest, and settings given on the page, are in force at once; a secret can be
 * renewed, and nobody slips in another App or reaches what only the operator sets. Method: the composed product
 * through its HTTP app; a server of the test's own answers for GitHub.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { signBody } from '#connectors/contract';
import type { Principal } from '#governance';
import { createLogger, loadConfig, systemClock } from '#kernel';
import { createHttpApp } from '#surfaces';
import { testDatabase } from '#testing';
import { compose } from './compose.ts';

test('an App is made, heard, renewed, and never replaced by a foreign one', async () => {
  await using stack = new AsyncDisposableStack();
  const { db } = stack.use(await testDatabase());
  const folder = mkdtempSync(join(tmpdir(), 'loom-github-app-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  let hookSecret = 'given by GitHub';
  const github = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const isHook = request.method === 'PATCH' && request.url === '/app/hook/config';
      if (isHook) {
        hookSecret = (JSON.parse(Buffer.concat(chunks).toString()) as { secret: string }).secret;
      }
      const app = {
        id: 77,
        slug: 'loomstack-acme',
        name: 'LoomStack',
        html_url: 'https://github.com/apps/loomstack-acme',
        pem,
        webhook_secret: hookSecret,
      };
      const isKnown = isHook || request.url === '/app-manifests/good-code/conversions';
      response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isKnown ? app : { message: 'Not Found' }));
    })();
  });
  await new Promise<void>((resolve) => {
    github.listen(0, '127.0.0.1', resolve);
  });
  stack.defer(() => {
    github.closeAllConnections();
    github.close();
  });
  const apiUrl = `http://127.0.0.1:${(github.address() as AddressInfo).port}`;
  const { services } = stack.use(
    await compose({
      config: loadConfig({
        env: {},
        flags: { data: folder, 'forge.enabled': false, 'github.apiUrl': apiUrl },
        cwd: folder,
      }),
      storage: { db, kind: 'external', version: '0', [Symbol.asyncDispose]: async () => {} },
      clock: systemClock,
      log: createLogger({ level: 'silent' }),
      publicUrl: 'http://127.0.0.1:7400',
      work: false,
    }),
  );
  const http = createHttpApp(services);
  const { person } = await services.governance.ensureOwner();
  const owner: Principal = { ...person, kind: 'person', scopes: 'all' };
  const named = { personId: person.id, name: 'test' };
  const token = (await services.governance.createToken(named, owner)).secret;
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await http.request(path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, string> };
  };
  const deliver = async (secret: string, id: string) => {
    const body = Buffer.from(JSON.stringify({ zen: 'Keep it simple.' }));
    const headers = {
      'x-github-event': 'ping',
      'x-github-delivery': id,
      'x-hub-signature-256': signBody(secret, body),
    };
    return (await http.request('/webhooks/github', { method: 'POST', headers, body })).status;
  };

  const before = [
    await deliver('given by GitHub', 'd0'),
    (await call('GET', '/v1/connections/github')).body['state'],
  ];
  const begun = await call('POST', '/v1/connections/github/manifest', { organisation: 'acme' });
  const path = '/v1/connections/github/app';
  const state = begun.body['state']!;
  const foreign = await call('POST', path, { code: 'good-code', state: `${state}0` });
  const used = await call('POST', path, { code: 'used-code', state });
  const made = await call('POST', path, { code: 'good-code', state });
  const again = await call('POST', path, { code: 'good-code', state });
  const heard = [await deliver('given by GitHub', 'd1'), await deliver('another', 'd2')];
  const rotated = await call('POST', '/v1/connections/github/rotate-secret');
  const after = [
    await deliver(rotated.body['secret']!, 'd3'),
    await deliver('given by GitHub', 'd4'),
    await deliver('another', 'd5'),
  ];

  const giving = '/v1/connections/notion/settings';
  const notion = { 'connectors.notion.token': 'ntn_wrong', 'connectors.notion.apiUrl': apiUrl };
  const refused = [
    await call('POST', giving, { values: { 'connectors.jira.url': apiUrl } }),
    await call('POST', giving, { values: { ...notion, 'connectors.notion.apiUrl': 'no address' } }),
    await call('POST', giving, { values: { ...notion, 'connectors.notion.teams': 'no place' } }),
    await call('POST', giving, { values: { 'connectors.notion.apiUrl': apiUrl } }),
    await call('POST', '/v1/connections/folders/settings', {
      values: { 'connectors.folders.paths': '/etc' },
    }),
    await call('POST', '/v1/connections/wiki/settings', {
      values: { 'connectors.wiki.urls': '/srv/secret.git' },
    }),
    await call('POST', '/v1/connections/github/settings', { values: { 'github.appId': '1' } }),
  ].map(({ body }) => body['code']);
  const given = await call('POST', giving, { values: notion });
  const tested = await call('POST', '/v1/connections/notion/test');
  const taken = await call('DELETE', giving);

  expect(refused).toEqual([
    'connections.unknown_setting',
    'config.invalid_value',
    'config.invalid_value',
    'connections.incomplete',
    'connections.unknown_setting',
    'connections.unknown_setting',
    'connections.settings_elsewhere',
  ]);
  expect(given.body).toMatchObject({ origin: 'page', state: 'waiting', missing: null });
  expect(JSON.stringify(given.body)).not.toContain('ntn_wrong');
  expect(tested.body).toMatchObject({ isWorking: false });
  expect(taken.body).toMatchObject({ origin: 'none', state: 'off' });
  expect(before).toEqual([404, 'off']);
  expect(begun.body['formUrl']).toMatch(/\/organizations\/acme\/settings\/apps\/new\?state=/);
  expect(JSON.parse(begun.body['manifest']!)).toMatchObject({
    hook_attributes: { url: 'http://127.0.0.1:7400/webhooks/github' },
    default_permissions: { checks: 'write' },
  });
  expect([foreign.status, used.status, made.status, again.status]).toEqual([403, 404, 200, 409]);
  expect(heard).toEqual([202, 401]);
  expect(rotated.body['secret']).toBe(hookSecret);
  expect(after).toEqual([202, 202, 401]);
  const shown = await call('GET', '/v1/connections/github');
  expect(JSON.stringify(shown.body)).not.toContain(hookSecret);
  expect(JSON.stringify(shown.body)).not.toContain('PRIVATE KEY');
});
