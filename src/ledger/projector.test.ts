/**
 * Goal: a projection gets every entry exactly once and in log order, on however many nodes.
 * Method: a projection that would show a repeated, skipped or reordered entry; failures in the
 * middle; two pools stand for two nodes.
 */
import { expect, test } from 'vitest';
import { createLogger, createNewId, type Db, openDatabase } from '#kernel';
import { testClock, testDatabase, waitFor } from '#testing';
import { createLedger } from './ledger.ts';
import { createProjector } from './projector.ts';
import { createSequencer } from './sequencer.ts';
import type { Projection } from './service.ts';

const clock = testClock();
const newId = createNewId(clock);
const log = createLogger({ level: 'silent' });

const append = (db: Db, type: string, count: number) =>
  db.transaction((tx) =>
    createLedger({ db, clock, newId, log, tenant: 'acme' }).appendMany(
      tx,
      Array.from({ length: count }, () => ({
        type,
        subject: 'chg_1',
        actor: { kind: 'system', id: 'test' } as const,
      })),
    ),
  );
const place = async (db: Db) => {
  await using sequencer = createSequencer({ db, clock, log, origin: 'acme', start: false });
  await sequencer.runOnce();
};
/** The identity keeps the order of application. */
const makeTable = (db: Db) =>
  db.query('create table applied (nr int generated always as identity, seq bigint not null)');
const applied = async (db: Db) =>
  (await db.query<{ seq: number }>('select seq from applied order by nr')).map(({ seq }) => seq);
const keeper: Projection = {
  name: 'keeper',
  async apply(tx, events) {
    for (const { seq } of events) await tx.query('insert into applied (seq) values ($1)', [seq]);
  },
};
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

test('a projection gets the whole log in order, and later only what is new', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await makeTable(db);
  await using projector = createProjector({ db, clock, log, projections: [keeper], start: false });
  await append(db, 'change.opened', 1_200);
  await place(db);

  expect(await projector.runOnce()).toBe(1_200);
  await append(db, 'change.merged', 1);
  expect(await projector.runOnce()).toBe(0);
  await place(db);
  expect(await projector.runOnce()).toBe(1);

  expect(await applied(db)).toEqual(numbers(1_201));
});

test('a batch that fails leaves neither half its work nor a moved cursor', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await makeTable(db);
  let isBroken = true;
  const fragile: Projection = {
    name: 'fragile',
    async apply(tx, events) {
      await keeper.apply(tx, events);
      if (isBroken) throw new Error('broken');
    },
  };
  await using projector = createProjector({ db, clock, log, projections: [fragile], start: false });
  await append(db, 'change.opened', 3);
  await place(db);

  await expect(projector.runOnce()).rejects.toThrow('broken');
  expect(await applied(db)).toEqual([]);
  isBroken = false;
  await projector.runOnce();

  expect(await applied(db)).toEqual([0, 1, 2]);
});

test('a projection that fails does not hold up the others', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await makeTable(db);
  const broken: Projection = { name: 'broken', apply: () => Promise.reject(new Error('broken')) };
  const projections = [broken, keeper];
  await using projector = createProjector({ db, clock, log, projections, start: false });
  await append(db, 'change.opened', 700);
  await place(db);

  await expect(projector.runOnce()).rejects.toThrow('broken');

  expect(await applied(db)).toEqual(numbers(700));
});

test('a projection gets only the types it wants', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await makeTable(db);
  const picky = { ...keeper, types: ['change.', 'decision.made'] };
  await using projector = createProjector({ db, clock, log, projections: [picky], start: false });
  for (const type of ['change.opened', 'changes.listed', 'decision.made', 'decision.made-up']) {
    await append(db, type, 1);
  }
  await place(db);

  await projector.runOnce();

  expect(await applied(db)).toEqual([0, 2]);
});

test('two nodes share a projection and apply each entry once, in order', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await using second = openDatabase({ url: database.url, poolSize: 4 });
  await makeTable(db);
  const options = { clock, log, projections: [keeper] };
  await using _one = createProjector({ db, ...options });
  await using _two = createProjector({ db: second, ...options });
  await using _sequencer = createSequencer({ db, clock, log, origin: 'acme' });

  for (let round = 0; round < 15; round += 1) await append(db, 'change.opened', 100);
  await waitFor('all entries', async () => (await applied(db)).length >= 1_500);

  expect(await applied(db)).toEqual(numbers(1_500));
});
