/**
 * Goal: a server that is told to stop in the middle of its work stops soon, takes everything it
 * started with it, and goes on with that work after the next start.
 * Method: a real process with a check under way and a stream open; SIGTERM; a look at the processes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRunning } from '#kernel';
import { waitFor } from '#testing';
import { temporaryFolder } from './support/folder.ts';
import { type ServerProcess, startServer } from './support/server.ts';
import { openShop, runOf, type Shop, waitForChange } from './support/shop.ts';

const folder = temporaryFolder('stop');
let server: ServerProcess;
let shop: Shop;
beforeAll(async () => {
  server = await startServer({ data: folder.path });
  shop = await openShop(() => server);
});
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Living processes below this one, wherever their groups are. */
function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      parents.set(Number(name), Number(stat[1]));
    } catch {
      // It ended while we looked.
    }
  }
  const found = [pid];
  for (const one of found) {
    for (const [child, parent] of parents) if (parent === one) found.push(child);
  }
  return found.slice(1);
}

test.runIf(process.platform === 'linux')(
  'SIGTERM during a check ends the server and all it started, and the check is done after the next start',
  async () => {
    shop.holdChecks();
    await shop.push('stopped');
    const check = await waitFor('the check to begin', () =>
      shop.checkPids().find((pid) => isRunning(pid)),
    );
    const streaming = new AbortController();
    const stream = await fetch(new URL('/v1/stream', server.url), {
      headers: { authorization: `Bearer ${server.token}` },
      signal: streaming.signal,
    });
    const children = descendantsOf(server.pid);
    expect(children).toContain(check);

    const began = Date.now();
    await server.stop();
    console.info(`stopped after ${Date.now() - began} ms`);

    streaming.abort();
    await stream.body?.cancel().catch(() => {});
    expect(children.filter((pid) => isRunning(pid))).toEqual([]);
    expect(readdirSync(join(folder.path, 'checkouts'))).toEqual([]);
    expect(server.output()).not.toMatch(/"level":(50|60)/);

    server = await startServer({ data: folder.path });
    shop.letChecksGo();
    const change = await waitForChange(server, shop, 'stopped', ({ state }) => state === 'merged');
    const run = await runOf(server, change);
    expect(run.steps.find(({ name }) => name === 'check')).toMatchObject({
      state: 'done',
      attempt: 1,
    });
  },
);
