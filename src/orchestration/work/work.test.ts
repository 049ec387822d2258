/**
 * Goal: an item goes to one session, follows its source, and is not forgotten when its session dies.
 * Method: the real database; signals are applied as intake does it.
 */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createContextService } from '#context';
import { testDatabase, testRepository } from '#testing';
import { eventTypes, operator, type Rooms, startSession, roomsOn } from '../test-rooms.ts';
import { contradictionWorkProjection, createContradictionWork } from './contradictions.ts';
import { applyWorkItemSignal, type WorkItemSignal } from './service.ts';

const actor = { kind: 'person', id: operator().id } as const;

function issue(minute: number, told: Partial<WorkItemSignal['workItem']> = {}): WorkItemSignal {
  return {
    type: 'work-item.updated',
    source: 'github',
    dedupeKey: `issue-${minute}`,
    occurredAt: new Date(Date.UTC(2026, 0, 5, 9, minute)),
    workItem: {
      externalKey: 'acme/shop#12',
      repository: 'acme/shop',
      title: 'Refunds are rounded wrong',
      text: '',
      labels: [],
      state: 'open',
      author: { login: 'Ada' },
      ...told,
    },
  };
}

function tell(rooms: Rooms, signal: WorkItemSignal) {
  const cause = rooms.newId('evt');
  return rooms.db.transaction(async (tx) => {
    await rooms.ledger.append(tx, {
      id: cause,
      type: 'signal.received',
      subject: 'github',
      actor: { kind: 'connector', id: 'github' },
    });
    return applyWorkItemSignal(tx, rooms, signal, cause);
  });
}

test('sessions that ask at the same time get different items, oldest first', async () => {
  await using rooms = roomsOn(await testDatabase());
  const items = [];
  for (let index = 0; index < 6; index += 1) {
    items.push(await rooms.work.create({ title: `item ${index}` }, actor));
  }
  const sessions = await Promise.all(Array.from({ length: 8 }, () => startSession(rooms)));

  const taken = await Promise.all(sessions.map(({ id }) => rooms.work.next(id)));

  const ids = taken.flatMap((item) => (item === undefined ? [] : [item.id]));
  expect(ids.sort()).toEqual(items.map(({ id }) => id).sort());
});

test('a session that asks again, even twice at once, gets the item it has', async () => {
  await using rooms = roomsOn(await testDatabase());
  await rooms.work.create({ title: 'first' }, actor);
  await rooms.work.create({ title: 'second' }, actor);
  const { id } = await startSession(rooms);

  const answers = await Promise.all([1, 2, 3].map(() => rooms.work.next(id)));

  expect(new Set(answers.map((item) => item?.id)).size).toBe(1);
  expect(await rooms.sessions.find(id)).toMatchObject({
    workItemId: answers[0]!.id,
    correlationId: answers[0]!.correlationId,
  });
  expect(await eventTypes(rooms.ledger, answers[0]!.id)).toEqual([
    'work-item.created',
    'work-item.assigned',
  ]);
});

test('an item of another repository is not handed out for this one', async () => {
  await using rooms = roomsOn(await testDatabase());
  await rooms.work.create({ title: 'there', repository: 'acme/other' }, actor);
  const { id } = await startSession(rooms);

  expect(await rooms.work.next(id, 'acme/shop')).toBeUndefined();
  expect(await rooms.work.next(id, 'acme/other')).toMatchObject({ title: 'there' });
});

test('an item needs a title', async () => {
  await using rooms = roomsOn(await testDatabase());

  await expect(rooms.work.create({ title: '  ' }, actor)).rejects.toMatchObject({
    code: 'work.no_title',
  });
});

test('an issue becomes one item, and late news of it do not undo newer ones', async () => {
  await using rooms = roomsOn(await testDatabase());

  const created = await tell(rooms, issue(1));
  await tell(rooms, issue(5, { title: 'Refunds are rounded down', labels: ['bug'] }));
  const late = await tell(rooms, issue(3, { title: 'Refunds?' }));

  expect(late).toMatchObject({
    id: created.id,
    title: 'Refunds are rounded down',
    labels: ['bug'],
  });
  expect(await eventTypes(rooms.ledger, created.id)).toEqual([
    'work-item.created',
    'work-item.updated',
  ]);
});

test('a closed issue ends its item, and an opened one brings it back for anybody', async () => {
  await using rooms = roomsOn(await testDatabase());
  const { id } = await startSession(rooms);
  await tell(rooms, issue(1));
  await rooms.work.next(id);

  const closed = await tell(rooms, issue(2, { state: 'closed' }));
  const opened = await tell(rooms, issue(3));

  expect(closed.state).toBe('done');
  expect(opened).toMatchObject({ state: 'open', sessionId: null });
});

test('the item of a session that went away without a change is open again after a while', async () => {
  await using rooms = roomsOn(await testDatabase());
  const { id } = await startSession(rooms);
  await rooms.work.create({ title: 'left behind' }, actor);
  const item = await rooms.work.next(id);
  await rooms.sessions.end(id, 'gone');

  await rooms.sessions.sweep();
  const atOnce = await rooms.work.find(item!.id);
  await rooms.db.query(`update loom.sessions set ended_at = now() - interval '1 day'`);
  await rooms.sessions.sweep();
  const later = await rooms.work.find(item!.id);

  expect(atOnce?.state).toBe('in-progress');
  expect(later).toMatchObject({ state: 'open', sessionId: null });
});

test('the most urgent goes first, and the same key is one item', async () => {
  await using rooms = roomsOn(await testDatabase());
  await rooms.work.create({ title: 'old and normal' }, actor);
  const [low, urgent] = await rooms.work.createMany(
    [
      { title: 'low', priority: 1, externalKey: 'B' },
      { title: 'urgent', priority: 4, externalKey: 'A', labels: ['security'] },
    ],
    actor,
  );

  const again = await rooms.work.create(
    { title: 'urgent', priority: 4, externalKey: 'A', labels: ['security'] },
    actor,
  );
  const edited = await rooms.work.create({ title: 'low', priority: 3, externalKey: 'B' }, actor);
  const first = await rooms.work.next((await startSession(rooms)).id);
  const second = await rooms.work.next((await startSession(rooms)).id);

  expect([again.id, edited.id]).toEqual([urgent!.id, low!.id]);
  expect([first?.title, second?.title]).toEqual(['urgent', 'low']);
  expect(await eventTypes(rooms.ledger, urgent!.id)).toEqual([
    'work-item.created',
    'work-item.assigned',
  ]);
  expect(await eventTypes(rooms.ledger, low!.id)).toEqual([
    'work-item.created',
    'work-item.updated',
    'work-item.assigned',
  ]);
});

test('a contradiction has one open work item, which ends with it and can be followed by another', async () => {
  await using rooms = roomsOn(await testDatabase());
  await using made = await testRepository();
  await made.commit({
    files: { 'AGENTS.md': '# Cents\n\nUse cents.\n', 'docs/money.md': '# Floats\n\nUse floats.\n' },
  });
  const reader = { mayRead: () => true };
  await using context = createContextService({
    ...rooms,
    folder: join(made.dir, '.git', 'mirrors'),
  });
  await context.importRepository({ url: made.dir, name: 'acme/money' }, actor);
  const found = await context.graph.search(reader, { text: 'o', kinds: ['rule', 'document'] });
  const [a, b] = found.map(({ id }) => id) as [string, string];
  const because = 'One wants cents, the other floats.';
  const contradictions = createContradictionWork({ ...rooms, context });
  const settle = async () => {
    await context.graph.settleContradiction(reader, { a, b, holds: 'both', because }, actor);
    const { items } = await rooms.ledger.list({ type: 'contradiction.settled' });
    const projection = contradictionWorkProjection({ ledger: rooms.ledger, context });
    await rooms.db.transaction((tx) => projection.apply(tx, items.slice(0, 1)));
  };

  await expect(contradictions.open(reader, { a, b }, actor)).rejects.toMatchObject({
    code: 'work.no_contradiction',
  });
  await context.graph.reportContradiction(reader, { a, b, because }, actor);
  const asked = await Promise.all([
    contradictions.open(reader, { a, b }, actor),
    contradictions.open(reader, { a: b, b: a }, actor),
    contradictions.open(reader, { a, b }, actor),
  ]);
  const [item] = asked;
  expect(new Set(asked.map(({ id }) => id)).size).toBe(1);
  expect(item).toMatchObject({ state: 'open', repository: 'acme/money', source: 'context' });
  expect(item!.text).toContain(because);
  expect(await contradictions.list(reader)).toMatchObject([{ workItem: { id: item!.id } }]);

  await settle();
  expect(await rooms.work.find(item!.id)).toMatchObject({ state: 'done' });
  expect(await contradictions.list(reader)).toEqual([]);

  // It comes up again, and one of its records is kept to some: the house is told no names.
  await context.graph.reportContradiction(reader, { a, b, because }, actor);
  const restriction = { system: 'git', prefix: 'docs/', teams: ['security'], people: [] };
  await context.restrictSource({ repository: 'acme/money', reason: 'x', ...restriction }, actor);
  const second = await contradictions.open(reader, { a, b }, actor);
  expect(second.id).not.toBe(item!.id);
  expect(`${second.title} ${second.text}`).not.toMatch(/Floats|money/i);
});
