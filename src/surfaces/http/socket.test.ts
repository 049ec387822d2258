/**
 * Goal: over a real socket git speaks for itself, metrics know who is near, and a client that hangs up
 * is let go.
 * Method: the app behind Node's own server on a free port.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { expect, test } from 'vitest';
import { waitFor } from '#testing';
import { type TestApp, testApp } from '#testing/app';

async function listen(app: TestApp): Promise<{ url: string } & AsyncDisposable> {
  const listener = getRequestListener((request, env) => app.http.fetch(request, env));
  const server = createServer((incoming, outgoing) => {
    void listener(incoming, outgoing);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

test('git talks to the forge on the socket itself, under the same guards', async () => {
  await using app = await testApp({
    services: {
      forge: {
        createRepository: async (name) => ({ name, cloneUrl: '' }),
        removeRepository: async () => {},
        handle: async (incoming, outgoing) => {
          outgoing.writeHead(418, { 'content-type': 'text/plain' }).end(incoming.url);
        },
      },
    },
  });
  await using server = await listen(app);

  const answer = await fetch(`${server.url}/git/acme/shop.git/info/refs?service=git-upload-pack`);
  const foreign = await fetch(`${server.url}/git/acme/shop.git/info/refs`, {
    headers: { origin: 'https://evil.example' },
  });

  expect(answer.status).toBe(418);
  expect(await answer.text()).toBe('/git/acme/shop.git/info/refs?service=git-upload-pack');
  expect(foreign.status).toBe(403);
});

test('metrics need no token on loopback, but do behind a proxy', async () => {
  await using app = await testApp();
  await using server = await listen(app);

  const near = await fetch(`${server.url}/metrics`);
  const proxied = await fetch(`${server.url}/metrics`, {
    headers: { 'x-forwarded-for': '203.0.113.9' },
  });

  expect(near.status).toBe(200);
  expect(await near.text()).toContain('loom_ledger_entries');
  expect(proxied.status).toBe(401);
});

test('a client that hangs up ends its reading of the ledger', async () => {
  const following = new Set<AbortSignal>();
  await using source = await testApp();
  await using app = await testApp({
    services: {
      governance: source.services.governance,
      ledger: {
        ...source.services.ledger,
        tail: (options) => {
          following.add(options.signal);
          return source.services.ledger.tail(options);
        },
      },
    },
  });
  await using server = await listen(app);
  const token = await source.tokenFor('auditor');
  const hangUp = new AbortController();
  const response = await fetch(`${server.url}/v1/stream`, {
    headers: { authorization: `Bearer ${token}` },
    signal: hangUp.signal,
  });
  await response.body?.getReader().read();

  hangUp.abort();

  await waitFor('the reading to end', () => [...following].every(({ aborted }) => aborted));
  expect(following.size).toBe(1);
});
