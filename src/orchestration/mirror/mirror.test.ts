/**
 * Goal: a tracker is told how its items fare, once each, and nothing it said or we wrote comes back as news;
 * two mirrors that face each other are stopped.
 * Method: the real ledger, outbox and database; a tracker that keeps state and answers each write with the
 * webhook it would send.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WorkItemMirror, WorkItemState } from '#connectors/contract';
import { AppError } from '#kernel';
import { createOutboxWorker, createProjector, createSequencer } from '#ledger';
import { testDatabase, waitFor } from '#testing';
import { completeWorkItem, applyWorkItemSignal, type WorkItemSignal } from '../work/index.ts';
import { eventTypes, operator, type Rooms, roomsOn, startSession } from '../test-rooms.ts';
import { mirrorHandler, mirrorProjection } from './mirror.ts';
import { commentFor } from './words.ts';

const stack = new AsyncDisposableStack();
let world: Awaited<ReturnType<typeof open>>;
beforeAll(async () => {
  world = await open();
});
afterAll(() => stack.disposeAsync());

async function open() {
  const rooms: Rooms = stack.use(roomsOn(await testDatabase()));
  const tracker = {
    states: new Map<string, WorkItemState>(),
    comments: new Map<string, string[]>(),
    links: [] as string[],
    writes: [] as string[],
    isDown: false,
    revision: 0,
    /** What the tracker's webhook would say of a move, given to intake or not. */
    onMove: (_key: string, _state: WorkItemState, _revision: string): Promise<void> =>
      Promise.resolve(),
  };
  const mirror: WorkItemMirror = {
    name: 'tracker',
    async upsertComment({ externalKey, thread }, markdown) {
      refuseWhenDown();
      const key = thread ?? externalKey;
      tracker.comments.set(key, [...(tracker.comments.get(key) ?? []), markdown]);
      return { externalId: key };
    },
    async setState({ externalKey }, state) {
      refuseWhenDown();
      tracker.states.set(externalKey, state);
      tracker.writes.push(`${externalKey} ${state}`);
      tracker.revision += 1;
      const revision = `r${tracker.revision}`;
      await tracker.onMove(externalKey, state, revision);
      return { outcome: 'changed', revision };
    },
    async link(_item, { url }) {
      refuseWhenDown();
      tracker.links.push(url);
    },
  };
  function refuseWhenDown() {
    if (tracker.isDown) throw new AppError('unavailable', 'test.down', { message: 'Down.' });
  }
  const mirrorOf = (source: string) => (source === 'tracker' ? mirror : undefined);
  const changeUrl = (id: string) => `https://loom.example/changes/${id}`;
  const outbox = stack.use(
    createOutboxWorker({
      ...rooms,
      handlers: [mirrorHandler({ ...rooms, mirrorOf, changeUrl })],
      retryInMs: () => 300,
      start: false,
    }),
  );
  const sequencer = stack.use(
    createSequencer({ ...rooms, origin: 'test.example/log', start: false }),
  );
  const projector = stack.use(
    createProjector({ ...rooms, projections: [mirrorProjection(rooms)], start: false }),
  );
  return {
    ...rooms,
    tracker,
    async settle() {
      for (let round = 0; round < 3; round += 1) {
        await sequencer.runOnce();
        await projector.runOnce();
        await outbox.runOnce();
      }
    },
    async tell(key: string, minute: number, told: Partial<WorkItemSignal['workItem']> = {}) {
      const cause = rooms.newId('evt');
      const signal: WorkItemSignal = {
        type: 'work-item.updated',
        source: 'tracker',
        dedupeKey: `${key}-${minute}`,
        occurredAt: new Date(Date.UTC(2026, 0, 5, 9, minute)),
        workItem: {
          externalKey: key,
          title: key,
          text: '',
          labels: [],
          state: 'open',
          author: {},
          ...told,
        },
      };
      return rooms.db.transaction(async (tx) => {
        const actor = { kind: 'connector', id: 'tracker' } as const;
        await rooms.ledger.append(tx, {
          id: cause,
          type: 'signal.received',
          subject: 'tracker',
          actor,
        });
        return applyWorkItemSignal(tx, rooms, signal, cause);
      });
    },
    async take() {
      const session = await startSession(rooms, {}, operator());
      return (await rooms.work.next(session.id))!;
    },
    async complete(id: `wrk_${string}`) {
      const actor = { kind: 'system', id: 'test' } as const;
      await rooms.db.transaction((tx) => completeWorkItem(tx, rooms, id, 'merged', { actor }));
    },
  };
}

test('what the tracker said is not said back; what happened here is, once', async () => {
  const item = await world.tell('T-1', 1, { labels: ['bug'], priority: 'urgent' });
  await world.tell('T-1', 2, { title: 'Renamed', priority: 'high' });
  await world.settle();
  expect(world.tracker.writes).toEqual([]);
  expect(world.tracker.comments.size).toBe(0);

  const taken = await world.take();
  await world.settle();
  await world.settle();

  expect(taken).toMatchObject({ id: item.id, title: 'Renamed', priority: 3, labels: [] });
  expect(world.tracker.writes).toEqual(['T-1 in-progress']);
  expect(world.tracker.comments.get('T-1')).toHaveLength(1);

  await world.complete(item.id);
  await world.settle();
  expect(world.tracker.writes).toEqual(['T-1 in-progress', 'T-1 done']);
  expect(world.tracker.comments.get('T-1')!.at(-1)).toContain('Done');
});

test('our own write that comes back is no news, whatever it says', async () => {
  const item = await world.tell('T-2', 1);
  await world.take();
  await world.settle();
  const own = `r${world.tracker.revision}`;
  const before = await eventTypes(world.ledger, item.id);

  await world.tell('T-2', 5, { state: 'closed', title: 'As our write left it', revision: own });

  expect(await eventTypes(world.ledger, item.id)).toEqual(before);
  expect(await world.work.find(item.id)).toMatchObject({ title: 'T-2', state: 'in-progress' });
});

test('a tracker that is down for a while is told the end of it, and nothing twice', async () => {
  const item = await world.tell('T-3', 1);
  world.tracker.isDown = true;
  await world.take();
  await world.settle();
  await world.complete(item.id);
  world.tracker.isDown = false;
  const toldOf = () => world.tracker.writes.filter((write) => write.startsWith('T-3'));
  await waitFor('the tracker to be told', async () => {
    await world.settle();
    return world.tracker.comments.has('T-3');
  });
  await world.settle();

  expect(toldOf()).toEqual(['T-3 done']);
  expect(world.tracker.comments.get('T-3')).toHaveLength(1);
});

test('who asked us in a talk is answered in it, at once', async () => {
  const item = await world.tell('T-4', 1, { thread: 'session-1' });
  await world.tell('T-4', 2, { thread: 'session-1', labels: ['lost?'] });
  await world.settle();

  expect(world.tracker.comments.get('session-1')).toHaveLength(1);
  expect(world.tracker.comments.get('T-4')).toBeUndefined();
  expect(await world.work.find(item.id)).toMatchObject({ state: 'open' });
  await world.complete(item.id);
  await world.settle();
});

test('a tracker whose automation undoes each of our moves is held, and that is told', async () => {
  const item = await world.tell('T-5', 1);
  let minute = 1;
  // It reopens what we close, under a revision of its own.
  world.tracker.onMove = async (key, state) => {
    minute += 1;
    if (key === 'T-5' && state === 'done') await world.tell(key, minute, { state: 'open' });
  };
  for (let round = 0; round < 20; round += 1) {
    await world.complete(item.id);
    await world.settle();
  }

  const writes = world.tracker.writes.filter((write) => write.startsWith('T-5'));
  expect(writes.length).toBeLessThanOrEqual(12);
  expect(await eventTypes(world.ledger, item.id)).toContain('work-item.mirror-held');
});

test('titles of others are no markup in the comment', () => {
  const comment = commentFor(
    {
      state: 'in-progress',
      agent: 'claude`](x) @here',
      changes: [
        {
          id: 'chg_1',
          title: '`]\n@team <!channel>',
          repository: 'acme/shop',
          number: 3,
          state: 'open',
          lane: 'ship',
        },
      ],
    },
    (id) => `https://loom.example/${id}`,
  );

  expect(comment).toBe(
    'In review by `claude ](x) @here`\n\n- [acme/shop#3](https://loom.example/chg_1) `] @team <!channel>`: open, ship',
  );
});
