/**
 * Goal: work goes out by urgency, to one live session each, and not at all where it is done already or
 * nobody may start.
 * Method: the real database; what other parts know comes as functions.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '#testing';
import { operator, type Rooms, roomsOn, startSession } from '../test-rooms.ts';
import { priorityOf } from './priority.ts';
import { createWorkService } from './service.ts';

const actor = { kind: 'system', id: 'test' } as const;
let rooms: Rooms;

beforeAll(async () => {
  rooms = roomsOn(await testDatabase());
});
afterAll(() => rooms[Symbol.asyncDispose]());

test.each([
  [['P0'], 4],
  [['bug', 'priority: high'], 3],
  [['severity/low'], 1],
  [['sev2', 'P3'], 3],
  [['good first issue', 'high'], 2],
  [['backlog'], 0],
])('labels %j give the priority %i', (labels, expected) => {
  expect(priorityOf(labels)).toBe(expected);
});

test('the most urgent goes first, the oldest of equals, and only what has the labels', async () => {
  const repository = 'acme/urgent';
  const create = (title: string, labels: string[]) =>
    rooms.work.create({ title, labels, repository }, actor);
  await create('old', []);
  await create('urgent', ['P0']);
  await create('a bug', ['bug', 'P3']);
  const next = async (labels?: string[]) => {
    const { id } = await startSession(rooms, { repository });
    return (await rooms.work.handOut(id, { repository, labels })).item?.title;
  };

  const taken = [await next(['bug']), await next(), await next(), await next()];

  expect(taken).toEqual(['a bug', 'urgent', 'old', undefined]);
});

test('what is done already is passed over with the reason, and where nobody may start nothing goes out', async () => {
  const repository = 'acme/same';
  const twin = await rooms.work.create({ title: 'twin', repository, priority: 4 }, actor);
  await rooms.work.create({ title: 'single', repository }, actor);
  const deps = { ...rooms, leaseMs: 900_000 };
  const knowing = createWorkService({
    ...deps,
    findSameWork: async ({ id }) => (id === twin.id ? { reason: 'chg_1 does it' } : undefined),
  });
  const held = createWorkService({
    ...deps,
    mayStart: async () => ({ outcome: 'refused', reason: 'reviewers are full' }),
  });
  const { id } = await startSession(rooms, { repository });

  const refused = await held.handOut(id, { repository });
  const given = await knowing.handOut(id, { repository });

  expect(refused).toMatchObject({ item: undefined, reason: 'reviewers are full' });
  expect(given).toMatchObject({
    item: { title: 'single' },
    skipped: [{ id: twin.id, reason: 'chg_1 does it' }],
  });
});

test('one issue has one live session: a second is told who holds it, by item and by key', async () => {
  const item = await rooms.work.create({ title: 'refunds', repository: 'acme/one' }, actor);
  const holder = await startSession(rooms, { workItemId: item.id });
  const other = await startSession(rooms);

  const named = rooms.sessions.start(
    { agent: 'codex', externalId: 'second', workItemId: item.id },
    operator(),
  );
  await expect(named).rejects.toMatchObject({
    code: 'work.held',
    message: expect.stringContaining(holder.id),
  });
  const claimed = await rooms.claims.acquire({
    sessionId: other.id,
    repository: 'acme/shop',
    targets: [`issue:${item.id}`],
  });
  expect(claimed).toMatchObject({
    outcome: 'denied',
    conflicts: [{ heldBy: { sessionId: holder.id } }],
  });

  await rooms.sessions.end(holder.id, 'done');
  const again = await rooms.sessions.start(
    { agent: 'codex', externalId: 'third', workItemId: item.id },
    operator(),
  );
  expect(again.workItemId).toBe(item.id);
});
