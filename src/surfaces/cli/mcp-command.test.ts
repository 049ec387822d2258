/**
 * Goal: an agent that starts us as a program reaches the server, and a request it cancels is let go.
 * Method: the bridge in this process against a small HTTP server that holds answers back.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { waitFor } from '#testing';
import { runMcpBridge } from './mcp-command.ts';

test('a cancelled request is hung up on and never answered, another one is', async () => {
  const waiting: { method: string; response: ServerResponse; isGone: boolean }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { method } = JSON.parse(body) as { method: string };
      const held = { method, response, isGone: false };
      response.on('close', () => (held.isGone = !response.writableEnded));
      waiting.push(held);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stdin = new PassThrough();
  let out = '';
  const err: string[] = [];
  const streams = {
    stdin,
    out: (text: string) => void (out += text),
    err: (text: string) => void err.push(text),
  };
  const done = runMcpBridge({ url, data: '/nowhere' }, streams);
  const send = (message: object) =>
    stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

  send({ id: 1, method: 'tools/call' });
  send({ id: 2, method: 'tools/list' });
  await waitFor('both requests', () => (waiting.length === 2 ? true : undefined));
  send({ method: 'notifications/cancelled', params: { requestId: 1 } });
  const [call, list] = ['tools/call', 'tools/list'].map((name) =>
    waiting.find(({ method }) => method === name)!,
  );
  await waitFor('the hanging up', () => (call!.isGone ? true : undefined));
  list!.response.setHeader('content-type', 'application/json').end('{"id":2,"result":{}}');
  stdin.end();
  await done;

  expect(out).toBe('{"id":2,"result":{}}\n');
  expect(err).toEqual([]);
  server.closeAllConnections();
  server.close();
});
