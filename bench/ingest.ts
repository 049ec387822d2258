/**
 * Events per second through HTTP, durable when they are acknowledged, beside raw inserts of 200 rows
 * at once. Every delivery is signed, verified, checked against those known, written as a signal with
 * its ledger event, and answered after the commit. The sender is a thread on the same machine.
 */
import { once } from 'node:events';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  createLogger,
  createNewId,
  type Db,
  migrate,
  openDatabase,
  systemClock,
} from '../src/kernel/index.ts';
import { createLedger } from '../src/ledger/index.ts';
import { createIntakeService, type Intake, type IntakeDeps } from '../src/orchestration/index.ts';
import { median, percentile, type Table, type Verdict } from './report.ts';
import type { BenchServer } from './server.ts';

export interface IngestOrder {
  name: string;
  port: number;
  secret: string;
  count: number;
  connections: number;
}
export interface IngestClientResult {
  seconds: number;
  latenciesMs: number[];
}
export interface IngestMeasured {
  http: number[];
  raw: number[];
  ackP99Ms: number[];
}

const SECRET = 'bench-secret-of-no-worth';
const BATCH = 200;

export async function measureIngest(
  server: BenchServer,
  options: { rounds: number; events: number; connections: number; say(line: string): void },
): Promise<IngestMeasured> {
  await using db = openDatabase({ url: await server.createDatabase('ingest'), poolSize: 8 });
  await migrate(db);
  await db.query(
    'create table raw_events (id text primary key, kind text, at timestamptz, body jsonb)',
  );
  await db.query('create index raw_events_kind on raw_events (kind, at)');
  await db.query('create index raw_events_at on raw_events (at)');
  await using intake = openIntake(db);
  await using endpoint = await listen(intake);
  const measured: IngestMeasured = { http: [], raw: [], ackP99Ms: [] };
  await sendAll({ ...options, name: 'warm', port: endpoint.port, count: 500 });
  await insertRaw(db, 'warm', 1_000);
  for (let round = 0; round < options.rounds; round += 1) {
    const order = {
      ...options,
      name: `round-${round}`,
      port: endpoint.port,
      count: options.events,
    };
    const { seconds, latenciesMs } = await sendAll(order);
    measured.http.push(options.events / seconds);
    measured.ackP99Ms.push(percentile(latenciesMs, 0.99));
    measured.raw.push(options.events / (await insertRaw(db, `round-${round}`, options.events)));
    options.say(
      `ingest round ${round + 1}: ${Math.round(measured.http.at(-1)!)} events/s through HTTP, ${Math.round(measured.raw.at(-1)!)} raw`,
    );
  }
  const [stored] = await db.query<{ count: number }>(
    `select count(*)::int as count from loom.events where type = 'signal.received'`,
  );
  const sent = options.rounds * options.events + 500;
  if (stored?.count !== sent) throw new Error(`${sent} acknowledged, ${stored?.count} stored`);
  return measured;
}

function openIntake(db: Db): Intake {
  const clock = systemClock;
  const newId = createNewId(clock);
  const log = createLogger({ level: 'error' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'bench' });
  // Only writing down is measured; nobody acts on these signals.
  const changes = {} as IntakeDeps['changes'];
  return createIntakeService({
    db,
    ledger,
    clock,
    newId,
    log,
    changes,
    onDeployment: async () => {},
  });
}

async function listen(intake: Intake): Promise<{ port: number } & AsyncDisposable> {
  const http = createServer((incoming, outgoing) => {
    receive(intake, incoming).then(
      (status) => outgoing.writeHead(status).end(),
      () => outgoing.writeHead(500).end(),
    );
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    port: (http.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}

async function receive(intake: Intake, incoming: IncomingMessage): Promise<number> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const expected = createHmac('sha256', SECRET).update(body).digest();
  const given = Buffer.from(String(incoming.headers['x-signature']), 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 401;
  const { key, title, text } = JSON.parse(body.toString()) as Record<string, string>;
  const { accepted } = await intake.receive({
    source: 'bench',
    deliveryId: key!,
    signals: [
      {
        type: 'work-item.updated',
        source: 'bench',
        dedupeKey: key!,
        occurredAt: new Date(),
        workItem: {
          externalKey: key!,
          repository: 'acme/shop',
          title: title!,
          text: text!,
          labels: [],
          state: 'open',
          author: { login: 'bench' },
        },
      },
    ],
  });
  return accepted === 1 ? 202 : 409;
}

async function sendAll(order: Omit<IngestOrder, 'secret'>): Promise<IngestClientResult> {
  const { name, port, count, connections } = order;
  const workerData: IngestOrder = { name, port, count, connections, secret: SECRET };
  const client = new Worker(join(import.meta.dirname, 'ingest-client.ts'), { workerData });
  const [result] = (await once(client, 'message')) as [IngestClientResult];
  await client.terminate();
  return result;
}

/** Gives the seconds it took. */
async function insertRaw(db: Db, name: string, count: number): Promise<number> {
  const body = JSON.stringify({ title: 'Issue', text: 'x'.repeat(550) });
  const start = performance.now();
  for (let first = 0; first < count; first += BATCH) {
    const rows = Array.from(
      { length: Math.min(BATCH, count - first) },
      (_, index) => first + index,
    );
    await db.query(
      `insert into raw_events select id, 'signal.received', now(), body::jsonb
       from unnest($1::text[], $2::text[]) as n (id, body)`,
      [rows.map((row) => `${name}-${row}`), rows.map(() => body)],
      'bench-raw',
    );
  }
  return (performance.now() - start) / 1_000;
}

export function ingestTable({ http, raw, ackP99Ms }: IngestMeasured): Table {
  return {
    head: ['what', 'events/s (median)', 'share of raw', 'acknowledged, p99 ms'],
    rows: [
      [
        'through HTTP, signed, deduplicated, with ledger event',
        String(Math.round(median(http))),
        `${Math.round((100 * median(http)) / median(raw))} %`,
        median(ackP99Ms).toFixed(0),
      ],
      ['raw inserts of 200 rows, three indexes', String(Math.round(median(raw))), '100 %', '-'],
    ],
  };
}

export function ingestVerdicts({ http, raw, ackP99Ms }: IngestMeasured): Verdict[] {
  const share = median(http) / median(raw);
  return [
    {
      bar: 'ingest through HTTP: at least 5,000 events/s',
      figure: `${Math.round(median(http))}/s`,
      isMet: median(http) >= 5_000,
    },
    {
      bar: 'ingest through HTTP: at least half of raw batches of 200',
      figure: `${Math.round(share * 100)} %`,
      isMet: share >= 0.5,
    },
    {
      bar: 'acknowledged within 50 ms (p99)',
      figure: `${median(ackP99Ms).toFixed(0)} ms`,
      isMet: median(ackP99Ms) <= 50,
    },
  ];
}
