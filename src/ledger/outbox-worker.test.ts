/**
 * Goal: every message is delivered, its effect happens once although workers die, and what cannot be
 * delivered is given up openly.
 * Method: an outside system that honours idempotency keys; a lease that is let run out stands for a
 * killed worker.
 */
import { expect, test } from 'vitest';
import { AppError, createLogger, createNewId, type Db } from '#kernel';
import { testClock, testDatabase, waitFor } from '#testing';
import { createLedger } from './ledger.ts';
import { leaseMessages, readOutboxStatus } from './outbox-store.ts';
import { createOutboxWorker, type OutboxWorkerDeps, pauseAfter } from './outbox-worker.ts';

const clock = testClock();
const newId = createNewId(clock);
const log = createLogger({ level: 'silent' });
const target = 'outside.call';

const aLedger = (db: Db) => createLedger({ db, clock, newId, log, tenant: 'acme' });
const enqueue = (db: Db, ...keys: string[]) =>
  db.transaction(async (tx) => {
    for (const key of keys) {
      await aLedger(db).enqueue(tx, { target, payload: { key }, idempotencyKey: key });
    }
  });
const states = async (db: Db) =>
  (await db.query<{ state: string }>('select state from loom.outbox_messages order by id')).map(
    ({ state }) => state,
  );
const aWorker = (
  db: Db,
  deliver: OutboxWorkerDeps['handlers'][number]['deliver'],
  options: Partial<OutboxWorkerDeps> = {},
) =>
  createOutboxWorker({
    db,
    ledger: aLedger(db),
    clock,
    newId,
    log,
    handlers: [{ target, deliver }],
    start: false,
    ...options,
  });

test('a message is delivered once, with what it was left with', async () => {
  await using database = await testDatabase();
  const { db } = database;
  const calls: unknown[] = [];
  await using worker = aWorker(db, async (message) => void calls.push(message));
  await enqueue(db, 'one');

  expect(await worker.runOnce()).toBe(1);
  expect(await worker.runOnce()).toBe(0);

  expect(calls).toEqual([
    {
      payload: { key: 'one' },
      idempotencyKey: 'one',
      attempt: 1,
      cause: null,
      correlationId: null,
    },
  ]);
  expect(await states(db)).toEqual(['delivered']);
});

test('a message of a transaction that was rolled back is never delivered', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await using worker = aWorker(db, async () => {});
  const failing = db.transaction(async (tx) => {
    await aLedger(db).enqueue(tx, { target, payload: {}, idempotencyKey: 'one' });
    throw new Error('changed my mind');
  });
  await expect(failing).rejects.toThrow('changed my mind');

  expect(await worker.runOnce()).toBe(0);
});

test('when a worker dies after the call, another repeats it and the effect still happens once', async () => {
  await using database = await testDatabase();
  const { db } = database;
  const effects = new Set<string>();
  let calls = 0;
  await enqueue(db, 'one');
  // The first worker takes the message, makes the call and dies before it can say so.
  const [taken] = await leaseMessages(db, { targets: [target], limit: 1, leaseMs: 0 });
  effects.add(taken!.idempotencyKey);
  await using second = aWorker(db, async ({ idempotencyKey, attempt }) => {
    calls += 1;
    expect(attempt).toBe(2);
    effects.add(idempotencyKey);
  });

  await second.runOnce();

  expect({ calls, effects: [...effects] }).toEqual({ calls: 1, effects: ['one'] });
  expect(await states(db)).toEqual(['delivered']);
});

test('a message under lease is left alone, and a lost lease settles nothing', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await enqueue(db, 'one');
  const lost = Promise.withResolvers<void>();
  const hasBegun = Promise.withResolvers<void>();
  await using slow = aWorker(db, async () => {
    hasBegun.resolve();
    await lost.promise;
    throw new Error('too late');
  });
  await using other = aWorker(db, async () => {});
  const running = slow.runOnce();
  await hasBegun.promise;
  expect(await other.runOnce()).toBe(0);

  await db.query('update loom.outbox_messages set due_at = now()');
  expect(await other.runOnce()).toBe(1);
  lost.resolve();
  await running;

  expect(await db.query('select state, attempt, last_error from loom.outbox_messages')).toEqual([
    { state: 'delivered', attempt: 2, last_error: null },
  ]);
});

test('a message that only another node can serve waits for that node and loses no attempt', async () => {
  await using database = await testDatabase();
  const { db } = database;
  const seen: string[] = [];
  const deliverAs = (node: string) => async () => void seen.push(node);
  const leaveToOthers = [{ key: 'elsewhere' }, { host: 'unknown' }];
  await using incapable = aWorker(db, deliverAs('incapable'), {
    leaveToOthers: () => leaveToOthers,
  });
  await using capable = aWorker(db, deliverAs('capable'));
  await enqueue(db, 'elsewhere');

  expect(await incapable.runOnce()).toBe(0);
  expect(await capable.runOnce()).toBe(1);

  expect(seen).toEqual(['capable']);
  expect(await db.query('select attempt from loom.outbox_messages')).toEqual([{ attempt: 1 }]);
});

test('workers side by side deliver each message once', async () => {
  await using database = await testDatabase();
  const { db } = database;
  const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`);
  const calls: string[] = [];
  const deliver = async ({ idempotencyKey }: { idempotencyKey: string }) =>
    void calls.push(idempotencyKey);
  await using one = aWorker(db, deliver, { start: true, concurrency: 3 });
  await using two = aWorker(db, deliver, { start: true, concurrency: 3 });

  await enqueue(db, ...keys);
  await waitFor('all deliveries', async () => (await states(db)).every((s) => s === 'delivered'));

  expect([one.name, two.name]).toEqual(['outbox', 'outbox']);
  expect(calls.sort()).toEqual(keys.sort());
});

test('a failed delivery is tried again after a pause and tells no secret', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await using worker = aWorker(db, async ({ attempt }) => {
    if (attempt === 1) throw new TypeError('https://x-token:s3cret@example.com');
  });
  await enqueue(db, 'one');
  await worker.runOnce();
  const [row] = await db.query<{ isLater: boolean; error: string }>(
    'select due_at > now() as "isLater", last_error as error from loom.outbox_messages',
  );
  expect(row).toEqual({ isLater: true, error: 'TypeError' });

  await db.query('update loom.outbox_messages set due_at = now()');
  await worker.runOnce();

  expect(await states(db)).toEqual(['delivered']);
});

test('a message that fails to the last attempt is dead, and the ledger says so', async () => {
  await using database = await testDatabase();
  const { db } = database;
  const ledger = aLedger(db);
  const cause = await db.transaction(async (tx) => {
    const event = await ledger.append(tx, {
      type: 'change.merging',
      subject: 'chg_1',
      actor: { kind: 'system', id: 'workflow' },
    });
    await ledger.enqueue(tx, {
      target,
      payload: {},
      idempotencyKey: 'one',
      cause: event.id,
      correlationId: event.correlationId,
    });
    return event;
  });
  const refuse = async () => {
    throw new AppError('forbidden', 'outside.refused', { message: 'Not allowed.' });
  };
  await using worker = aWorker(db, refuse, { maxAttempts: 3, retryInMs: () => 0 });

  expect(await worker.runOnce()).toBe(3);

  expect(await readOutboxStatus(db)).toEqual({ pending: 0, dead: 1, lagMs: 0 });
  const { items } = await ledger.list({ type: 'outbox.delivery-failed' });
  expect(items).toMatchObject([
    {
      cause: cause.id,
      correlationId: cause.correlationId,
      data: { target, attempts: 3, reason: 'outside.refused: Not allowed.' },
    },
  ]);
});

test('what is away for long loses nothing, and is left alone for as long as it asks', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await enqueue(db, 'patient');
  let attempts = 0;
  const away = async () => {
    attempts += 1;
    if (attempts === 40) return;
    throw new AppError('unavailable', 'outside.away', {
      message: 'Away.',
      ...(attempts === 30 ? { details: { retryAfterSeconds: 3_600 } } : {}),
    });
  };
  await using worker = aWorker(db, away, { maxAttempts: 3, retryInMs: () => 0 });

  await worker.runOnce();
  const asked = await states(db);
  const tried = attempts;
  await db.query('update loom.outbox_messages set due_at = now()');
  await worker.runOnce();

  expect({ asked, tried }).toEqual({ asked: ['pending'], tried: 30 });
  expect(await states(db)).toEqual(['delivered']);
});

test('pauses double up to ten minutes, each a little different', () => {
  const pauses = [1, 2, 3, 10, 15].map((attempt) => pauseAfter(attempt, () => 0.5));

  expect(pauses).toEqual([1_000, 2_000, 4_000, 512_000, 600_000]);
  expect(pauseAfter(1, () => 0)).toBe(750);
  expect(pauseAfter(1, () => 1)).toBe(1_250);
});
