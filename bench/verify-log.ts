/**
 * How fast the sequencer places events in the log, and how fast the whole log is verified: as an
 * auditor has it, in files (entries, payloads, tiles, checkpoints, proofs), and in the database, where
 * every row of every table is compared with its entry as well.
 */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  createLogger,
  createNewId,
  migrate,
  openDatabase,
  systemClock,
} from '../src/kernel/index.ts';
import { createLedger, createSequencer, verifyExport } from '../src/ledger/index.ts';
import { processorSeconds } from './processor.ts';
import type { Table, Verdict } from './report.ts';
import type { BenchServer } from './server.ts';

interface Rate {
  perSecond: number;
  cpuMicros: number;
}
const WHAT = {
  place: 'placed and signed by the sequencer',
  files: 'an export verified, with its payloads and tiles',
  tables: 'the tables verified: every event, payload, name, entry, tile',
} as const;
export type VerifyMeasured = { entries: number } & Record<keyof typeof WHAT, Rate>;

const BATCH = 500;

export async function measureVerify(
  server: BenchServer,
  { entries }: { entries: number },
): Promise<VerifyMeasured> {
  await using db = openDatabase({ url: await server.createDatabase('verify_log') });
  await migrate(db);
  const clock = systemClock;
  const newId = createNewId(clock);
  const log = createLogger({ level: 'error' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'bench' });
  const origin = 'loomstack.example/bench';
  await using sequencer = createSequencer({ db, clock, log, origin, start: false });
  for (let done = 0; done < entries; done += BATCH) {
    const events = Array.from({ length: Math.min(BATCH, entries - done) }, () => {
      const step = newId('stp');
      return {
        type: 'step.completed',
        subject: step,
        actor: { kind: 'system' as const, id: 'workflow' },
        refs: { run: newId('run'), step, change: newId('chg'), repository: 'acme/shop' },
        data: { step: 'step-1', kind: 'notify', attempt: 1 },
      };
    });
    await db.transaction(async (tx) => ledger.appendWithCommit(tx, events));
  }
  const place = await rateOf(server, entries, () => sequencer.runOnce());
  // As autovacuum would have by the time somebody verifies.
  await db.query('vacuum analyze');
  const tables = await rateOf(server, entries, async () => {
    refuse(await sequencer.verifyDatabase());
  });
  const folder = join(server.folder, 'export');
  for await (const { path, data, append } of sequencer.exportFiles()) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    (append ? appendFileSync : writeFileSync)(file, data);
  }
  const files = await rateOf(server, entries, async () => {
    refuse(await verifyExport(folder));
  });
  return { entries, place, files, tables };
}

function refuse({ isValid }: { isValid: boolean }): void {
  if (!isValid) throw new Error('the log of the benchmark does not verify');
}

async function rateOf(server: BenchServer, count: number, work: () => Promise<unknown>) {
  const before = processorSeconds(server.pid);
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1_000;
  const after = processorSeconds(server.pid);
  const used = after.node - before.node + after.database - before.database;
  return { perSecond: count / seconds, cpuMicros: (used / count) * 1e6 };
}

const secondsOfMillion = ({ perSecond }: Rate) => 1_000_000 / perSecond;

export function verifyTable(measured: VerifyMeasured): Table {
  return {
    head: ['what', 'entries', 'entries/s', 'processor µs/entry', 'a million, extrapolated'],
    rows: (['place', 'files', 'tables'] as const).map((what) => [
      WHAT[what],
      String(measured.entries),
      String(Math.round(measured[what].perSecond)),
      String(Math.round(measured[what].cpuMicros)),
      `${secondsOfMillion(measured[what]).toFixed(1)} s`,
    ]),
  };
}

export function verifyVerdicts({ place, files, tables }: VerifyMeasured): Verdict[] {
  return [
    ...(['files', 'tables'] as const).map((what) => {
      const seconds = secondsOfMillion({ files, tables }[what]);
      const bar = what === 'files' ? 'an exported log' : 'a log with all its tables';
      return {
        bar: `${bar} of a million entries is verified within 5 s (extrapolated)`,
        figure: `${seconds.toFixed(1)} s`,
        isMet: seconds <= 5,
      };
    }),
    {
      bar: 'the sequencer keeps up with 5,000 events/s',
      figure: `${Math.round(place.perSecond)}/s`,
      isMet: place.perSecond >= 5_000,
    },
  ];
}
