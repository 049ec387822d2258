/**
 * How long it takes to read from a ledger that has grown large: one event, all about one run, the log
 * from a cursor, the newest of a kind, of a repository, of one thread. The events of a run lie far
 * apart, as they do where many runs go on side by side. What is read is drawn evenly from all there is.
 */
import {
  createLogger,
  createNewId,
  migrate,
  openDatabase,
  systemClock,
} from '../src/kernel/index.ts';
import type { Db, Id } from '../src/kernel/index.ts';
import { createLedger, type Ledger } from '../src/ledger/index.ts';
import { median, percentile, type Table, type Verdict } from './report.ts';
import type { BenchServer } from './server.ts';

const BAR_MS = 25;
/** Events of one run. */
const PER_RUN = 50;
const KINDS = 12;
const REPOSITORIES = 20;
const TAIL = 200;
const AT_ONCE = 50_000;

export interface ReadsMeasured {
  events: number;
  latencies: { what: string; milliseconds: number[] }[];
}

export async function measureReads(
  server: BenchServer,
  { events, reads, say }: { events: number; reads: number; say(line: string): void },
): Promise<ReadsMeasured> {
  await using db = openDatabase({ url: await server.createDatabase('reads') });
  await migrate(db);
  const runs = events / PER_RUN;
  for (let from = 0; from < events; from += AT_ONCE) {
    await fill(db, { from, until: Math.min(from + AT_ONCE, events), runs });
    say(`reads: ${from + AT_ONCE} events`);
  }
  await db.query('vacuum analyze');
  const clock = systemClock;
  const log = createLogger({ level: 'error' });
  const ledger = createLedger({ db, clock, newId: createNewId(clock), log, tenant: 'bench' });

  const latencies: ReadsMeasured['latencies'] = [];
  for (const [what, read] of Object.entries(readsOf(ledger, { events, runs }))) {
    const milliseconds: number[] = [];
    // The first ones make plans and connections.
    for (let turn = -5; turn < reads; turn += 1) {
      const start = performance.now();
      const found = await read(Math.floor(Math.random() * events));
      if (turn >= 0) milliseconds.push(performance.now() - start);
      if (found === 0) throw new Error(`${what}: nothing was found`);
    }
    latencies.push({ what, milliseconds });
  }
  return { events, latencies };
}

/** Each takes the number of an event and gives how many were found. */
function readsOf(
  ledger: Ledger,
  { events, runs }: { events: number; runs: number },
): Record<string, (number: number) => Promise<number>> {
  const list = async (query: Parameters<Ledger['list']>[0]) =>
    (await ledger.list(query)).items.length;
  return {
    'one event by its id': async (number) =>
      (await ledger.find(eventId(number))) === undefined ? 0 : 1,
    'timeline of a run (50)': (number) =>
      list({ ref: `run_${number % runs}`, order: 'oldest', limit: PER_RUN }),
    'the log from a cursor (200)': (number) => tail(ledger, Math.min(number, events - TAIL) - 1),
    'newest 50 of a kind': (number) =>
      list({ type: `bench.kind-${number % KINDS}`, order: 'newest', limit: 50 }),
    'newest 50 of a repository': (number) =>
      list({ ref: `acme/repository-${number % REPOSITORIES}`, order: 'newest', limit: 50 }),
    'one thread of work (50)': (number) =>
      list({ correlationId: `evt_thread${number % runs}`, order: 'oldest', limit: PER_RUN }),
  };
}

const eventId = (number: number): Id<'evt'> => `evt_${String(number).padStart(32, '0')}`;

async function tail(ledger: Ledger, after: number): Promise<number> {
  const stop = new AbortController();
  let count = 0;
  for await (const _event of ledger.tail({ after, signal: stop.signal })) {
    count += 1;
    if (count === TAIL) break;
  }
  stop.abort();
  return count;
}

/** Rows as the ledger and the sequencer leave them; only the hashes are of no meaning. */
async function fill(db: Db, order: { from: number; until: number; runs: number }): Promise<void> {
  const numbers = 'generate_series($1::bigint, $2::bigint - 1) as n';
  const range = [order.from, order.until];
  await db.query(
    `insert into loom.events (position, id, type, subject, actor_kind, actor_id, tenant,
       correlation_id, occurred_at, recorded_at, refs, data_commitment)
     select n, 'evt_' || lpad(n::text, 32, '0'), 'bench.kind-' || n % ${KINDS}, 'stp_' || n,
       'system', 'workflow', 'bench', 'evt_thread' || n % $3::bigint,
       now() - ($2 - n) * interval '1 second', now() - ($2 - n) * interval '1 second',
       jsonb_build_object('run', 'run_' || n % $3::bigint, 'step', 'stp_' || n,
         'repository', 'acme/repository-' || n % ${REPOSITORIES}),
       sha256(n::text::bytea)
     from ${numbers}`,
    [...range, order.runs],
  );
  await db.query(
    `insert into loom.event_payloads (position, field, salt, value)
     select n, 'data', sha256(n::text::bytea), convert_to('{"text":"' || repeat('x', 500) || '"}', 'UTF8')
     from ${numbers}`,
    range,
  );
  await db.query(
    `insert into loom.event_refs (ref, position)
     select ref, n from ${numbers} cross join lateral (values ('stp_' || n),
       ('run_' || n % $3::bigint), ('acme/repository-' || n % ${REPOSITORIES})) as r (ref)
     order by ref, n`,
    [...range, order.runs],
  );
  await db.query(
    `insert into loom.log_leaves (seq, position, event_id, entry, leaf_hash)
     select n, n, 'evt_' || lpad(n::text, 32, '0'), convert_to(repeat('e', 500), 'UTF8'),
       sha256(n::text::bytea)
     from ${numbers}`,
    range,
  );
}

export function readsTable({ latencies }: ReadsMeasured): Table {
  return {
    head: ['what', 'p50 ms', 'p95 ms'],
    rows: latencies.map(({ what, milliseconds }) => [
      what,
      median(milliseconds).toFixed(1),
      percentile(milliseconds, 0.95).toFixed(1),
    ]),
  };
}

export function readsVerdicts({ events, latencies }: ReadsMeasured): Verdict[] {
  const worst = Math.max(...latencies.map(({ milliseconds }) => percentile(milliseconds, 0.95)));
  return [
    {
      bar: `each kind of read beside ${events} events: p95 at most ${BAR_MS} ms`,
      figure: `${worst.toFixed(1)} ms`,
      isMet: worst <= BAR_MS,
    },
  ];
}
