/**
 * Goal: what was acknowledged is kept and acted upon once, whatever comes twice, late or broken.
 * Method: the real database; pauses are skipped by moving due times. Signals of changes are tested
 * with the changes; here work items and deployments stand for all.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Signal } from '#connectors/contract';
import { openDatabase } from '#kernel';
import { testDatabase, waitFor } from '#testing';
import type { ChangeKeeper } from '../changes/index.ts';
import { roomsOn, roomsOver, type Rooms } from '../test-rooms.ts';
import { createIntakeService, type Intake, type IntakeDeps } from './service.ts';
import { subjectOf } from './subject.ts';

function intakeOf(
  rooms: Pick<Rooms, 'db' | 'ledger' | 'clock' | 'newId' | 'log'>,
  onDeployment: IntakeDeps['onDeployment'] = async () => {},
): Intake {
  // No signal of these tests is about a change.
  return createIntakeService({
    ...rooms,
    changes: {} as ChangeKeeper,
    onDeployment,
    onIncident: async () => {},
  });
}

function issue(key: string, number = 1, title = 'Refunds are wrong', minute = 0): Signal {
  return {
    type: 'work-item.updated',
    source: 'github',
    dedupeKey: key,
    occurredAt: new Date(Date.UTC(2026, 0, 5, 9, minute)),
    workItem: {
      externalKey: `acme/shop#${number}`,
      repository: 'acme/shop',
      title,
      text: '',
      labels: [],
      state: 'open',
      author: { login: 'ada' },
    },
  };
}

function deployment(key: string, externalKey = key): Signal {
  return {
    type: 'deployment.reported',
    source: 'api',
    dedupeKey: key,
    occurredAt: new Date(),
    repository: 'acme/shop',
    environment: 'production',
    sha: 'a'.repeat(40),
    status: 'succeeded',
    externalKey,
  };
}

async function countOf(rooms: Rooms, table: string): Promise<number> {
  const [row] = await rooms.db.query<{ count: number }>(`select count(*) from loom.${table}`);
  return row!.count;
}

/** What waits for its next try is due now. */
async function skipPauses(rooms: Rooms): Promise<void> {
  await rooms.db.query(`update loom.inbox_signals set due_at = now() where state = 'pending'`);
}

test('a delivery is written down with its event before it is answered', async () => {
  await using rooms = roomsOn(await testDatabase());
  await using intake = intakeOf(rooms);

  const receipt = await intake.receive({
    source: 'github',
    deliveryId: 'd1',
    signals: [issue('k1'), issue('k2', 2)],
  });

  expect(receipt).toEqual({ accepted: 2, isDuplicate: false });
  const events = await rooms.ledger.list({ type: 'signal.received', limit: 10 });
  expect(events.items.map(({ data }) => data?.['dedupeKey']).sort()).toEqual(['k1', 'k2']);
  expect(await intake.counts()).toMatchObject({ pending: 2, dead: 0 });
});

test('the same delivery again, also at the same moment, is acknowledged and has no second effect', async () => {
  await using rooms = roomsOn(await testDatabase());
  await using intake = intakeOf(rooms);
  const delivery = { source: 'github', deliveryId: 'd1', signals: [issue('k1')] };

  const receipts = await Promise.all([1, 2, 3, 4].map(() => intake.receive(delivery)));
  const later = await intake.receive(delivery);

  expect(receipts.filter(({ isDuplicate }) => !isDuplicate)).toEqual([
    { accepted: 1, isDuplicate: false },
  ]);
  expect(later).toEqual({ accepted: 0, isDuplicate: true });
  expect(await countOf(rooms, 'inbox_signals')).toBe(1);
});

test('the same signal in another delivery has no second effect, also within one group', async () => {
  await using rooms = roomsOn(await testDatabase());
  await using intake = intakeOf(rooms);

  const receipts = await Promise.all(
    ['d1', 'd2', 'd3'].map((deliveryId) =>
      intake.receive({ source: 'github', deliveryId, signals: [issue('same')] }),
    ),
  );

  expect(receipts.map(({ accepted }) => accepted).sort()).toEqual([0, 0, 1]);
  expect(receipts.every(({ isDuplicate }) => !isDuplicate)).toBe(true);
  expect(await countOf(rooms, 'inbox_signals')).toBe(1);
});

test('nodes that are sent the same deliveries at once keep each of them once', async () => {
  await using rooms = roomsOn(await testDatabase());
  await using stack = new AsyncDisposableStack();
  const intakes = [1, 2, 3].map(() => {
    const db = stack.use(openDatabase({ url: rooms.database.url, poolSize: 4 }));
    return stack.use(intakeOf(roomsOver(db)));
  });
  const numbers = Array.from({ length: 150 }, (_, index) => index);

  const receipts = await Promise.all(
    intakes.flatMap((intake, node) =>
      // Each node gets them in another order.
      numbers
        .map((number) => (number * (node * 2 + 1) + node * 7) % numbers.length)
        .map((number) =>
          intake.receive({
            source: 'github',
            deliveryId: `d${number}`,
            signals: [issue(`k${number}`, number)],
          }),
        ),
    ),
  );

  const distinct = new Set(
    [0, 1, 2].flatMap((node) =>
      numbers.map((number) => (number * (node * 2 + 1) + node * 7) % 150),
    ),
  ).size;
  expect(receipts.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(distinct);
  expect(await countOf(rooms, 'inbox_signals')).toBe(distinct);
  expect(await countOf(rooms, 'events')).toBe(distinct);
});

test('signals of one subject are acted upon in order, by nodes that work side by side', async () => {
  await using rooms = roomsOn(await testDatabase());
  const seen: string[] = [];
  await using intake = intakeOf(rooms, async (signal) => {
    await Promise.resolve();
    seen.push(signal.dedupeKey);
  });
  for (let index = 0; index < 12; index += 1) {
    const key = `${index % 3}-${index}`;
    await intake.receive({
      source: 'api',
      deliveryId: key,
      signals: [deployment(key, `release-${index % 3}`)],
    });
  }

  await Promise.all([1, 2, 3].map(() => intake.processOnce()));
  while ((await intake.processOnce()) > 0);

  for (const subject of ['0', '1', '2']) {
    const order = seen
      .filter((key) => key.startsWith(`${subject}-`))
      .map((key) => Number(key.slice(2)));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  }
  expect(seen).toHaveLength(12);
});

test('a poison signal is tried again, then put aside in sight of all, and holds up nobody', async () => {
  await using rooms = roomsOn(await testDatabase());
  let tries = 0;
  await using intake = intakeOf(rooms, async ({ dedupeKey }) => {
    if (dedupeKey !== 'poison') return;
    tries += 1;
    throw new Error('cannot be understood');
  });
  await intake.receive({
    source: 'api',
    deliveryId: 'd1',
    signals: [deployment('poison', 'release'), deployment('good', 'release'), issue('k1')],
  });

  await intake.processOnce();
  await intake.processOnce();
  const afterFirst = await intake.counts();
  for (let round = 0; round < 10; round += 1) {
    await skipPauses(rooms);
    await intake.processOnce();
  }

  expect(afterFirst).toMatchObject({ pending: 1, dead: 0 });
  expect(tries).toBe(8);
  const dead = await intake.listDead(10);
  expect(dead).toMatchObject([{ type: 'deployment.reported' }]);
  const events = await rooms.ledger.list({ type: 'signal.dead-lettered', limit: 10 });
  expect(events.items).toMatchObject([{ subject: dead[0]!.id, data: { attempts: 8 } }]);
  expect((await rooms.work.list({ limit: 10 })).items).toHaveLength(1);
});

test('a dead signal can be tried afresh', async () => {
  await using rooms = roomsOn(await testDatabase());
  let isBroken = true;
  await using intake = intakeOf(rooms, async () => {
    if (isBroken) throw new Error('not yet');
  });
  await intake.receive({ source: 'api', deliveryId: 'd1', signals: [deployment('k')] });
  for (let round = 0; round < 9; round += 1) {
    await skipPauses(rooms);
    await intake.processOnce();
  }
  const [dead] = await intake.listDead(10);
  isBroken = false;

  expect(await intake.revive(dead!.id)).toBe(true);
  expect(await intake.processOnce()).toBe(1);
  expect(await intake.counts()).toMatchObject({ pending: 0, dead: 0 });
});

test('a signal whose node died is taken up by another when the lease is over', async () => {
  await using rooms = roomsOn(await testDatabase());
  const died = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  await using dying = intakeOf(rooms, async () => {
    taken.resolve();
    await died.promise;
  });
  const seen: string[] = [];
  await using other = intakeOf(rooms, async ({ dedupeKey }) => {
    seen.push(dedupeKey);
  });
  await dying.receive({ source: 'api', deliveryId: 'd1', signals: [deployment('k')] });
  const stuck = dying.processOnce();
  await taken.promise;

  const before = await other.processOnce();
  await rooms.db.query(`update loom.inbox_signals set lease_until = now() - interval '1 second'`);
  const after = await other.processOnce();
  died.resolve();
  await stuck;

  expect([before, after, seen]).toEqual([0, 1, ['k']]);
});

test('a signal that takes longer than its lease stays with the node that works on it', async () => {
  await using rooms = roomsOn(await testDatabase());
  const released = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<void>();
  await using slow = createIntakeService({
    ...rooms,
    changes: {} as ChangeKeeper,
    leaseMs: 60,
    onIncident: async () => {},
    async onDeployment() {
      taken.resolve();
      await released.promise;
    },
  });
  await slow.receive({ source: 'api', deliveryId: 'd1', signals: [deployment('k')] });
  const working = slow.processOnce();
  await taken.promise;
  const leaseOf = async () =>
    (
      await rooms.db.query<{ until: Date }>('select lease_until as until from loom.inbox_signals')
    )[0]?.until;
  const first = await leaseOf();

  await waitFor('the lease to be renewed', async () => (await leaseOf())! > first!);
  released.resolve();
  await working;

  expect(await slow.counts()).toMatchObject({ pending: 0, dead: 0 });
});

test('handled signals are cleared away in time, and still known when they come again', async () => {
  await using rooms = roomsOn(await testDatabase());
  await using intake = intakeOf(rooms);
  await intake.receive({ source: 'api', deliveryId: 'd1', signals: [deployment('k')] });
  await intake.processOnce();
  await rooms.db.query(`update loom.inbox_signals set handled_at = now() - interval '30 days'`);

  await intake.tidy();
  const again = await intake.receive({
    source: 'api',
    deliveryId: 'd2',
    signals: [deployment('k')],
  });

  expect(await countOf(rooms, 'inbox_signals')).toBe(0);
  expect(again).toEqual({ accepted: 0, isDuplicate: false });
});

test('issues in any order and any number end in the newest word', async () => {
  await using rooms = roomsOn(await testDatabase());
  await using intake = intakeOf(rooms);
  let round = 0;

  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
      fc.array(fc.nat(4), { maxLength: 5 }),
      async (order, repeats) => {
        round += 1;
        for (const [index, minute] of [...order, ...repeats].entries()) {
          await intake.receive({
            source: 'github',
            deliveryId: `r${round}-${index}`,
            signals: [issue(`r${round}-${minute}`, round, `title ${minute}`, minute)],
          });
          await intake.processOnce();
        }
        const { items } = await rooms.work.list({ limit: 1 });
        expect(items[0]).toMatchObject({
          externalKey: `acme/shop#${round}`,
          title: 'title 4',
        });
      },
    ),
    { numRuns: 8 },
  );
});

test('news of a branch and of its change are one subject', () => {
  const common = { source: 'local', dedupeKey: 'k', occurredAt: new Date() };
  const change = {
    repository: 'acme/shop',
    branch: 'topic',
    baseBranch: 'main',
    headSha: 'a'.repeat(40),
    title: '',
    text: '',
    author: {},
    isDraft: false,
  };

  expect(subjectOf({ ...common, type: 'change.opened', change })).toBe(
    subjectOf({
      ...common,
      type: 'branch.pushed',
      repository: 'acme/shop',
      branch: 'topic',
      beforeSha: null,
      afterSha: 'a'.repeat(40),
      isForced: false,
      pusher: {},
    }),
  );
});
