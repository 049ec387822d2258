/**
 * Goal: an event is there if and only if its transaction committed, is found by everything it names,
 * and can never be changed.
 * Method: the real ledger on the real server, in a database of its own.
 */
import { expect, test } from 'vitest';
import { createLogger, createNewId, type Db } from '#kernel';
import { testClock, testDatabase } from '#testing';
import { createLedger } from './ledger.ts';
import type { NewEvent } from './schema.ts';
import type { Ledger } from './service.ts';

const clock = testClock();
const newId = createNewId(clock);
const log = createLogger({ level: 'silent' });

function aLedger(db: Db): Ledger {
  return createLedger({ db, clock, newId, log, tenant: 'acme' });
}

function anEvent(overrides: Partial<NewEvent> = {}): NewEvent {
  return {
    type: 'change.opened',
    subject: 'chg_1',
    actor: { kind: 'person', id: 'usr_1' },
    ...overrides,
  };
}

test('an event and the state beside it commit together or not at all', async () => {
  await using database = await testDatabase();
  const { db } = database;
  const ledger = aLedger(db);
  await db.query('create table states (id text primary key)');
  const work = (isBroken: boolean) =>
    db.transaction(async (tx) => {
      await tx.query(`insert into states values ($1)`, [String(isBroken)]);
      await ledger.append(tx, anEvent({ subject: String(isBroken) }));
      if (isBroken) throw new Error('changed my mind');
    });

  await work(false);
  await expect(work(true)).rejects.toThrow('changed my mind');

  const { items } = await ledger.list({});
  expect(items.map(({ subject }) => subject)).toEqual(['false']);
  expect(await db.query('select id from states')).toEqual([{ id: 'false' }]);
});

test('a reader sees exactly what the writer was told', async () => {
  await using database = await testDatabase();
  const ledger = aLedger(database.db);
  const occurredAt = new Date('2026-01-02T03:04:05.678Z');

  const written = await database.db.transaction((tx) =>
    ledger.append(
      tx,
      anEvent({
        actor: { kind: 'agent', id: 'ses_1', onBehalfOf: 'usr_1' },
        occurredAt,
        refs: { change: 'chg_1', repository: 'repo_1', session: undefined },
        data: { at: occurredAt, text: 'a "quoted" \\ {brace}, ü\n\u0000', list: [1, null, true] },
      }),
    ),
  );

  expect(await ledger.find(written.id)).toEqual(written);
  expect(written).toMatchObject({
    seq: null,
    occurredAt,
    recordedAt: clock.now(),
    refs: { change: 'chg_1', repository: 'repo_1' },
    data: { at: '2026-01-02T03:04:05.678Z', list: [1, null, true] },
  });
});

test('a thread of work is inherited from the cause, and starts with the event itself', async () => {
  await using database = await testDatabase();
  const ledger = aLedger(database.db);

  const [first, second, third] = await database.db.transaction(async (tx) => {
    const signal = await ledger.append(tx, anEvent());
    const effect = await ledger.append(tx, anEvent({ cause: signal.id }));
    const given = await ledger.append(tx, anEvent({ cause: signal.id, correlationId: 'own' }));
    return [signal, effect, given];
  });

  expect(first?.correlationId).toBe(first?.id);
  expect(second?.correlationId).toBe(first?.id);
  expect(third?.correlationId).toBe('own');
});

test('events of one call may name each other as causes', async () => {
  await using database = await testDatabase();
  const ledger = aLedger(database.db);
  const before = await database.db.transaction((tx) => ledger.append(tx, anEvent()));
  const [first, second] = [newId('evt'), newId('evt')];

  const written = await database.db.transaction((tx) =>
    ledger.appendMany(tx, [
      anEvent({ cause: second }),
      anEvent({ id: second, cause: first }),
      anEvent({ id: first, cause: before.id }),
    ]),
  );

  expect(written.map(({ correlationId }) => correlationId)).toEqual(Array(3).fill(before.id));
  expect(await ledger.find(first)).toEqual(written[2]);
});

test('many events in one call keep their order', async () => {
  await using database = await testDatabase();
  const ledger = aLedger(database.db);
  const subjects = Array.from({ length: 500 }, (_, index) => `thing-${index}`);

  await database.db.transaction((tx) =>
    ledger.appendMany(
      tx,
      subjects.map((subject) => anEvent({ subject, data: { subject } })),
    ),
  );

  const found: unknown[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.list({ order: 'oldest', limit: 120, cursor });
    found.push(...page.items.map(({ data }) => data?.['subject']));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  expect(found).toEqual(subjects);
});

test('events are found by type, prefix, subject, ref, thread and actor, in both orders', async () => {
  await using database = await testDatabase();
  const ledger = aLedger(database.db);
  const actor = { kind: 'agent', id: 'ses_9' } as const;
  await database.db.transaction((tx) =>
    ledger.appendMany(tx, [
      anEvent({ type: 'change.opened', subject: 'chg_1', correlationId: 'one' }),
      anEvent({ type: 'decision.made', subject: 'dec_1', refs: { change: 'chg_1' } }),
      anEvent({ type: 'decisions.listed', subject: 'dec_2', refs: { decision: 'dec_1' }, actor }),
      anEvent({ type: 'change.merged', subject: 'chg_2', correlationId: 'one' }),
    ]),
  );
  const types = async (query: Parameters<Ledger['list']>[0]) =>
    (await ledger.list(query)).items.map(({ type }) => type);

  expect(await types({ type: 'decision.made' })).toEqual(['decision.made']);
  expect(await types({ type: 'decision.' })).toEqual(['decision.made']);
  expect(await types({ type: 'change.', order: 'oldest' })).toEqual([
    'change.opened',
    'change.merged',
  ]);
  expect(await types({ subject: 'chg_1' })).toEqual(['change.opened']);
  expect(await types({ ref: 'chg_1' })).toEqual(['decision.made', 'change.opened']);
  expect(await types({ ref: 'chg_1', subject: 'dec_1' })).toEqual(['decision.made']);
  expect(await types({ ref: 'dec_1', order: 'oldest' })).toEqual([
    'decision.made',
    'decisions.listed',
  ]);
  expect(await types({ correlationId: 'one' })).toEqual(['change.merged', 'change.opened']);
  expect(await types({ actorId: 'ses_9' })).toEqual(['decisions.listed']);
});

test.each([
  ['a type without a noun', { type: 'opened' }],
  ['an empty subject', { subject: '' }],
  ['a subject with a zero character', { subject: 'a\0b' }],
  ['a ref that is too long', { refs: { change: 'x'.repeat(301) } }],
  ['a redaction by hand', { type: 'payload.redacted' }],
  ['data that is not JSON', { data: { big: 1n } }],
])('an event is refused with %s', async (_what, overrides) => {
  await using database = await testDatabase();
  const ledger = aLedger(database.db);

  const appending = database.db.transaction((tx) => ledger.append(tx, anEvent(overrides)));

  await expect(appending).rejects.toMatchObject({ kind: 'invalid', code: 'ledger.bad_event' });
});

test('the database refuses to change, remove or empty what was recorded', async () => {
  await using database = await testDatabase();
  const { db } = database;
  const ledger = aLedger(db);
  await db.transaction((tx) => ledger.append(tx, anEvent({ data: { a: 1 } })));

  for (const statement of [
    `update loom.events set subject = 'other'`,
    'delete from loom.events',
    'truncate loom.events cascade',
    'delete from loom.event_refs',
    `update loom.event_payloads set value = ''`,
    'delete from loom.event_payloads',
    'truncate loom.event_payloads',
  ]) {
    await expect(db.query(statement)).rejects.toThrow(/is append-only: .* is refused/);
  }
  expect((await ledger.list({})).items[0]).toMatchObject({ subject: 'chg_1', data: { a: 1 } });
});

test('an equal idempotency key leaves one outbox message, the first', async () => {
  await using database = await testDatabase();
  const ledger = aLedger(database.db);
  const message = { target: 'github.merge', idempotencyKey: 'chg_1@abc' };

  await database.db.transaction((tx) => ledger.enqueue(tx, { ...message, payload: { n: 1 } }));
  await database.db.transaction((tx) => ledger.enqueue(tx, { ...message, payload: { n: 2 } }));

  expect(await database.db.query('select payload, state from loom.outbox_messages')).toEqual([
    { payload: { n: 1 }, state: 'pending' },
  ]);
});
