/**
 * Goal: who writes on after its lease was taken over is stopped at the next gate, told plainly, and
 * nobody else is; claims shrink to what was changed.
 * Method: the real database; leases are ended by moving them into the past.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '#testing';
import type { Id } from '#kernel';
import { eventTypes, type Rooms, roomsOn, startSession } from '../test-rooms.ts';

const repository = 'acme/shop';
let rooms: Rooms;
let files = 0;

beforeAll(async () => {
  rooms = roomsOn(await testDatabase());
});
afterAll(() => rooms[Symbol.asyncDispose]());

/** A session that fell silent with this file, and one that took it over. */
async function overrun() {
  files += 1;
  const path = `src/file-${files}.ts`;
  const [sleeper, next] = [await startSession(rooms), await startSession(rooms)];
  await rooms.claims.acquireForEdit({ sessionId: sleeper.id, repository, paths: [path] });
  await rooms.db.query(
    `update loom.claims set lease_until = now() - interval '1 second' where session_id = $1`,
    [sleeper.id],
  );
  const taken = await rooms.claims.acquireForEdit({
    sessionId: next.id,
    repository,
    paths: [path],
  });
  expect(taken.outcome).toBe('granted');
  return { path, sleeper, next };
}

function commit(sessionId: Id<'ses'>, paths: string[], dirty: string[] = []) {
  return rooms.claims.gate({ sessionId, repository, gate: 'commit', paths, dirty });
}

test('an expired holder that still writes is stopped at the commit, with both grants named', async () => {
  const { path, sleeper, next } = await overrun();

  const answer = await commit(sleeper.id, [path, 'src/other.ts']);

  expect(answer).toMatchObject({
    outcome: 'fenced',
    writes: [{ path, holderSessionId: next.id }],
    message: expect.stringContaining('Your work is kept on its branch'),
  });
  const [write] = answer.outcome === 'fenced' ? answer.writes : [];
  expect(write!.holderFence).toBeGreaterThan(write!.fence);
  expect(await eventTypes(rooms.ledger, sleeper.id)).toContain('claim.fenced');
  expect(await commit(next.id, [path])).toEqual({ outcome: 'open' });
});

test('its denial says that it held the file itself until its lease ended', async () => {
  const { path, sleeper } = await overrun();

  const answer = await rooms.claims.acquireForEdit({
    sessionId: sleeper.id,
    repository,
    paths: [path],
  });

  expect(answer).toMatchObject({
    outcome: 'denied',
    message: expect.stringMatching(/You held .* yourself until your lease ended/),
  });
});

test('a push of it is written down, does not merge, and is told once; claimed again, it may merge', async () => {
  const { path, sleeper, next } = await overrun();
  const headSha = 'a'.repeat(40);
  const push = { sessionId: sleeper.id, repository, headSha, previousHeadSha: null, paths: [path] };

  await rooms.db.transaction((tx) => rooms.claims.recordPush(tx, push));
  await rooms.db.transaction((tx) => rooms.claims.recordPush(tx, push));

  expect(await rooms.claims.gateMerge({ repository, headSha })).toMatchObject({
    outcome: 'fenced',
  });
  const notes = await rooms.sessions.takeNotes(sleeper.id);
  expect(notes.map(({ kind }) => kind)).toEqual(['fenced']);
  expect(await rooms.sessions.takeNotes(sleeper.id)).toEqual([]);

  await rooms.claims.release({ sessionId: next.id, reason: 'done' });
  expect(await rooms.claims.gateMerge({ repository, headSha })).toMatchObject({
    outcome: 'fenced',
  });
  await rooms.claims.acquireForEdit({ sessionId: sleeper.id, repository, paths: [path] });
  expect(await rooms.claims.gateMerge({ repository, headSha })).toEqual({ outcome: 'open' });
});

test('what was stopped at a push stays stopped at the next one, which changes something else', async () => {
  const { path, sleeper } = await overrun();
  const [first, second] = ['b'.repeat(40), 'c'.repeat(40)];
  const push = { sessionId: sleeper.id, repository };
  const record = (more: { headSha: string; previousHeadSha: string | null; paths: string[] }) =>
    rooms.db.transaction((tx) => rooms.claims.recordPush(tx, { ...push, ...more }));

  await record({ headSha: first, previousHeadSha: null, paths: [path] });
  await record({ headSha: second, previousHeadSha: first, paths: ['docs/x.md'] });

  expect(await rooms.claims.gateMerge({ repository, headSha: second })).toMatchObject({
    outcome: 'fenced',
    writes: [{ path }],
  });
});

test('work that was pushed under a good lease stays good when the lease ends afterwards', async () => {
  const [sleeper, next] = [await startSession(rooms), await startSession(rooms)];
  const [path, headSha] = ['src/early.ts', 'd'.repeat(40)];
  await rooms.claims.acquireForEdit({ sessionId: sleeper.id, repository, paths: [path] });
  const push = { sessionId: sleeper.id, repository, headSha, previousHeadSha: null, paths: [path] };
  await rooms.db.transaction((tx) => rooms.claims.recordPush(tx, push));

  await rooms.db.query(
    `update loom.claims set lease_until = now() - interval '1 second' where session_id = $1`,
    [sleeper.id],
  );
  await rooms.claims.acquireForEdit({ sessionId: next.id, repository, paths: [path] });

  expect(await rooms.claims.gateMerge({ repository, headSha })).toEqual({ outcome: 'open' });
});

test('what a helper of the session holds is its own, and what is just given back may still arrive', async () => {
  const parent = await startSession(rooms);
  const helper = await startSession(rooms, { parentId: parent.id });
  await rooms.claims.acquireForEdit({ sessionId: helper.id, repository, paths: ['src/helped.ts'] });
  const [ended, other] = [await startSession(rooms), await startSession(rooms)];
  await rooms.claims.acquireForEdit({ sessionId: ended.id, repository, paths: ['src/ended.ts'] });
  await rooms.sessions.end(ended.id, 'done');
  await rooms.claims.acquireForEdit({ sessionId: other.id, repository, paths: ['src/ended.ts'] });

  expect(await commit(parent.id, ['src/helped.ts'])).toEqual({ outcome: 'open' });
  expect(await commit(ended.id, ['src/ended.ts'])).toEqual({ outcome: 'open' });
});

test('a file somebody else holds is stopped even if it was never claimed, as by a script', async () => {
  const [holder, script] = [await startSession(rooms), await startSession(rooms)];
  await rooms.claims.acquire({ sessionId: holder.id, repository, paths: ['held/'] });

  const answer = await commit(script.id, ['held/a.ts', 'free/b.ts']);

  expect(answer).toMatchObject({ outcome: 'fenced', writes: [{ path: 'held/a.ts', fence: 0 }] });
});

test('at a commit a folder shrinks to the files changed in it, and a file changed back is let go', async () => {
  const { id: sessionId } = await startSession(rooms);
  await rooms.claims.acquire({ sessionId, repository, paths: ['lib/', 'plan.md'] });
  await rooms.claims.acquireForEdit({ sessionId, repository, paths: ['undone.ts', 'later.ts'] });

  await commit(sessionId, ['lib/a.ts', 'lib/deep/b.ts'], ['later.ts']);

  const { items } = await rooms.claims.list({ sessionId, state: 'held', limit: 50 });
  expect(items.map(({ target }) => target).sort()).toEqual([
    'later.ts',
    'lib/a.ts',
    'lib/deep/b.ts',
    'plan.md',
  ]);
});
