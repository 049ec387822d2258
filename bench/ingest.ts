/**
 * Events per second through HTTP. One event is one webhook delivery of about 0.7 KB that carries one
 * signal: signed by its sender, verified, translated, checked against those known, written as delivery,
 * key, ledger event with payload and links, and inbox row, and answered after the commit.
 *
 * Beside it, in the same run: the same through a listener without the HTTP app around it; the same
 * rows in groups of 200 without HTTP; and raw inserts of 200 rows into one table. The sender is a
 * thread on the same machine, and its processor time is taken off ours.
 */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signBody } from '../src/connectors/contract/index.ts';
import { compose, type Composition } from '../src/app/compose.ts';
import {
  createLogger,
  createNewId,
  type Db,
  loadConfig,
  migrate,
  openDatabase,
  systemClock,
} from '../src/kernel/index.ts';
import { createHttpListener, type WebhookReceiver } from '../src/surfaces/index.ts';
import { processorSeconds } from './processor.ts';
import { median, percentile, type Table, type Verdict } from './report.ts';
import { openSender, rawRequest } from './sender.ts';
import type { BenchServer } from './server.ts';

interface Sample {
  perSecond: number;
  /** Processor time of our process for one event, without the sender's. */
  nodeMicros: number;
  databaseMicros: number;
  p99Ms?: number | undefined;
}
type Way = 'app' | 'batches' | 'listener' | 'groups' | 'raw';
export type IngestMeasured = Record<Way, Sample[]>;

const SECRET = 'bench-secret-of-no-worth';
const BATCH = 200;
/** Events in one request of CloudEvents' batched mode, and requests under way at once. */
const EVENTS_PER_REQUEST = 50;
const BATCHES_AT_ONCE = 4;

export async function measureIngest(
  server: BenchServer,
  options: { rounds: number; events: number; connections: number; say(line: string): void },
): Promise<IngestMeasured> {
  await using db = openDatabase({ url: await server.createDatabase('ingest'), poolSize: 8 });
  await migrate(db);
  await db.query(
    `create table raw_events (id text collate "C" primary key, kind text collate "C",
       subject text collate "C", at timestamptz, body jsonb)`,
  );
  await db.query('create index raw_events_kind on raw_events (kind, at)');
  await db.query('create index raw_events_subject on raw_events (subject, at)');
  await using composition = await composeWithoutWork(db, server);
  await using whole = await listen(createHttpListener(composition.services));
  await using bare = await listen(bareListener(composition.services.webhooks.get('github')!));

  const { connections, events } = options;
  let first = 1;
  const through = async (port: number, count: number): Promise<Sample> => {
    first += 1_000_000;
    const requests = Array.from({ length: count }, (_, index) => delivery(first + index));
    await using sender = await openSender({ port, requests, connections, status: 202 });
    const before = processorSeconds(server.pid);
    const { seconds, cpuSeconds, latenciesMs } = await sender.send();
    const sample = sampleOf(server, before, count, seconds, cpuSeconds);
    return { ...sample, p99Ms: percentile(latenciesMs, 0.99) };
  };
  const inBatches = async (count: number): Promise<Sample> => {
    first += 1_000_000;
    const requests = Array.from({ length: count / EVENTS_PER_REQUEST }, (_, index) =>
      batchOfEvents(first + index * EVENTS_PER_REQUEST),
    );
    const order = { port: whole.port, requests, connections: BATCHES_AT_ONCE, status: 202 };
    await using sender = await openSender(order);
    const before = processorSeconds(server.pid);
    const { seconds, cpuSeconds, latenciesMs } = await sender.send();
    const sample = sampleOf(server, before, count, seconds, cpuSeconds);
    return { ...sample, p99Ms: percentile(latenciesMs, 0.99) };
  };
  const inGroups = async (count: number): Promise<Sample> => {
    first += 1_000_000;
    const before = processorSeconds(server.pid);
    return sampleOf(server, before, count, await receiveGroups(composition, first, count));
  };
  const raw = async (count: number): Promise<Sample> => {
    first += 1_000_000;
    const before = processorSeconds(server.pid);
    return sampleOf(server, before, count, await insertRaw(db, first, count));
  };
  const ways: Record<Way, (count: number) => Promise<Sample>> = {
    app: (count) => through(whole.port, count),
    batches: inBatches,
    listener: (count) => through(bare.port, count),
    groups: inGroups,
    raw,
  };

  const measured: IngestMeasured = { app: [], batches: [], listener: [], groups: [], raw: [] };
  for (const way of Object.values(ways)) await way(1_000);
  for (let round = 0; round < options.rounds; round += 1) {
    for (const [way, run] of Object.entries(ways) as [Way, (typeof ways)[Way]][]) {
      const sample = await run(events);
      measured[way].push(sample);
      options.say(
        `ingest round ${round + 1}: ${way} ${Math.round(sample.perSecond)} events/s, ${micros(sample)} µs of processor each (node + database)`,
      );
    }
  }
  const [stored] = await db.query<{ count: number }>(
    `select count(*)::int as count from loom.events where type = 'signal.received'`,
  );
  const sent = 4 * (1_000 + options.rounds * events);
  if (stored?.count !== sent) throw new Error(`${sent} acknowledged, ${stored?.count} stored`);
  return measured;
}

function sampleOf(
  server: BenchServer,
  before: ReturnType<typeof processorSeconds>,
  count: number,
  seconds: number,
  senderSeconds = 0,
): Sample {
  const after = processorSeconds(server.pid);
  return {
    perSecond: count / seconds,
    nodeMicros: ((after.node - before.node - senderSeconds) / count) * 1e6,
    databaseMicros: ((after.database - before.database) / count) * 1e6,
  };
}

function micros({ nodeMicros, databaseMicros }: Sample): string {
  return `${Math.round(nodeMicros)} + ${Math.round(databaseMicros)}`;
}

/** The product as it is composed; nobody acts on the signals, because only writing down is measured. */
function composeWithoutWork(db: Db, server: BenchServer): Promise<Composition> {
  const config = loadConfig({
    env: {},
    flags: {
      data: server.folder,
      'github.webhookSecret': SECRET,
      'cloudevents.webhookSecret': SECRET,
      'forge.enabled': false,
    },
    cwd: server.folder,
  });
  return compose({
    config,
    storage: {
      db,
      kind: 'embedded',
      version: server.version,
      [Symbol.asyncDispose]: async () => {},
    },
    clock: systemClock,
    log: createLogger({ level: 'error' }),
    publicUrl: 'http://127.0.0.1:7400',
    work: false,
  });
}

/** The least a server could do around the receiver. */
function bareListener(receiver: WebhookReceiver): RequestListener {
  return (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const headers = incoming.headers as Record<string, string | undefined>;
      const delivery = { headers, body: Buffer.concat(chunks) };
      Promise.resolve(receiver.verify(delivery))
        .then(() => receiver.receive(delivery))
        .then(
          ({ isDuplicate }) => outgoing.writeHead(isDuplicate ? 200 : 202).end(),
          () => outgoing.writeHead(500).end(),
        );
    });
  };
}

async function listen(listener: RequestListener): Promise<{ port: number } & AsyncDisposable> {
  const http = createServer(listener);
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

/** An issue as GitHub tells of it, cut to the fields that are read, with half a kilobyte of text. */
function delivery(number: number): Buffer {
  const body = JSON.stringify({
    action: 'opened',
    repository: { full_name: 'acme/shop', id: 1 },
    sender: { login: 'bench', type: 'User', id: 2 },
    issue: {
      number,
      title: `Issue ${number}`,
      body: 'x'.repeat(450),
      state: 'open',
      updated_at: '2026-11-22T12:00:00Z',
      user: { login: 'bench', type: 'User', id: 2 },
      labels: [],
    },
  });
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'issues',
    'x-github-delivery': String(number),
    'x-hub-signature-256': signBody(SECRET, Buffer.from(body)),
  };
  return rawRequest('/webhooks/github', headers, body);
}

/** Fifty events with half a kilobyte of text each, as CloudEvents' batched mode has them. */
function batchOfEvents(number: number): Buffer {
  const events = Array.from({ length: EVENTS_PER_REQUEST }, (_, index) => ({
    specversion: '1.0',
    id: String(number + index),
    source: '/bench',
    type: 'com.acme.issue.opened',
    time: '2026-11-22T12:00:00Z',
    data: { title: `Issue ${number + index}`, text: 'x'.repeat(450) },
  }));
  const body = JSON.stringify(events);
  const id = `msg_${number}`;
  const timestamp = String(Math.round(Date.now() / 1_000));
  const hmac = createHmac('sha256', SECRET).update(`${id}.${timestamp}.${body}`);
  const headers = {
    'content-type': 'application/cloudevents-batch+json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${hmac.digest('base64')}`,
  };
  return rawRequest('/webhooks/cloudevents', headers, body);
}

/** The same rows in the same tables, 200 deliveries at a time. Gives the seconds it took. */
async function receiveGroups(
  { intake }: Composition,
  first: number,
  count: number,
): Promise<number> {
  const start = performance.now();
  for (let done = 0; done < count; done += BATCH) {
    await Promise.all(
      Array.from({ length: Math.min(BATCH, count - done) }, (_, index) => {
        const key = `acme/shop#${first + done + index}`;
        return intake.receive({
          source: 'github',
          deliveryId: key,
          signals: [
            {
              type: 'work-item.updated',
              source: 'github',
              dedupeKey: key,
              occurredAt: new Date(),
              workItem: {
                externalKey: key,
                repository: 'acme/shop',
                title: `Issue ${index}`,
                text: 'x'.repeat(450),
                labels: [],
                state: 'open',
                author: { login: 'bench' },
              },
            },
          ],
        });
      }),
    );
  }
  return (performance.now() - start) / 1_000;
}

/**
 * The least that could be called storing events: one row for each, made by the same process from an
 * id, a subject and a body of its own, under three indexes. Gives the seconds it took.
 */
async function insertRaw(db: Db, from: number, count: number): Promise<number> {
  const newId = createNewId(systemClock);
  const start = performance.now();
  for (let done = 0; done < count; done += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, count - done) }, (_, row) => {
      const subject = `acme/shop#${from + done + row}`;
      const body = { title: `Issue ${row}`, subject, state: 'open', text: 'x'.repeat(500) };
      return {
        id: newId('evt'),
        subject,
        at: new Date().toISOString(),
        body: JSON.stringify(body),
      };
    });
    await db.query(
      `insert into raw_events select id, 'signal.received', subject, at, body::jsonb
       from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[]) as n (id, subject, at, body)`,
      [
        rows.map(({ id }) => id),
        rows.map(({ subject }) => subject),
        rows.map(({ at }) => at),
        rows.map(({ body }) => body),
      ],
      'bench-raw',
    );
  }
  return (performance.now() - start) / 1_000;
}

const NAMES: Record<Way, string> = {
  app: 'one event per request (`POST /webhooks/github`)',
  batches: '50 events per request (`POST /webhooks/cloudevents`, batched mode, 4 at once)',
  listener: 'through a bare listener, the same receiver',
  groups: 'the same rows in groups of 200, without HTTP: seven tables, twelve indexes',
  raw: 'raw: one table, three indexes, inserts of 200 rows',
};

export function ingestTable(measured: IngestMeasured): Table {
  const rate = (way: Way) => median(measured[way].map(({ perSecond }) => perSecond));
  return {
    head: [
      'what',
      'events/s (median)',
      'range',
      'share of raw',
      'server µs/event',
      'database µs/event',
      'p99 ms',
    ],
    rows: (Object.keys(NAMES) as Way[]).map((way) => {
      const rates = measured[way].map(({ perSecond }) => perSecond);
      const late = measured[way].flatMap(({ p99Ms }) => p99Ms ?? []);
      return [
        NAMES[way],
        String(Math.round(rate(way))),
        `${Math.round(Math.min(...rates))}-${Math.round(Math.max(...rates))}`,
        `${Math.round((100 * rate(way)) / rate('raw'))} %`,
        String(Math.round(median(measured[way].map(({ nodeMicros }) => nodeMicros)))),
        String(Math.round(median(measured[way].map(({ databaseMicros }) => databaseMicros)))),
        late.length === 0 ? '-' : median(late).toFixed(0),
      ];
    }),
  };
}

export function ingestVerdicts(measured: IngestMeasured): Verdict[] {
  const rate = (way: Way) => median(measured[way].map(({ perSecond }) => perSecond));
  const modes = [
    { way: 'app', mode: 'one event per request' },
    { way: 'batches', mode: '50 events per request' },
  ] as const;
  return modes.flatMap(({ way, mode }) => {
    const late = median(measured[way].map(({ p99Ms }) => p99Ms ?? Number.NaN));
    const share = (other: Way) => rate(way) / rate(other);
    return [
      {
        bar: `ingest through HTTP, ${mode}: at least 5,000 events/s`,
        figure: `${Math.round(rate(way))}/s`,
        isMet: rate(way) >= 5_000,
      },
      {
        bar: `ingest, ${mode}: at least half of raw batches of 200 into one table`,
        figure: `${Math.round(share('raw') * 100)} %`,
        isMet: share('raw') >= 0.5,
      },
      {
        bar: `ingest, ${mode}: at least half of batches of 200 of the same rows`,
        figure: `${Math.round(share('groups') * 100)} %`,
        isMet: share('groups') >= 0.5,
      },
      {
        bar: `ingest, ${mode}: acknowledged within 50 ms (p99)`,
        figure: `${late.toFixed(0)} ms`,
        isMet: late <= 50,
      },
    ];
  });
}
