/**
 * Goal: each way on after a denial does what it says, in one recorded step, and whoever is concerned
 * hears of it once.
 * Method: the real database; two sessions that want the same file.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '#testing';
import type { Id } from '#kernel';
import type { Choice } from '../service.ts';
import { eventTypes, operator, type Rooms, roomsOn, startSession } from '../test-rooms.ts';

const repository = 'acme/shop';
let rooms: Rooms;
let files = 0;

beforeAll(async () => {
  rooms = roomsOn(await testDatabase());
});
afterAll(() => rooms[Symbol.asyncDispose]());

async function collide() {
  files += 1;
  const path = `src/shared-${files}.ts`;
  const holder = await startSession(rooms, { intent: 'round refunds', branch: 'refunds' });
  const later = await startSession(rooms, { intent: 'rename totals', branch: 'totals' });
  await rooms.claims.acquire({ sessionId: holder.id, repository, paths: [path] });
  return { path, holder, later };
}

function choose(
  sessionId: Id<'ses'>,
  choice: Choice,
  paths: string[],
  more: { note?: string; mayEnd?: boolean } = {},
) {
  const { note, mayEnd = false } = more;
  return rooms.negotiation.choose({ sessionId, repository, choice, paths, note }, () => mayEnd);
}

async function heldBy(sessionId: Id<'ses'>): Promise<string[]> {
  const { items } = await rooms.claims.list({ sessionId, state: 'held', limit: 50 });
  return items.map(({ target }) => target).sort();
}

test('who waits is told once, at the moment nobody is in the way any more', async () => {
  const { path, holder, later } = await collide();

  await choose(later.id, 'wait', [path]);
  await choose(later.id, 'wait', [path]);
  const waiting = await rooms.claims.listWaits({ sessionId: later.id, limit: 10 });
  expect(await rooms.sessions.takeNotes(later.id)).toEqual([]);
  await rooms.claims.release({ sessionId: holder.id, paths: [path], reason: 'done' });

  expect(waiting.items).toMatchObject([{ target: path, agent: 'claude-code' }]);
  const notes = await rooms.sessions.takeNotes(later.id);
  expect(notes).toMatchObject([
    { kind: 'free', text: expect.stringContaining(`${path} in acme/shop is free`) },
  ]);
  expect(await rooms.sessions.takeNotes(later.id)).toEqual([]);
  expect(await eventTypes(rooms.ledger, later.id)).toContain('claim.freed');
});

test('a wait that passed a release by is answered by the sweep', async () => {
  const { path, holder, later } = await collide();
  await choose(later.id, 'wait', [path]);
  // As if the two had not seen each other.
  await rooms.db.query(`update loom.claims set state = 'released' where session_id = $1`, [
    holder.id,
  ]);

  await rooms.sessions.sweep();

  expect(await rooms.sessions.takeNotes(later.id)).toMatchObject([{ kind: 'free' }]);
});

test('go on takes what is free of what was asked', async () => {
  const { path, later } = await collide();

  const answer = await choose(later.id, 'go-on', [path, 'src/free.ts']);

  expect(answer.claims.map(({ target }) => target)).toEqual(['src/free.ts']);
  expect(await heldBy(later.id)).toEqual(['src/free.ts']);
});

test('split makes a task the holder alone is given while it lives, and tells it', async () => {
  const { path, holder, later } = await collide();

  const { workItemId } = await choose(later.id, 'split', [path], { note: 'rename total to sum' });

  expect(await rooms.sessions.takeNotes(holder.id)).toMatchObject([
    { kind: 'split', fromSessionId: later.id, text: expect.stringContaining(workItemId!) },
  ]);
  expect((await rooms.work.handOut(later.id)).item).toBeUndefined();
  expect((await rooms.work.handOut(holder.id)).item).toMatchObject({
    id: workItemId,
    labels: ['split'],
    offeredTo: holder.id,
  });
});

test('rebase says where the work of the holder is', async () => {
  const { path, later } = await collide();

  const answer = await choose(later.id, 'rebase', [path]);

  expect(answer.message).toContain('works on refunds and has pushed nothing');
});

test('a hand-over that is asked for is the holder’s to give, and then moves lease, notes and work', async () => {
  const { path, holder, later } = await collide();
  const item = await rooms.work.create(
    { title: 'Refunds', repository },
    { kind: 'system', id: 't' },
  );
  await rooms.sessions.start(
    { agent: holder.agent, externalId: holder.externalId, workItemId: item.id },
    operator(),
  );

  await choose(later.id, 'hand-over', [path], { note: 'mine is nearly done' });
  const asked = await rooms.sessions.takeNotes(holder.id);
  const before = await heldBy(later.id);
  const given = await rooms.negotiation.handOver({
    sessionId: holder.id,
    to: later.id,
    note: 'tests are red',
  });

  expect(asked).toMatchObject([
    { kind: 'asked', text: expect.stringContaining('mine is nearly done') },
  ]);
  expect(before).toEqual([]);
  expect(given.workItemId).toBe(item.id);
  expect(await heldBy(later.id)).toEqual([`issue:${item.id}`, path].sort());
  expect(await heldBy(holder.id)).toEqual([]);
  expect(await rooms.work.find(item.id)).toMatchObject({
    sessionId: later.id,
    state: 'in-progress',
  });
  expect(await rooms.sessions.takeNotes(later.id)).toMatchObject([
    { kind: 'hand-over', fromSessionId: holder.id, text: expect.stringContaining('tests are red') },
  ]);
});

test('stop ends the later session, whoever says it, and its notes go to the earlier', async () => {
  const { path, holder, later } = await collide();

  await choose(later.id, 'stop', [path], { note: 'half of the tests are written' });

  expect(await rooms.sessions.find(later.id)).toMatchObject({
    state: 'ended',
    endReason: `ended in favour of session ${holder.id}`,
  });
  expect(await rooms.sessions.find(holder.id)).toMatchObject({ state: 'active' });
  expect(await rooms.sessions.takeNotes(holder.id)).toMatchObject([
    {
      kind: 'stop',
      text: expect.stringMatching(/rename totals.*branch totals.*half of the tests/),
    },
  ]);
});

test('a later session of somebody else is not ended by the earlier one', async () => {
  const { path, holder, later } = await collide();
  await rooms.claims.release({ sessionId: holder.id, reason: 'swap' });
  await rooms.claims.acquire({ sessionId: later.id, repository, paths: [path] });

  const refused = choose(holder.id, 'stop', [path]);
  await expect(refused).rejects.toMatchObject({ code: 'claims.not_the_later' });
  await choose(holder.id, 'stop', [path], { mayEnd: true });

  expect(await rooms.sessions.find(later.id)).toMatchObject({ state: 'ended' });
});

test('each choice is one event with its effect, and none is made against nobody', async () => {
  const { path, holder, later } = await collide();
  await choose(later.id, 'wait', [path]);
  await rooms.claims.release({ sessionId: holder.id, reason: 'done' });

  await expect(choose(later.id, 'split', [path])).rejects.toMatchObject({
    code: 'claims.nobody_holds_it',
  });

  const { items } = await rooms.ledger.list({ ref: later.id, type: 'claim.negotiated', limit: 10 });
  expect(items.map(({ data }) => data)).toMatchObject([
    {
      choice: 'wait',
      targets: [path],
      withSessionId: holder.id,
      effect: `waits for session ${holder.id}`,
    },
  ]);
});

test('a helper takes over what its parent holds of a file, is kept out by its siblings, and ends with it', async () => {
  const parent = await startSession(rooms);
  await rooms.claims.acquire({ sessionId: parent.id, repository, paths: ['team/', 'team.md'] });
  const [one, two] = [
    await startSession(rooms, { parentId: parent.id, role: 'reviewer' }),
    await startSession(rooms, { parentId: parent.id }),
  ];
  const edit = (sessionId: Id<'ses'>, path: string) =>
    rooms.claims.acquireForEdit({ sessionId, repository, paths: [path] });

  const answers = [
    await edit(one.id, 'team/a.ts'),
    await edit(two.id, 'team/a.ts'),
    await edit(two.id, 'team.md'),
  ];
  await rooms.sessions.end(parent.id, 'done');

  expect(answers.map(({ outcome }) => outcome)).toEqual(['granted', 'denied', 'granted']);
  expect(await rooms.sessions.find(one.id)).toMatchObject({ state: 'ended', role: 'reviewer' });
  expect(await heldBy(two.id)).toEqual([]);
});

test('nobody names the session of another person as parent', async () => {
  const parent = await startSession(rooms);
  const stranger = operator('Eve', 'usr_019abc00000070008000000000000002');

  const started = startSession(rooms, { parentId: parent.id }, stranger);

  await expect(started).rejects.toMatchObject({ code: 'sessions.unknown_parent' });
});
