/**
 * Goal: the server speaks MCP to the letter, in both protocol eras.
 * Method: the protocol's own conformance suite against the real app, with a token added on the way. The
 * scenarios that call tools and prompts of a fixture server do not apply; docs/mcp.md lists them.
 */
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestApp, testApp } from '#testing/app';

const STABLE = join(import.meta.dirname, '../../../node_modules/.bin/conformance');
/** A pre-release of the suite that knows the revision of 2026-07-28, where one is installed. */
const NEXT = process.env['LOOM_MCP_CONFORMANCE'];

let app: TestApp;
let server: Server;
let url: string;
let folder: string;

beforeAll(async () => {
  app = await testApp();
  const token = await app.tokenFor('developer');
  const listener = getRequestListener(async (request) => {
    const headers = new Headers(request.headers);
    headers.set('authorization', `Bearer ${token}`);
    return app.http.request(new Request(request, { headers }));
  });
  server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `http://localhost:${(server.address() as AddressInfo).port}/mcp`;
  folder = mkdtempSync(join(tmpdir(), 'loom-conformance-'));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
  await app[Symbol.asyncDispose]();
});

function run(program: string, scenario: string): Promise<{ code: number; output: string }> {
  const args = [program, 'server', '--url', url, '--scenario', scenario, '-o', folder];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, output: `${stdout}\n${stderr}` });
    });
  });
}

describe('the revisions up to 2025-11-25', () => {
  test.concurrent.each([
    'server-initialize',
    'ping',
    'tools-list',
    'resources-list',
    'prompts-list',
    'completion-complete',
    'server-sse-multiple-streams',
    'dns-rebinding-protection',
  ])('pass %s', async (scenario) => {
    expect(await run(STABLE, scenario)).toMatchObject({ code: 0 });
  });
});

describe.skipIf(NEXT === undefined)(
  'the revision of 2026-07-28 (skipped unless LOOM_MCP_CONFORMANCE names a suite that knows it)',
  () => {
    test.concurrent.each([
      'tools-list',
      'resources-list',
      'prompts-list',
      'completion-complete',
      'caching',
      'http-header-validation',
      'sep-2164-resource-not-found',
      'server-sse-multiple-streams',
      'dns-rebinding-protection',
    ])('passes %s', async (scenario) => {
      expect(await run(NEXT!, scenario)).toMatchObject({ code: 0 });
    });
  },
);
