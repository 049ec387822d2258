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
  /** Seconds for a million: those measured, and what each further entry costs beyond the first part. */
  secondsOfMillion: number;
}
const WHAT = {
  place: 'placed and signed by the sequencer',
  files: 'an export verified, with its payloads and tiles',
  tables: 'the tables verified: every event, payload, name, entry, tile',
} as const;
export type VerifyMeasured = { entries: number } & Record<keyof typeof WHAT, Rate>;

const BATCH = 500;
/** Part of the entries at which it is verified a first time: what the rest adds is what each entry costs. */
const FIRST_PART = 0.2;
const MILLION = 1_000_000;

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
  const append = async (count: number) => {
    for (let done = 0; done < count; done += BATCH) {
      const events = Array.from({ length: Math.min(BATCH, count - done) }, () => {
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
  };
  const place = () => usedBy(server, () => sequencer.runOnce());
  const verifyAll = async (part: string) => {
    // As autovacuum would have by the time somebody verifies.
    await db.query('vacuum analyze');
    const tables = await usedBy(server, async () => refuse(await sequencer.verifyDatabase()));
    const folder = join(server.folder, part);
    for await (const { path, data, append: isMore } of sequencer.exportFiles()) {
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      (isMore ? appendFileSync : writeFileSync)(file, data);
    }
    const files = await usedBy(server, async () => refuse(await verifyExport(folder)));
    return { tables, files };
  };

  const few = entries * FIRST_PART;
  await append(few);
  await place();
  const first = await verifyAll('export-first');
  await append(entries - few);
  const placed = await place();
  const all = await verifyAll('export');
  return {
    entries,
    place: rateOf(placed, entries - few, placed.seconds / (entries - few)),
    files: rateOf(all.files, entries, (all.files.seconds - first.files.seconds) / (entries - few)),
    tables: rateOf(
      all.tables,
      entries,
      (all.tables.seconds - first.tables.seconds) / (entries - few),
    ),
  };
}

function refuse({ isValid }: { isValid: boolean }): void {
  if (!isValid) throw new Error('the log of the benchmark does not verify');
}

interface Used {
  seconds: number;
  cpuSeconds: number;
}

async function usedBy(server: BenchServer, work: () => Promise<unknown>): Promise<Used> {
  const before = processorSeconds(server.pid);
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1_000;
  const after = processorSeconds(server.pid);
  return { seconds, cpuSeconds: after.node - before.node + after.database - before.database };
}

/** Starting threads and plans is paid once, however long the log is. */
function rateOf({ seconds, cpuSeconds }: Used, count: number, secondsOfEach: number): Rate {
  return {
    perSecond: count / seconds,
    cpuMicros: (cpuSeconds / count) * 1e6,
    secondsOfMillion: seconds + (MILLION - count) * secondsOfEach,
  };
}

export function verifyTable(measured: VerifyMeasured): Table {
  return {
    head: ['what', 'entries', 'entries/s', 'processor µs/entry', 'a million, extrapolated'],
    rows: (['place', 'files', 'tables'] as const).map((what) => [
      WHAT[what],
      String(measured.entries),
      String(Math.round(measured[what].perSecond)),
      String(Math.round(measured[what].cpuMicros)),
      `${measured[what].secondsOfMillion.toFixed(1)} s`,
    ]),
  };
}

export function verifyVerdicts({ place, files, tables }: VerifyMeasured): Verdict[] {
  return [
    ...(['files', 'tables'] as const).map((what) => {
      const seconds = { files, tables }[what].secondsOfMillion;
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
