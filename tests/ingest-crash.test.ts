/**
 * Goal: a delivery that was acknowledged is never lost and never counted twice, however the server or
 * its database die.
 * Method: rounds of real processes: several clients deliver signed GitHub webhooks as fast as they are
 * answered, kill -9 comes at a random moment, in every other round for PostgreSQL as well; the next
 * round opens the same folder, and everything is delivered again, as a host would.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { signBody } from '#connectors/contract';
import { waitFor } from '#testing';
import { temporaryFolder } from './support/folder.ts';
import { type ServerProcess, startServer } from './support/server.ts';
import type { LedgerEvent } from './support/shop.ts';

const ROUNDS = 20;
/** Fewer rounds on a machine that is slow to start a server, but never fewer than these. */
const FEWEST_ROUNDS = 6;
const ENOUGH_AFTER_MS = 180_000;
const CLIENTS = 4;
const SECRET = 'shared with GitHub';
const env = { LOOM_GITHUB_WEBHOOK_SECRET: SECRET, LOOM_WORKFLOW_LEASE_MS: '1000' };

interface Example {
  name: string;
  examples: { action?: string; issue?: object; repository?: object }[];
}
const examples = createRequire(import.meta.url)(
  '@octokit/webhooks-examples/api.github.com/index.json',
) as Example[];
const opened = examples
  .find(({ name }) => name === 'issues')!
  .examples.find(({ action }) => action === 'opened')!;

interface Delivery {
  id: string;
  number: number;
}
let count = 0;

function newDelivery(): Delivery {
  count += 1;
  return { id: randomUUID(), number: count };
}

/** Gives whether the server said that it has it. */
async function deliver(url: string, { id, number }: Delivery): Promise<boolean> {
  const issue = { ...opened.issue, number, id: number, title: `Issue ${number}` };
  const body = Buffer.from(JSON.stringify({ ...opened, issue }));
  try {
    const response = await fetch(new URL('/webhooks/github', url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'issues',
        'x-github-delivery': id,
        'x-hub-signature-256': signBody(SECRET, body),
      },
      body,
      signal: AbortSignal.timeout(20_000),
    });
    await response.arrayBuffer();
    // 200 says that it was there already.
    if (![200, 202, 503].includes(response.status))
      throw new Error(`the delivery was answered ${response.status}`);
    return response.status !== 503;
  } catch (error) {
    // The connection went with the server; whether the delivery was kept is not known.
    if (error instanceof TypeError || (error as Error).name === 'TimeoutError') return false;
    throw error;
  }
}

async function allEvents(server: ServerProcess, type: string): Promise<LedgerEvent[]> {
  const events: LedgerEvent[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ type, order: 'oldest', limit: '200' });
    if (cursor !== null) query.set('cursor', cursor);
    const page: { items: LedgerEvent[]; nextCursor: string | null } = await server.get(
      `/v1/events?${query.toString()}`,
    );
    events.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return events;
}

test('no delivery that was acknowledged is lost, and none counts twice, however often the server is killed', async () => {
  using folder = temporaryFolder('ingest');
  const sent: Delivery[] = [];
  const acknowledged = new Set<string>();

  const began = Date.now();
  let rounds = 0;

  while (rounds < ROUNDS && (rounds < FEWEST_ROUNDS || Date.now() - began < ENOUGH_AFTER_MS)) {
    rounds += 1;
    const server = await startServer({ data: folder.path, env });
    // What was under way when the last server died comes again, beside the new.
    const again = sent.filter(({ id }) => !acknowledged.has(id));
    const over = new AbortController();
    let answered = 0;
    const clients = Array.from({ length: CLIENTS }, async () => {
      while (!over.signal.aborted) {
        const delivery = again.pop() ?? newDelivery();
        if (!sent.includes(delivery)) sent.push(delivery);
        if (await deliver(server.url, delivery)) {
          acknowledged.add(delivery.id);
          answered += 1;
        }
      }
    });
    const wanted = randomInt(1, 80);
    await waitFor(`${wanted} answers`, () => answered >= wanted, { everyMs: 1 });

    if (rounds % 2 === 0) {
      const lock = join(folder.path, 'database/postgres/postmaster.pid');
      process.kill(Number(readFileSync(lock, 'utf8').split('\n')[0]), 'SIGKILL');
    }
    await server.kill();
    over.abort();
    await Promise.all(clients);
  }

  await using server = await startServer({ data: folder.path, env });
  const inLedger = async () =>
    (await allEvents(server, 'signal.received')).map(({ data }) => String(data?.['deliveryId']));
  const kept = await inLedger();
  const lost = [...acknowledged].filter((id) => !kept.includes(id));
  for (const delivery of sent) expect(await deliver(server.url, delivery)).toBe(true);
  const afterwards = await inLedger();
  const twice = afterwards.length - new Set(afterwards).size;
  console.info(
    `${rounds} kills: ${sent.length} sent, ${acknowledged.size} acknowledged before, ${lost.length} lost, ${twice} twice`,
  );

  expect(lost).toEqual([]);
  expect(twice).toBe(0);
  expect(afterwards.toSorted()).toEqual(sent.map(({ id }) => id).sort());
  await waitFor(
    'every signal to have become work',
    async () => {
      const created = await allEvents(server, 'work-item.created');
      return created.length === sent.length;
    },
    { timeoutMs: 120_000, everyMs: 500 },
  );
  expect(await server.post('/v1/audit/verify', {})).toMatchObject({ isValid: true });
});
