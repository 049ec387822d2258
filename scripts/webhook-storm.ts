/**
 * `node scripts/webhook-storm.ts [COUNT] [SEED]`: COUNT webhooks (100,000 unless given), redelivered, shuffled
 * and duplicated, beside the same once in order; says whether both leave the same state. It starts a
 * PostgreSQL of its own, which need not outlast a power cut, unless LOOM_TEST_DATABASE_URL names a server.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createLogger, openDatabase, migrate, startEmbeddedPostgres } from '#kernel';
import { makeDeliveries, stormOf, takeAll } from '../src/app/test-webhook-storm.ts';

const [count = '100000', seed = '20260105'] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'loom-storm-'));
await using stack = new AsyncDisposableStack();
stack.defer(() => rmSync(folder, { recursive: true, force: true }));
const server = process.env['LOOM_TEST_DATABASE_URL'] ?? (await startServer());
const deliveries = makeDeliveries(Number(count), Number(seed));
const storm = stormOf(deliveries, Number(seed));
console.log(`${deliveries.length} webhooks, ${storm.length} deliveries of them, seed ${seed}`);
const calm = await run('calm', deliveries, 50);
const stormy = await run('stormy', storm, 500);
const isSame = isDeepStrictEqual(calm, stormy);
console.log(isSame ? `the same state, from ${calm.signals} signals each` : 'NOT the same state');
process.exitCode = isSame ? 0 : 1;

async function startServer(): Promise<string> {
  const log = createLogger({ level: 'silent' });
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const options = { folder: join(folder, 'server'), log, settings };
  return stack.use(await startEmbeddedPostgres(options)).url;
}

async function run(name: string, told: typeof deliveries, atOnce: number) {
  const database = `loom_storm_${name}_${process.pid}`;
  await using admin = openDatabase({ url: server, poolSize: 2 });
  await admin.query(`create database ${database}`);
  const url = new URL(server);
  url.pathname = `/${database}`;
  try {
    await using db = openDatabase({ url: url.href, poolSize: 8 });
    await migrate(db);
    const began = performance.now();
    const result = await takeAll(db, join(folder, name), told, atOnce);
    const seconds = (performance.now() - began) / 1_000;
    console.log(`${name}: ${told.length} deliveries in ${seconds.toFixed(1)} s`);
    return result;
  } finally {
    await admin.query(`drop database if exists ${database} with (force)`);
  }
}
