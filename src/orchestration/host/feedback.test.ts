/**
 * Goal: two machines that answer each other are stopped, people who push often are not.
 * Method: the real outbox handlers and breakers; a host that remembers what it was told.
 */
import { expect, test } from 'vitest';
import type { CodeHost } from '#connectors/contract';
import { loadConfig } from '#kernel';
import { testDatabase } from '#testing';
import { breakerSettings, createBreakerService, turnOfChange } from '../breakers/index.ts';
import { operator, roomsOn } from '../test-rooms.ts';
import { createHostOutboxHandlers } from './outbox.ts';

test('we fall silent on a head that is answered over and over, and speak about the next one', async () => {
  await using rooms = roomsOn(await testDatabase());
  const { breakers: config } = loadConfig({
    env: {},
    flags: { data: '/nonexistent' },
    cwd: '/nonexistent',
  });
  await using breakers = createBreakerService({ ...rooms, settings: breakerSettings(config) });
  const told: string[] = [];
  const host = {
    async upsertComment(_change: unknown, markdown: string) {
      told.push(markdown);
    },
  } as unknown as CodeHost;
  const handlers = createHostOutboxHandlers({
    changes: { recordMergeResult: () => Promise.reject(new Error('nothing is merged here')) },
    hostOf: () => host,
    detailsUrl: (id) => id,
    noteTurn: (subject) => breakers.noteTurn(subject, 'us'),
    hold: breakers.hold,
  });
  const comment = async (headSha: string, markdown: string) => {
    const change = {
      repository: 'acme/shop',
      number: 7,
      branch: 'topic',
      baseBranch: 'main',
      headSha,
    };
    const payload = { host: 'github', changeId: rooms.newId('chg'), change, markdown };
    await handlers
      .find(({ target }) => target === 'host.comment')!
      .deliver({ payload, idempotencyKey: markdown } as never);
    // The host's news of it comes back to us.
    await breakers.noteTurn(turnOfChange('github', change), 'mirror');
  };

  for (let round = 0; round < 12; round += 1) await comment('a'.repeat(40), `round ${round}`);
  await comment('b'.repeat(40), 'a new head');

  expect(told).toEqual([
    ...Array.from({ length: 7 }, (_, round) => `round ${round}`),
    'a new head',
  ]);
  expect(await breakers.listFleet()).toMatchObject([
    { scope: 'subject', state: 'open', until: null },
  ]);

  // Of the five that were kept the newest stands, and is on its way once a person has closed the breaker.
  const { key } = (await breakers.listFleet())[0]!;
  await breakers.closeFleet(
    { scope: 'subject', key },
    'the other one was switched off',
    operator(),
  );
  const waiting = await rooms.db.query<{ target: string; markdown: string }>(
    `select target, payload ->> 'markdown' as markdown from loom.outbox_messages`,
  );
  expect(waiting).toEqual([{ target: 'host.comment', markdown: 'round 11' }]);
  const { items } = await rooms.ledger.list({ type: 'delivery.held', limit: 10 });
  expect(items).toHaveLength(1);
});
