/**
 * Goal: a transaction commits once or not at all, deadlocks are survived, and failures speak our
 * language.
 * Method: the real server; each test in its own cloned database.
 */
import { expect, test } from 'vitest';
import { testDatabase, waitFor } from '#testing';
import { AppError } from '../errors.ts';
import { kysely, openDatabase } from './database.ts';
import { migrate, readMigrations } from './migrate.ts';

test('what a transaction wrote is gone when its work throws', async () => {
  await using database = await testDatabase();
  await database.db.query('create table things (id int primary key)');

  const failing = database.db.transaction(async (tx) => {
    await tx.query('insert into things values (1)');
    throw new Error('changed my mind');
  });

  await expect(failing).rejects.toThrow('changed my mind');
  expect(await database.db.query('select * from things')).toEqual([]);
});

test('who asks to be called after the commit is called then, and not after a rollback', async () => {
  await using database = await testDatabase();
  await database.db.query('create table things (id int primary key)');
  const calls: string[] = [];

  await database.db.transaction(async (tx) => {
    tx.afterCommit(() => calls.push('committed'));
    await tx.query('insert into things values (1)');
    expect(calls).toEqual([]);
  });
  const failing = database.db.transaction(async (tx) => {
    tx.afterCommit(() => calls.push('rolled back'));
    await tx.query('insert into things values (1)');
  });

  await expect(failing).rejects.toMatchObject({ code: '23505' });
  expect(calls).toEqual(['committed']);
});

test('a statement sent with the commit is committed with the rest, after it', async () => {
  await using database = await testDatabase();
  await database.db.query('create table things (id int primary key)');

  await database.db.transaction(async (tx) => {
    tx.withCommit('insert into things select max(id) + 1 from things');
    await tx.query('insert into things values (1)');
  });

  expect(await database.db.query('select id from things order by id')).toEqual([
    { id: 1 },
    { id: 2 },
  ]);
});

test('when a statement sent with the commit fails, nothing is committed and it says why', async () => {
  await using database = await testDatabase();
  await database.db.query('create table things (id int primary key)');
  const calls: string[] = [];

  const failing = database.db.transaction(async (tx) => {
    await tx.query('insert into things values (1)');
    tx.afterCommit(() => calls.push('committed'));
    tx.withCommit('insert into things values (1)');
    tx.withCommit('insert into things values (2)');
  });

  await expect(failing).rejects.toMatchObject({ code: '23505' });
  expect(await database.db.query('select * from things')).toEqual([]);
  expect(calls).toEqual([]);
});

test('statements sent only with the commit are one transaction, and its failure harms no later one', async () => {
  await using database = await testDatabase();
  await using db = openDatabase({ url: database.url, poolSize: 1 });
  await db.query('create table things (id int primary key, words text[])');
  const insert = 'insert into things values ($1, $2) returning words, id';
  const append = (first: number, second: number): Promise<object[]> =>
    db.transaction(async (tx) => {
      const told: object[] = [];
      tx.withCommit(insert, [first, ['a "b"', null, '\\c']], 'insert', (rows) =>
        told.push(...rows),
      );
      tx.withCommit('select count(*)::int as count from things', [], 'count', (rows) =>
        told.push(...rows),
      );
      tx.withCommit(insert, [second, null], 'insert', (rows) => told.push(...rows));
      return told;
    });

  await expect(append(1, 1)).rejects.toMatchObject({ code: '23505' });
  const told = await append(1, 2);

  expect(told).toEqual([
    { words: ['a "b"', null, '\\c'], id: 1 },
    { count: 1 },
    { words: null, id: 2 },
  ]);
  expect(await append(3, 4)).toHaveLength(3);
});

test('two transactions that lock in opposite order both commit', async () => {
  await using database = await testDatabase();
  await database.db.query('create table counters (id int primary key, n int not null)');
  await database.db.query('insert into counters values (1, 0), (2, 0)');
  const gate = Promise.withResolvers<void>();
  let arrived = 0;

  async function bump(first: number, second: number): Promise<void> {
    await database.db.transaction(async (tx) => {
      await tx.query('update counters set n = n + 1 where id = $1', [first]);
      arrived += 1;
      if (arrived === 2) gate.resolve();
      await gate.promise;
      await tx.query('update counters set n = n + 1 where id = $1', [second]);
    });
  }
  await Promise.all([bump(1, 2), bump(2, 1)]);

  expect(await database.db.query('select n from counters order by id')).toEqual([
    { n: 2 },
    { n: 2 },
  ]);
});

test('a server that is not there is unavailable, with a hint and a stable code', async () => {
  await using db = openDatabase({ url: 'postgres://loom@127.0.0.1:1/none' });

  const asking = db.query('select 1');

  await expect(asking).rejects.toMatchObject({ kind: 'unavailable', code: 'database.unavailable' });
});

test('the query builder works inside a transaction', async () => {
  await using database = await testDatabase();
  await database.db.query('create table pioneers (name text, age bigint)');

  const oldest = await database.db.transaction(async (tx) => {
    const people = kysely<{ pioneers: { name: string; age: number } }>(tx);
    await people
      .insertInto('pioneers')
      .values([
        { name: 'Ada', age: 36 },
        { name: 'Grace', age: 85 },
      ])
      .execute();
    return people.selectFrom('pioneers').selectAll().orderBy('age', 'desc').executeTakeFirst();
  });

  expect(oldest).toEqual({ name: 'Grace', age: 85 });
});

test('nodes that start together migrate once', async () => {
  await using database = await testDatabase({ empty: true });

  const results = await Promise.all([1, 2, 3].map(() => migrate(database.db)));

  expect(results.flatMap(({ applied }) => applied)).toHaveLength(readMigrations().length);
});

test('an applied migration that was edited is refused', async () => {
  await using database = await testDatabase({ empty: true });
  const first = { number: 1, name: '0001_first.sql', sql: 'select 1', sha256: 'a' };
  await migrate(database.db, [first]);

  const again = migrate(database.db, [{ ...first, sha256: 'b' }]);

  await expect(again).rejects.toBeInstanceOf(AppError);
  await expect(again).rejects.toMatchObject({ code: 'database.migration_changed' });
});

test("a NUL from outside is the sender's mistake, as text and inside JSON", async () => {
  await using database = await testDatabase();

  const outcomes = await Promise.allSettled([
    database.db.query('select $1::text', ['a\0b']),
    database.db.query('select $1::jsonb', [JSON.stringify({ title: 'a\0b' })]),
  ]);

  const reason = { kind: 'invalid', code: 'database.unstorable_text' };
  expect(outcomes).toMatchObject([{ reason }, { reason }]);
});

test('a notification reaches listeners on the same object at once, others through the server', async () => {
  await using database = await testDatabase();
  await using other = openDatabase({ url: database.url, poolSize: 1 });
  const ending = new AbortController();
  const near: string[] = [];
  const far: string[] = [];
  database.db.listen('news', (payload) => near.push(payload), ending.signal);
  other.listen('news', (payload) => far.push(payload), ending.signal);
  await waitFor('both to listen', () => near.includes('') && far.includes(''));

  database.db.notify('news', 'first');

  expect(near).toContain('first');
  await waitFor('the far one to hear', () => far.includes('first'));
  ending.abort();
  const heard = near.length;
  database.db.notify('news', 'second');
  expect(near).toHaveLength(heard);
});
