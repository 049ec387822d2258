/**
 * Goal: a session is one thing however often it is announced, and what it holds follows its life.
 * Method: the real database; silence is made by moving `last_seen_at` back.
 */
import { expect, test } from 'vitest';
import { testDatabase } from '#testing';
import { eventTypes, LEASE_MS, operator, startSession, roomsOn } from '../test-rooms.ts';
import { isEdit, sessionsInTrailers } from './service.ts';

const repository = 'acme/shop';

test('announcing a session many times at once makes one, with one event', async () => {
  await using rooms = roomsOn(await testDatabase());
  const announce = () =>
    rooms.sessions.start({ agent: 'codex', externalId: 'same', repository }, operator());

  const sessions = await Promise.all(Array.from({ length: 8 }, announce));

  expect(new Set(sessions.map(({ id }) => id)).size).toBe(1);
  expect(await eventTypes(rooms.ledger, sessions[0]!.id)).toEqual(['session.started']);
});

test("the id of somebody else's session cannot be taken over", async () => {
  await using rooms = roomsOn(await testDatabase());
  await rooms.sessions.start({ agent: 'codex', externalId: 'mine' }, operator());
  const stranger = operator('Eve', 'usr_019abc00000070008000000000000002');

  const taking = rooms.sessions.start({ agent: 'codex', externalId: 'mine' }, stranger);

  await expect(taking).rejects.toMatchObject({ code: 'sessions.other_operator' });
});

test('a session that ended is taken up again by the same announcement', async () => {
  await using rooms = roomsOn(await testDatabase());
  const session = await startSession(rooms, { externalId: 'again' });
  await rooms.sessions.end(session.id, 'closed the terminal');

  const resumed = await startSession(rooms, { externalId: 'again', branch: 'topic' });

  expect(resumed).toMatchObject({
    id: session.id,
    state: 'active',
    endedAt: null,
    branch: 'topic',
  });
  expect(await eventTypes(rooms.ledger, session.id)).toEqual([
    'session.started',
    'session.ended',
    'session.resumed',
  ]);
});

test('every call is counted, but only edits and refusals are events', async () => {
  await using rooms = roomsOn(await testDatabase());
  const { id } = await startSession(rooms);

  await rooms.sessions.touch(id, { tool: 'Read', path: 'a.ts' });
  await rooms.sessions.touch(id, { tool: 'Bash' });
  await rooms.sessions.touch(id, { tool: 'Edit', path: 'a.ts' });
  await rooms.sessions.touch(id, { tool: 'Read', path: '.env', outcome: 'denied' });
  await rooms.sessions.touch(id, { intent: 'fix the refund' });

  expect(await rooms.sessions.find(id)).toMatchObject({
    toolCalls: 4,
    deniedCalls: 1,
    intent: 'fix the refund',
  });
  const { items } = await rooms.ledger.list({
    ref: id,
    type: 'session.tool-used',
    order: 'oldest',
  });
  expect(items.map(({ data }) => data)).toEqual([
    { tool: 'Edit', path: 'a.ts', outcome: 'allowed' },
    { tool: 'Read', path: '.env', outcome: 'denied' },
  ]);
});

test('a sign of life renews the leases of everything the session holds', async () => {
  await using rooms = roomsOn(await testDatabase());
  const { id } = await startSession(rooms);
  await rooms.claims.acquire({ sessionId: id, repository, paths: ['a', 'b'] });
  await rooms.db.query(`update loom.claims set lease_until = now() + interval '1 second'`);

  await rooms.sessions.touch(id, { tool: 'Read' });

  const { items } = await rooms.claims.list({ sessionId: id, limit: 50 });
  const shortest = Math.min(...items.map(({ leaseUntil }) => leaseUntil.getTime()));
  expect(shortest).toBeGreaterThan(Date.now() + LEASE_MS / 2);
});

test('ending a session gives back what it holds, once', async () => {
  await using rooms = roomsOn(await testDatabase());
  const { id } = await startSession(rooms);
  await rooms.claims.acquire({ sessionId: id, repository, paths: ['a', 'b'] });

  await Promise.all([rooms.sessions.end(id, 'done'), rooms.sessions.end(id, 'done')]);

  const { items } = await rooms.claims.list({ sessionId: id, state: 'held', limit: 50 });
  expect(items).toEqual([]);
  const types = await eventTypes(rooms.ledger, id);
  expect(types.filter((type) => type === 'session.ended')).toHaveLength(1);
  expect(types.filter((type) => type === 'claim.released')).toHaveLength(2);
});

test('a claim asked for while its session ends is not left behind', async () => {
  await using rooms = roomsOn(await testDatabase());

  for (let round = 0; round < 10; round += 1) {
    const { id } = await startSession(rooms);
    await Promise.allSettled([
      rooms.claims.acquire({ sessionId: id, repository, paths: [`file-${round}`] }),
      rooms.sessions.end(id, 'done'),
    ]);
  }

  expect((await rooms.claims.list({ state: 'held', limit: 50 })).items).toEqual([]);
});

test('silence makes a session idle, then lost, and its claims free; a sign of life brings it back', async () => {
  await using rooms = roomsOn(await testDatabase());
  const { id } = await startSession(rooms);
  await rooms.claims.acquire({ sessionId: id, repository, paths: ['a'] });
  const silentFor = (leases: number) =>
    rooms.db.query(
      `update loom.sessions set last_seen_at = now() - $1::bigint * interval '1 millisecond'`,
      [leases * LEASE_MS],
    );

  await silentFor(1.5);
  await rooms.sessions.sweep();
  const idle = await rooms.sessions.find(id);
  await silentFor(2.5);
  await rooms.sessions.sweep();
  const lost = await rooms.sessions.find(id);
  const held = await rooms.claims.list({ sessionId: id, state: 'held', limit: 50 });
  await rooms.sessions.touch(id, { tool: 'Read' });
  const back = await rooms.sessions.find(id);

  expect([idle?.state, lost?.state, back?.state]).toEqual(['idle', 'lost', 'active']);
  expect(held.items).toEqual([]);
  expect(await eventTypes(rooms.ledger, id)).toEqual([
    'session.started',
    'claim.granted',
    'claim.expired',
    'session.lost',
    'session.resumed',
  ]);
});

test('nodes that sweep at once report a lost session once', async () => {
  await using rooms = roomsOn(await testDatabase());
  const { id } = await startSession(rooms);
  await rooms.db.query(`update loom.sessions set last_seen_at = now() - interval '1 day'`);

  await Promise.all([1, 2, 3, 4].map(() => rooms.sessions.sweep()));

  const types = await eventTypes(rooms.ledger, id);
  expect(types.filter((type) => type === 'session.lost')).toHaveLength(1);
});

test('a tool is an edit by its name and only with a path', () => {
  expect(isEdit('MultiEdit', 'a.ts')).toBe(true);
  expect(isEdit('apply_patch', 'a.ts')).toBe(true);
  expect(isEdit('Read', 'a.ts')).toBe(false);
  expect(isEdit('Edit', undefined)).toBe(false);
});

test('only a well-formed trailer names a session', () => {
  const id = 'ses_019abc00000070008000000000000001';

  expect(sessionsInTrailers([{ name: 'loom-session', value: ` ${id} ` }])).toEqual([id]);
  expect(sessionsInTrailers([{ name: 'loom-session', value: 'ses_1; drop table' }])).toEqual([]);
  expect(sessionsInTrailers([{ name: 'co-authored-by', value: id }])).toEqual([]);
});

test('an edit needs nothing more only where the session holds the path alone, for long enough', async () => {
  await using rooms = roomsOn(await testDatabase());
  const { id: sessionId, agent, externalId } = await startSession(rooms, { repository });
  const hold = (path: string, strength: 'shared' | 'exclusive' = 'exclusive') =>
    rooms.claims.acquire({ sessionId, repository, paths: [path], strength });
  const isHeld = async (path: string) =>
    (await rooms.sessions.findWithHold({ agent, externalId, path }))?.isHeld;
  await hold('src/');
  await hold('lib');
  await hold('README.md', 'shared');
  await rooms.claims.acquire({ sessionId, repository: 'acme/other', paths: ['other.ts'] });

  const held = await Promise.all(
    ['src/a.ts', './src//deep/b.ts', 'lib', 'lib/c.ts', 'srcs/a.ts', 'README.md', 'other.ts'].map(
      isHeld,
    ),
  );
  await rooms.db.query(
    `update loom.claims set lease_until = now() + $1 * interval '0.6 milliseconds'`,
    [LEASE_MS],
  );
  const used = await isHeld('src/a.ts');
  const stranger = await rooms.sessions.findWithHold({ agent, externalId: 'nobody', path: 'a' });

  expect(held).toEqual([true, true, true, false, false, false, false]);
  expect(used).toBe(false);
  expect(stranger).toBeUndefined();
});
