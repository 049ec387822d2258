/** How fast the sequencer places events in the log, and how fast the whole log is verified. */
import {
  createLogger,
  createNewId,
  migrate,
  openDatabase,
  systemClock,
} from '../src/kernel/index.ts';
import { createLedger, createSequencer } from '../src/ledger/index.ts';
import { processorSeconds } from './processor.ts';
import type { Table, Verdict } from './report.ts';
import type { BenchServer } from './server.ts';

export interface VerifyMeasured {
  entries: number;
  place: { perSecond: number; cpuMicros: number };
  verify: { perSecond: number; cpuMicros: number };
}

const BATCH = 500;

export async function measureVerify(
  server: BenchServer,
  { entries }: { entries: number },
): Promise<VerifyMeasured> {
  await using db = openDatabase({ url: await server.createDatabase('verify_log'), poolSize: 4 });
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
  const verify = await rateOf(server, entries, async () => {
    const { isValid } = await sequencer.verifyDatabase();
    if (!isValid) throw new Error('the log of the benchmark does not verify');
  });
  return { entries, place, verify };
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

const secondsOfMillion = ({ verify }: VerifyMeasured) => 1_000_000 / verify.perSecond;

export function verifyTable(measured: VerifyMeasured): Table {
  return {
    head: ['what', 'entries', 'entries/s', 'processor µs/entry', 'a million, extrapolated'],
    rows: (['place', 'verify'] as const).map((what) => [
      what === 'place' ? 'placed and signed by the sequencer' : 'verified in the database',
      String(measured.entries),
      String(Math.round(measured[what].perSecond)),
      String(Math.round(measured[what].cpuMicros)),
      `${Math.round(1_000_000 / measured[what].perSecond)} s`,
    ]),
  };
}

export function verifyVerdicts(measured: VerifyMeasured): Verdict[] {
  return [
    {
      bar: 'a log of a million entries is verified within 5 s (extrapolated)',
      figure: `${secondsOfMillion(measured).toFixed(0)} s`,
      isMet: secondsOfMillion(measured) <= 5,
    },
    {
      bar: 'the sequencer keeps up with 5,000 events/s',
      figure: `${Math.round(measured.place.perSecond)}/s`,
      isMet: measured.place.perSecond >= 5_000,
    },
  ];
}
