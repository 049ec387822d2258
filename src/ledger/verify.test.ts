/**
 * Goal: an untouched log verifies, from the tables and from its export; whatever is changed in one
 * row or one file is found and named, and history cannot be rewritten behind a kept checkpoint.
 * Method: one honest log with every kind of row; a superuser who switches the triggers off and
 * changes one thing at a time; the export as files in a temporary folder.
 */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogger, createNewId, type Db } from '#kernel';
import { testClock, testDatabase, type TestDatabase } from '#testing';
import { ExportFolder } from './export-folder.ts';
import { createLedger } from './ledger.ts';
import { createSequencer } from './sequencer.ts';
import { type VerifyOptions, verifyExport } from './verify-export.ts';
import { walkInBulk } from './verify-export-bulk.ts';
import type { TransparencyLog } from './transparency-log.ts';
import { openCheckpoint } from './transparency/checkpoint.ts';
import { leafHash } from './transparency/merkle.ts';
import { formatVkey, generateKey, parseVkey, readSigner } from './transparency/note.ts';
import { verifyTables } from './verify-database.ts';
import type { VerifyReport } from './verify-report.ts';

const clock = testClock();
const newId = createNewId(clock);
const log = createLogger({ level: 'silent' });
const origin = 'acme.example/log';
const actor = { kind: 'person', id: 'usr_1' } as const;

async function writeExport(transparency: TransparencyLog, dir: string): Promise<void> {
  for await (const { path, data, append } of transparency.exportFiles()) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    if (append) appendFileSync(join(dir, path), data);
    else writeFileSync(join(dir, path), data);
  }
}

/** 600 entries under four checkpoints; the payload of entry 7 is redacted by entry 599. */
async function writeHonestLog(db: Db): Promise<void> {
  const ledger = createLedger({ db, clock, newId, log, tenant: 'acme' });
  await using sequencer = createSequencer({ db, clock, log, origin, start: false });
  for (const count of [100, 300, 199]) {
    await db.transaction((tx) =>
      ledger.appendMany(
        tx,
        Array.from({ length: count }, (_, index) => ({
          type: 'change.opened',
          subject: `chg_${index}`,
          actor,
          refs: { repository: 'repo_1' },
          data: { text: `content ${index}` },
        })),
      ),
    );
    await sequencer.runOnce();
  }
  const { items } = await ledger.list({ order: 'oldest', limit: 8 });
  await db.transaction((tx) =>
    ledger.redact(tx, { eventId: items[7]!.id, actor, reason: 'asked by the person' }),
  );
  await sequencer.runOnce();
}

let database: TestDatabase;
let transparency: TransparencyLog;
/** Signed over the first 400 entries. */
let kept: string;
const folders: string[] = [];
function aFolder(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'loom-export-')));
  return folders.at(-1)!;
}
let honest: string;

beforeAll(async () => {
  database = await testDatabase();
  await writeHonestLog(database.db);
  transparency = createSequencer({ db: database.db, clock, log, origin, start: false });
  const [row] = await database.db.query<{ note: string }>(
    'select note from loom.log_checkpoints where size = 400',
  );
  kept = row!.note;
  honest = aFolder();
  await writeExport(transparency, honest);
});
afterAll(async () => {
  for (const folder of folders) rmSync(folder, { recursive: true });
  await database[Symbol.asyncDispose]();
});

describe('the live tables', () => {
  /** Verifies after a change that a superuser made past all triggers, and takes it back. */
  async function verifyAfter(...statements: string[]): Promise<VerifyReport> {
    let report: VerifyReport | undefined;
    const done = new Error('take it back');
    const trying = database.db.transaction(async (tx) => {
      await tx.query('set local session_replication_role = replica');
      for (const statement of statements) await tx.query(statement);
      report = await verifyTables(tx);
      throw done;
    });
    await expect(trying).rejects.toBe(done);
    return report!;
  }

  test('an untouched log is valid, with all it holds checked', async () => {
    expect(await transparency.verifyDatabase({ pinned: kept })).toMatchObject({
      isValid: true,
      firstBad: null,
      problems: [],
      checked: { entries: 600, payloads: 599, redacted: 1, tiles: 4, checkpoints: 5 },
      checkpoint: { origin, size: 600 },
      trust: { isPinned: true },
    });
  });

  test('what is pinned is taken as text and never as the path of a file on the server', async () => {
    const path = join(honest, 'checkpoint');

    expect((await transparency.verifyDatabase({ pinned: path })).firstBad?.what).toBe(
      'the pinned checkpoint is not signed by a key of this log',
    );
    expect((await verifyExport(honest, { pinned: path })).isValid).toBe(true);
  });

  const at = (seq: number) => `(select position from loom.log_leaves where seq = ${seq})`;
  test.each([
    ['an edited subject', `update loom.events set subject = 'x' where position = ${at(5)}`, 5],
    ['an edited actor', `update loom.events set actor_id = 'x' where position = ${at(9)}`, 9],
    [
      'an edited time',
      `update loom.events set recorded_at = recorded_at - interval '1 day' where position = ${at(3)}`,
      3,
    ],
    ['edited refs', `update loom.events set refs = '{}' where position = ${at(0)}`, 0],
    ['a deleted event', `delete from loom.events where position = ${at(500)}`, 500],
    [
      'two events that changed places',
      `update loom.log_leaves set position = -position where seq in (20, 30);
       update loom.log_leaves l set position = -o.position from loom.log_leaves o
       where l.seq in (20, 30) and o.seq = 50 - l.seq`,
      20,
    ],
    [
      'an edited payload',
      `update loom.event_payloads set value = '{}' where position = ${at(11)}`,
      11,
    ],
    ['a deleted payload', `delete from loom.event_payloads where position = ${at(12)}`, 12],
    [
      'an edited entry',
      `update loom.log_leaves set entry = convert_to(replace(convert_from(entry, 'UTF8'),
         'change', 'chance'), 'UTF8') where seq = 260`,
      260,
    ],
    [
      'an edited leaf hash',
      `update loom.log_leaves set leaf_hash = sha256('x') where seq = 261`,
      261,
    ],
    ['a deleted leaf', 'delete from loom.log_leaves where seq = 300', 300],
    ['the last leaf deleted', 'delete from loom.log_leaves where seq = 599', 599],
    [
      'an edited tile',
      `update loom.log_tiles set hashes = overlay(hashes placing '\\x00ff'::bytea from 32 * 40 + 1)
       where level = 0 and index = 1`,
      296,
    ],
    ['a deleted tile', 'delete from loom.log_tiles where level = 1', 0],
    [
      'a deleted ref',
      `delete from loom.event_refs where position = ${at(77)} and ref = 'repo_1'`,
      77,
    ],
    [
      'an added ref',
      `insert into loom.event_refs select 'chg_other', position from loom.log_leaves where seq = 78`,
      78,
    ],
    [
      'a payload that was redacted and put back',
      `insert into loom.event_payloads select position, 'data', sha256(''), '{}'
       from loom.log_leaves where seq = 7`,
      7,
    ],
  ])('%s is found and named', async (_what, statement, index) => {
    const report = await verifyAfter(statement);

    expect(report.isValid).toBe(false);
    expect(report.firstBad?.index).toBe(index);
    expect(report.firstBad?.what).toMatch(/\w/);
  });

  test.each([
    ['an edited checkpoint', `update loom.log_checkpoints set root = sha256('x') where number = 2`],
    ['a deleted checkpoint', 'delete from loom.log_checkpoints where number = 2'],
    ['another key', `update loom.log_keys set public_key = sha256('x')`],
    ['an added tile', `insert into loom.log_tiles values (5, 0, 1, sha256('x'))`],
    [
      'an event that never went through the queue',
      `insert into loom.events select max(position) + 1, 'evt_x', 'a.b', 's', 'person', 'u', null,
         'acme', null, 'c', now(), now(), '{}', null, null from loom.events`,
    ],
    ['a queue row without an event', 'insert into loom.unsequenced_events values (999999)'],
  ])('%s is found', async (_what, statement) => {
    expect((await verifyAfter(statement)).isValid).toBe(false);
  });

  test('the edited field and the event are named', async () => {
    const [row] = await database.db.query<{ event_id: string }>(
      'select event_id from loom.log_leaves where seq = 5',
    );

    const report = await verifyAfter(
      `update loom.events set subject = 'x' where position = ${at(5)}`,
    );

    expect(report.firstBad).toEqual({
      index: 5,
      eventId: row?.event_id,
      what: 'its event in loom.events differs from the log in: subject',
    });
  });

  test('a change made alike in event, leaf and tile is found by the checkpoints', async () => {
    const edited = `replace(convert_from(entry, 'UTF8'), '"chg_50"', '"chg_51"')`;
    const report = await verifyAfter(
      `update loom.events set subject = 'chg_51' where position = ${at(150)}`,
      `update loom.event_refs set ref = 'chg_51' where ref = 'chg_50' and position = ${at(150)}`,
      `update loom.log_leaves set entry = convert_to(${edited}, 'UTF8'), leaf_hash =
         sha256('\\x00'::bytea || convert_to(${edited}, 'UTF8')) where seq = 150`,
      `update loom.log_tiles set hashes = overlay(hashes placing
         (select leaf_hash from loom.log_leaves where seq = 150) from 32 * 150 + 1)
       where level = 0 and index = 0`,
    );

    expect(report.isValid).toBe(false);
    expect(report.problems.map(({ what }) => what).join('\n')).toContain(
      'other entries 100 to 399',
    );
  });
});

describe('redaction', () => {
  test('what was erased reads as null and its event stays', async () => {
    const ledger = createLedger({ db: database.db, clock, newId, log, tenant: 'acme' });

    const { items } = await ledger.list({ order: 'oldest', limit: 8 });

    expect(items[7]).toMatchObject({ seq: 7, subject: 'chg_7', data: null });
    const redactions = await ledger.list({ type: 'payload.redacted' });
    expect(redactions.items).toMatchObject([
      { subject: items[7]?.id, data: { reason: 'asked by the person', seq: 7, field: 'data' } },
    ]);
  });

  test('only a placed event can be redacted, and only once', async () => {
    const { db } = database;
    const ledger = createLedger({ db, clock, newId, log, tenant: 'acme' });
    const { items } = await ledger.list({ order: 'oldest', limit: 8 });
    const redact = (eventId: `evt_${string}`) =>
      db.transaction((tx) => ledger.redact(tx, { eventId, actor, reason: 'why not' }));

    expect(await redact(items[7]!.id)).toBeUndefined();
    await expect(redact(newId('evt'))).rejects.toMatchObject({ code: 'ledger.no_such_event' });
    const undo = new Error('take it back');
    const early = db.transaction(async (tx) => {
      const event = await ledger.append(tx, { type: 'a.b', subject: 's', actor, data: { a: 1 } });
      await expect(
        ledger.redact(tx, { eventId: event.id, actor, reason: 'too early' }),
      ).rejects.toMatchObject({ code: 'ledger.not_placed_yet' });
      throw undo;
    });
    await expect(early).rejects.toBe(undo);
  });
});

describe('an export', () => {
  /** A copy of the honest export with one thing changed. */
  function aCopy(change: (dir: string) => void): string {
    const dir = aFolder();
    cpSync(honest, dir, { recursive: true });
    change(dir);
    return dir;
  }
  const vkey = () => readFileSync(join(honest, 'vkey'), 'utf8');
  const editLines = (name: string, edit: (lines: string[]) => void) => (dir: string) => {
    const lines = readFileSync(join(dir, name), 'utf8').split('\n').slice(0, -1);
    edit(lines);
    writeFileSync(join(dir, name), lines.map((line) => `${line}\n`).join(''));
  };

  test('an untouched export is valid, with key, name and history given by the auditor', async () => {
    const options: VerifyOptions = { vkey: vkey(), origin, pinned: kept };

    expect(await verifyExport(honest, options)).toMatchObject({
      isValid: true,
      firstBad: null,
      problems: [],
      checked: { entries: 600, payloads: 599, redacted: 1, tiles: 4, checkpoints: 5, proofs: 19 },
      checkpoint: { origin, size: 600 },
      trust: { key: 'given', isPinned: true },
    });
    expect((await verifyExport(honest)).trust).toEqual({ key: 'found', isPinned: false });
  });

  test('what is sound is found so block by block, on threads too, and nothing that was changed is', async () => {
    const folder = new ExportFolder(honest);
    const newest = openCheckpoint(readFileSync(join(honest, 'checkpoint'), 'utf8'), [
      parseVkey(vkey()),
    ])!;
    const promised = [{ ...newest, name: 'the checkpoint' }];
    const walk = (where: ExportFolder, threads: number) =>
      walkInBulk(where, { newest, promised, wanted: [300], cut: { threads, tiles: 1 } });

    for (const threads of [0, 2]) {
      const found = await walk(folder, threads);
      expect(found?.checked).toMatchObject({ entries: 600, payloads: 599, redacted: 1, tiles: 4 });
      expect(found?.leaves.get(300)).toEqual(
        leafHash(
          Buffer.from(readFileSync(join(honest, 'entries.ndjson'), 'utf8').split('\n')[300]!),
        ),
      );
    }
    for (const file of ['entries.ndjson', 'payloads.ndjson']) {
      const size = readFileSync(join(honest, file)).length;
      for (let at = 1; at < size; at += Math.floor(size / 23)) {
        const changed = aCopy((dir) => {
          const bytes = readFileSync(join(dir, file));
          bytes[at]! ^= 1;
          writeFileSync(join(dir, file), bytes);
        });
        expect(await walk(new ExportFolder(changed), 0)).toBeUndefined();
      }
    }
  });

  test('a redacted payload is not in the export', () => {
    expect(readFileSync(join(honest, 'payloads.ndjson'), 'utf8')).not.toContain('"index":7,');
  });

  test.each<[string, (dir: string) => void, number]>([
    [
      'an edited entry',
      editLines('entries.ndjson', (lines) => (lines[5] = lines[5]!.replace('usr_1', 'usr_2'))),
      5,
    ],
    ['a deleted entry', editLines('entries.ndjson', (lines) => lines.splice(300, 1)), 300],
    ['the last entry deleted', editLines('entries.ndjson', (lines) => lines.pop()), 599],
    [
      'two entries that changed places',
      editLines('entries.ndjson', (lines) => {
        [lines[20], lines[30]] = [lines[30]!, lines[20]!];
      }),
      20,
    ],
    ['an added entry', editLines('entries.ndjson', (lines) => lines.push(lines[0]!)), 600],
    ['an entry that is no JSON', editLines('entries.ndjson', (lines) => (lines[9] = '{')), 9],
    [
      'an edited payload',
      editLines('payloads.ndjson', (lines) => {
        lines[4] = lines[4]!.replace(/"value":"[^"]*"/, '"value":"e30="');
      }),
      4,
    ],
    ['a deleted payload', editLines('payloads.ndjson', (lines) => lines.splice(50, 1)), 51],
    [
      'a redacted payload put back',
      editLines('payloads.ndjson', (lines) => {
        lines.splice(7, 0, lines[6]!.replace('"index":6', '"index":7'));
      }),
      7,
    ],
    [
      'an edited tile',
      (dir) => {
        const path = join(dir, 'tile/0/001');
        const hashes = readFileSync(path);
        hashes[32 * 4] = (hashes[32 * 4] ?? 0) ^ 1;
        writeFileSync(path, hashes);
      },
      260,
    ],
    ['a deleted tile', (dir) => unlinkSync(join(dir, 'tile/0/001')), 256],
    [
      'an inclusion proof of another entry',
      (dir) =>
        cpSync(
          join(dir, 'proofs/inclusion/0.tlog-proof'),
          join(dir, 'proofs/inclusion/599.tlog-proof'),
        ),
      599,
    ],
  ])('%s is found and named', async (_what, change, index) => {
    const report = await verifyExport(aCopy(change));

    expect(report.isValid).toBe(false);
    expect(report.firstBad?.index).toBe(index);
  });

  test.each<[string, (dir: string) => void]>([
    ['a missing checkpoint', (dir) => unlinkSync(join(dir, 'checkpoint'))],
    [
      'an edited checkpoint',
      (dir) => {
        const path = join(dir, 'checkpoint');
        writeFileSync(path, readFileSync(path, 'utf8').replace('\n600\n', '\n599\n'));
      },
    ],
    [
      'an older checkpoint under the size of another',
      (dir) => cpSync(join(dir, 'checkpoints/100'), join(dir, 'checkpoints/400')),
    ],
    [
      'an edited consistency proof',
      (dir) => {
        const path = join(dir, 'proofs/consistency/400-600');
        writeFileSync(path, readFileSync(path, 'utf8').replace('old 400', 'old 100'));
      },
    ],
    [
      'a missing end of the last line',
      (dir) => {
        const path = join(dir, 'entries.ndjson');
        writeFileSync(path, readFileSync(path).subarray(0, -1));
      },
    ],
  ])('%s is found', async (_what, change) => {
    expect((await verifyExport(aCopy(change))).isValid).toBe(false);
  });

  test('an export signed with another key or under another name is refused', async () => {
    const other = readSigner(origin, generateKey());

    const wrongKey = await verifyExport(honest, { vkey: formatVkey(other) });
    const wrongName = await verifyExport(honest, { origin: 'other.example/log' });

    expect([wrongKey.isValid, wrongName.isValid]).toEqual([false, false]);
  });

  test('an operator who rewrites history with the real key is caught by the kept checkpoint', async () => {
    await using forged = await testDatabase();
    const { db } = forged;
    const [key] = await database.db.query<{ public_key: Buffer; private_key: string }>(
      'select public_key, private_key from loom.log_keys',
    );
    await db.query(
      'insert into loom.log_keys (name, public_key, private_key) values ($1, $2, $3)',
      [origin, key?.public_key, key?.private_key],
    );
    await writeHonestLog(db);
    const dir = aFolder();
    await writeExport(createSequencer({ db, clock, log, origin, start: false }), dir);

    const trusting = await verifyExport(dir, { vkey: vkey(), origin });
    const pinned = await verifyExport(dir, { vkey: vkey(), origin, pinned: kept });

    expect(trusting.isValid).toBe(true);
    expect(pinned.isValid).toBe(false);
    expect(pinned.firstBad?.what).toContain('the pinned checkpoint (size 400)');
  });

  test('a log that shrank below a kept checkpoint is refused', async () => {
    await using small = await testDatabase();
    const { db } = small;
    await writeHonestLog(db);
    const dir = aFolder();
    const later = join(honest, 'checkpoint');
    await writeExport(createSequencer({ db, clock, log, origin, start: false }), dir);
    editLines('entries.ndjson', (lines) => lines.splice(400))(dir);
    cpSync(join(dir, 'checkpoints/400'), join(dir, 'checkpoint'));

    const report = await verifyExport(dir, { pinned: later });

    expect(report.isValid).toBe(false);
  });

  test('a folder without an export, and unreadable things from the auditor, are refused', async () => {
    await expect(verifyExport(tmpdir())).rejects.toMatchObject({ code: 'ledger.no_export' });
    await expect(verifyExport(honest, { vkey: 'x' })).rejects.toMatchObject({
      code: 'ledger.bad_vkey',
    });
    await expect(verifyExport(honest, { pinned: '/nowhere' })).rejects.toMatchObject({
      code: 'ledger.bad_pin',
    });
  });
});
