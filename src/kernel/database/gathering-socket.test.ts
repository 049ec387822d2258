/**
 * Goal: what one tick writes leaves as one packet, in order, and a later tick does not wait for it.
 * Method: a real unix socket; what it holds back is read while the tick lasts.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { waitFor } from '#testing';
import { gatheringSocket } from './gathering-socket.ts';

test('writes of one tick leave together and in order, those of the next by themselves', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loom-socket-'));
  let heard = '';
  const server = createServer((socket) => socket.on('data', (chunk) => (heard += String(chunk))));
  server.listen(join(folder, 'socket'));
  await once(server, 'listening');
  const socket = gatheringSocket();
  socket.connect(join(folder, 'socket'));
  await once(socket, 'connect');

  socket.write('begin ');
  await Promise.resolve();
  socket.write('select ');
  socket.write('commit ');
  // All three are still held: nothing went out before the last was written.
  expect(socket.writableLength).toBe('begin select commit '.length);
  await waitFor('the first packet', async () => heard === 'begin select commit ');
  socket.write('again ');
  socket.write('and again');

  await waitFor('the second packet', async () => heard.endsWith('again and again'));
  expect(socket.writableCorked).toBe(0);
  socket.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});
