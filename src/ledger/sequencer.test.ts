/**
 * Goal: every committed event gets one place in the log, in an order no reader can miss, under
 * checkpoints that hold for ever; any number of nodes may do it at once.
 * Method: the real server; transactions held open on purpose; two pools stand for two nodes.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogger, createNewId, type Db, openDatabase } from '#kernel';
import { testClock, testDatabase, waitFor } from '#testing';
import { createLedger } from './ledger.ts';
import type { LedgerEvent, NewEvent } from './schema.ts';
import { createSequencer } from './sequencer.ts';
import { openCheckpoint, parseProof } from './transparency/checkpoint.ts';
import { leafHash, verifyInclusion } from './transparency/merkle.ts';
import { generateKey, parseVkey } from './transparency/note.ts';

const clock = testClock();
const newId = createNewId(clock);
const log = createLogger({ level: 'silent' });
const origin = 'acme.example/log';

const aLedger = (db: Db) => createLedger({ db, clock, newId, log, tenant: 'acme' });
const aSequencer = (db: Db, options: { keyFile?: string; start?: boolean } = {}) =>
  createSequencer({ db, clock, log, origin, start: false, ...options });
const anEvent = (subject: string): NewEvent => ({
  type: 'change.opened',
  subject,
  actor: { kind: 'person', id: 'usr_1' },
  data: { subject },
});
const append = (db: Db, ...subjects: string[]) =>
  db.transaction((tx) => aLedger(db).appendMany(tx, subjects.map(anEvent)));

async function readAll(db: Db): Promise<LedgerEvent[]> {
  const ledger = aLedger(db);
  const events: LedgerEvent[] = [];
  const stop = new AbortController();
  const head = await ledger.head();
  for await (const event of ledger.tail({ after: -1, signal: stop.signal })) {
    events.push(event);
    if (event.seq === head) break;
  }
  return events;
}

test('a transaction that commits late is placed late, and is not skipped', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await using sequencer = aSequencer(db);
  const mayCommit = Promise.withResolvers<void>();
  const hasAppended = Promise.withResolvers<void>();
  const late = db.transaction(async (tx) => {
    await aLedger(db).append(tx, anEvent('late'));
    hasAppended.resolve();
    await mayCommit.promise;
  });
  await hasAppended.promise;
  await append(db, 'early');

  expect(await sequencer.runOnce()).toBe(1);
  mayCommit.resolve();
  await late;
  expect(await sequencer.runOnce()).toBe(1);

  const events = await readAll(db);
  expect(events.map(({ seq, subject }) => [seq, subject])).toEqual([
    [0, 'early'],
    [1, 'late'],
  ]);
});

test('an event that was rolled back never gets a place', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await using sequencer = aSequencer(db);
  const failing = db.transaction(async (tx) => {
    await aLedger(db).append(tx, anEvent('never'));
    throw new Error('changed my mind');
  });
  await expect(failing).rejects.toThrow('changed my mind');
  await append(db, 'first');

  await sequencer.runOnce();

  expect((await readAll(db)).map(({ subject }) => subject)).toEqual(['first']);
});

test('appenders and sequencers on two nodes make one dense log that verifies', async () => {
  await using database = await testDatabase();
  await using second = openDatabase({ url: database.url, poolSize: 8 });
  const nodes = [database.db, second];
  await using one = aSequencer(database.db, { start: true });
  await using two = aSequencer(second, { start: true });

  await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      append(nodes[index % 2]!, ...Array.from({ length: 10 }, (_, at) => `${index}-${at}`)),
    ),
  );
  await one.runOnce();
  await two.runOnce();

  const events = await readAll(second);
  expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 600 }, (_, seq) => seq));
  expect(new Set(events.map(({ subject }) => subject)).size).toBe(600);
  expect(await two.verifyDatabase()).toMatchObject({
    isValid: true,
    checked: { entries: 600, payloads: 600 },
    checkpoint: { size: 600 },
  });
  expect(await second.query('select from loom.log_keys')).toHaveLength(1);
});

test('a follower sees every entry once and in order while nodes append', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await using _sequencer = aSequencer(db, { start: true });
  const stop = new AbortController();
  const seen: LedgerEvent[] = [];
  const following = (async () => {
    for await (const event of aLedger(db).tail({ after: -1, signal: stop.signal })) {
      seen.push(event);
    }
  })();

  for (let round = 0; round < 20; round += 1) {
    await Promise.all([append(db, `${round}-a`), append(db, `${round}-b`, `${round}-c`)]);
  }
  await waitFor('all entries', () => seen.length === 60);
  stop.abort();
  await following;

  expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, seq) => seq));
});

test('a follower that starts from now sees only what comes', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await using sequencer = aSequencer(db);
  await append(db, 'before');
  await sequencer.runOnce();
  const stop = new AbortController();
  const following = aLedger(db).tail({ signal: stop.signal })[Symbol.asyncIterator]();
  let first: IteratorResult<LedgerEvent> | undefined;
  const arriving = following.next().then((result) => (first = result));

  // Nothing tells when the follower has looked for its start, so news keeps coming until it sees some.
  await waitFor('an entry', async () => {
    await append(db, 'after');
    await sequencer.runOnce();
    return first !== undefined;
  });
  await arriving;
  stop.abort();

  expect(first?.value).toMatchObject({ subject: 'after' });
  expect(await following.next()).toMatchObject({ done: true });
});

test('entries are never dated backwards, whatever the clocks of the nodes say', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await using sequencer = aSequencer(db);
  const hourAgo = testClock(new Date(clock.now().getTime() - 3_600_000));
  const behind = createLedger({ db, clock: hourAgo, newId, log, tenant: 'acme' });
  await append(db, 'now');
  await db.transaction((tx) => behind.append(tx, anEvent('an hour ago')));

  await sequencer.runOnce();

  const rows = await db.query<{ entry: Buffer }>('select entry from loom.log_leaves order by seq');
  const entries = rows.map(({ entry }) => JSON.parse(entry.toString()) as { ts: string });
  expect(entries.map(({ ts }) => ts)).toEqual(Array(2).fill(clock.now().toISOString()));
  expect((await sequencer.verifyDatabase()).isValid).toBe(true);
});

test('a checkpoint is signed at once, then each second or 256 entries, and only for news', async () => {
  await using database = await testDatabase();
  const { db } = database;
  const time = testClock();
  await using sequencer = createSequencer({ db, clock: time, log, origin });
  const size = async () => (await sequencer.checkpoint())?.size;

  expect(await size()).toBeUndefined();
  await append(db, 'first');
  await waitFor('the first checkpoint', async () => (await size()) === 1);
  await append(db, 'second');
  await waitFor('its place', async () => (await aLedger(db).head()) === 1);
  expect(await size()).toBe(1);
  time.advance(1_000);
  await waitFor('the second checkpoint', async () => (await size()) === 2);
  await append(db, ...Array.from({ length: 256 }, (_, index) => String(index)));
  await waitFor('the third checkpoint', async () => (await size()) === 258);
  await sequencer.runOnce();

  expect(await db.query('select from loom.log_checkpoints')).toHaveLength(3);
});

test('a proof leads from an entry to the signed checkpoint', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await using sequencer = aSequencer(db);
  await append(db, ...Array.from({ length: 300 }, (_, index) => String(index)));
  await sequencer.runOnce();

  const { file } = await sequencer.inclusionProof(257);

  const { vkey } = (await sequencer.checkpoint())!;
  const parsed = parseProof(file, 'index')!;
  const promised = openCheckpoint(parsed.checkpoint, [parseVkey(vkey)])!;
  const [row] = await db.query<{ entry: Buffer }>(
    'select entry from loom.log_leaves where seq = 257',
  );
  const leaf = leafHash(row!.entry);
  expect(promised).toMatchObject({ origin, size: 300 });
  expect(verifyInclusion({ ...promised, ...parsed, leaf, index: parsed.number })).toBe(true);
  await expect(sequencer.inclusionProof(300)).rejects.toMatchObject({
    code: 'ledger.no_such_entry',
  });
});

test('the log goes on where a stopped node left it, with the same key', async () => {
  await using database = await testDatabase();
  const { db } = database;
  {
    await using before = aSequencer(db);
    await append(db, ...Array.from({ length: 300 }, (_, index) => String(index)));
    await before.runOnce();
  }
  await using after = aSequencer(db);
  await append(db, 'more');
  await after.runOnce();

  expect(await after.verifyDatabase()).toMatchObject({ isValid: true, checkpoint: { size: 301 } });
});

test('a key file is used instead of a key in the database', async () => {
  await using database = await testDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'loom-key-'));
  const keyFile = join(folder, 'log.pem');
  try {
    writeFileSync(keyFile, generateKey());
    await using sequencer = aSequencer(database.db, { keyFile });
    await append(database.db, 'first');

    await sequencer.runOnce();

    const keys = await database.db.query('select private_key from loom.log_keys');
    expect(keys).toEqual([{ private_key: null }]);
    expect((await sequencer.verifyDatabase()).isValid).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(() => aSequencer(database.db, { keyFile })).toThrow(
    expect.objectContaining({ code: 'ledger.bad_key' }),
  );
});

test('a log cannot go on under another name', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await using sequencer = aSequencer(db);
  await append(db, 'first');
  await sequencer.runOnce();
  await using renamed = createSequencer({ db, clock, log, origin: 'other', start: false });

  await expect(renamed.runOnce()).rejects.toMatchObject({ code: 'ledger.origin_changed' });
});

test('the database refuses to change the log, and lets a tile only grow', async () => {
  await using database = await testDatabase();
  const { db } = database;
  await using sequencer = aSequencer(db);
  await append(db, ...Array.from({ length: 300 }, (_, index) => String(index)));
  await sequencer.runOnce();

  for (const statement of [
    `update loom.log_leaves set event_id = 'other'`,
    'delete from loom.log_leaves',
    'truncate loom.log_leaves',
    'update loom.log_checkpoints set size = 1',
    'delete from loom.log_checkpoints',
    'delete from loom.log_tiles',
    'truncate loom.log_tiles',
    'update loom.log_tiles set width = width - 1, hashes = substring(hashes for length(hashes) - 32)',
    `update loom.log_tiles set hashes = decode(repeat('00', width * 32), 'hex')`,
  ]) {
    await expect(db.query(statement)).rejects.toThrow('append-only');
  }
});
