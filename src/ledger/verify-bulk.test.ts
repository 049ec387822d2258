/**
 * Goal: the bulk check calls sound exactly what the exact check does: every honest row, however odd
 * its text, and no row that was changed, however slightly.
 * Method: events made at random are placed by the real sequencer and read over several connections;
 * then a superuser changes one thing at a time, past all triggers.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger, createNewId, type Tx } from '#kernel';
import { testClock, testDatabase, type TestDatabase } from '#testing';
import { createLedger } from './ledger.ts';
import { EventRefs, type NewEvent } from './schema.ts';
import { createSequencer } from './sequencer.ts';
import { checkRanges, newSeed, withReaders } from './verify-bulk.ts';
import { readTotals } from './verify-bulk-store.ts';
import { verifyDatabase, verifyTables } from './verify-database.ts';

const clock = testClock();
const newId = createNewId(clock);
const log = createLogger({ level: 'silent' });

/** Text with all that JSON escapes, and all that UTF-8 makes long. */
const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter((text) => !text.includes('\0'));
const oddName = fc.oneof(
  name,
  fc.constantFrom('a"b', '\\', 'a\\"b', '\n\t\u0001\u007f', '\u2028é🙂'),
);
const refs = fc.dictionary(fc.constantFrom(...EventRefs.keyType.options), oddName, { maxKeys: 6 });
const event: fc.Arbitrary<NewEvent> = fc
  .record({
    subject: oddName,
    actor: fc.oneof(
      fc.record({ kind: fc.constant('person' as const), id: oddName }),
      fc.record({ kind: fc.constant('agent' as const), id: oddName, onBehalfOf: oddName }),
    ),
    refs,
    data: fc.option(fc.dictionary(name, name, { maxKeys: 2 }), { nil: undefined }),
    cause: fc.option(fc.constant(newId('evt')), { nil: undefined }),
    correlationId: fc.option(oddName, { nil: undefined }),
    occurredAt: fc.option(
      fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
      {
        nil: undefined,
      },
    ),
  })
  .map((made) => ({ type: 'change.opened', ...made }));

const EVENTS = 1_000;
let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  const ledger = createLedger({ db, clock, newId, log, tenant: 'acme "\\ co' });
  const made = fc.sample(event, { numRuns: EVENTS, seed: 7 });
  // Recorded in an order that is not that of the places: entries must wait for one another's time.
  await db.transaction((tx) => ledger.appendMany(tx, made));
  await db.query('alter table loom.events disable trigger append_only');
  await db.query(
    `update loom.events set recorded_at = recorded_at + (position * 7919 % 13) * interval '1 ms'`,
  );
  await db.query('alter table loom.events enable trigger append_only');
  await using sequencer = createSequencer({
    db,
    clock,
    log,
    origin: 'acme.example/log',
    start: false,
  });
  await sequencer.runOnce();
  // One event stays without a place.
  await db.transaction((tx) =>
    ledger.append(tx, {
      type: 'change.opened',
      subject: 'chg_w',
      actor: { kind: 'person', id: 'usr_1' },
      data: { a: 1 },
    }),
  );
});
afterAll(() => database[Symbol.asyncDispose]());

async function soundInBulk(readers: readonly Tx[]): Promise<boolean[]> {
  const found: boolean[] = [];
  let last = '';
  for await (const range of checkRanges(readers, { size: EVENTS, seed: newSeed(), width: 128 })) {
    found.push(range.isSound && range.isDated(last));
    last = range.lastTime;
  }
  return found;
}

test('every honest entry is sound in bulk, over several connections too', async () => {
  const found = await database.db.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read, read only');
    return withReaders(database.db, tx, async (readers) => {
      expect(readers.length).toBeGreaterThan(1);
      return soundInBulk(readers);
    });
  });

  expect(found).toEqual(Array.from({ length: 8 }, () => true));
  expect(await verifyDatabase(database.db)).toMatchObject({
    isValid: true,
    problems: [],
    checked: { entries: EVENTS },
  });
});

test('what is left over when all that was placed is counted is what waits', async () => {
  const { all, waiting } = await readTotals(database.db, newSeed());

  expect({ ...waiting, fingerprint: '' }).toEqual({ events: 1, payloads: 1, fingerprint: '' });
  expect(all.events).toBe(EVENTS + 1);
});

const at = (seq: number) => `(select position from loom.log_leaves where seq = ${seq})`;
const edit = (what: string) => `update loom.events set ${what} where position = ${at(300)}`;
test.each([
  ['an empty ref is added', edit(`refs = refs || '{"person": null}'`)],
  ['a ref nobody knows is added', edit(`refs = refs || '{"stranger": "x"}'`)],
  ['a ref becomes a number', edit(`refs = refs || '{"claim": 5}'`)],
  ['the refs become a list', edit(`refs = '[]'`)],
  ['the refs become a text', edit(`refs = '"run"'`)],
  ['a subject is escaped once more', edit(`subject = subject || '\\"'`)],
  ['an id with a quote in it', edit(`id = 'evt_"x'`)],
  ['a millisecond is added', edit(`occurred_at = occurred_at + interval '1 ms'`)],
  ['a time without end', edit(`recorded_at = 'infinity'`)],
  ['somebody it was done for', edit(`on_behalf_of = 'usr_9'`)],
  ['a cause', edit(`cause = 'evt_x'`)],
  ['another tenant', edit(`tenant = 'other'`)],
  ['another salt', `update loom.event_payloads set salt = sha256('x') where position = ${at(300)}`],
  [
    'a time that is later than it must be, in the entry as in its hash',
    `update loom.log_leaves set entry = e.entry, leaf_hash = sha256('\\x00'::bytea || e.entry)
     from (select seq, convert_to(regexp_replace(convert_from(entry, 'UTF8'), '"ts":"....', '"ts":"2999'), 'UTF8') as entry
       from loom.log_leaves where seq = 300) e where log_leaves.seq = e.seq`,
  ],
])(
  'one row is changed (%s): its range is not sound, and its entry is named',
  async (_what, change) => {
    const undo = new Error('take it back');
    const trying = database.db.transaction(async (tx) => {
      await tx.query('set local session_replication_role = replica');
      expect(await tx.query(`${change} returning 1`)).toHaveLength(1);

      expect(await soundInBulk([tx])).toEqual([true, true, false, true, true, true, true, true]);
      expect((await verifyTables(tx)).firstBad?.index).toBe(300);
      throw undo;
    });

    await expect(trying).rejects.toBe(undo);
  },
);
