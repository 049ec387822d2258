/**
 * `node scripts/claim-race.ts [PROCESSES] [ROUNDS]`: PROCESSES processes (100 unless given) ask for the same
 * exclusive claim at the same moment, ROUNDS times (1,000); says in how many rounds exactly one got it, and
 * whether the numbers of the grants rise. Each process has a connection of its own, to a PostgreSQL that
 * the script starts, or to a fresh database of the server that LOOM_TEST_DATABASE_URL names.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, migrate, openDatabase, startEmbeddedPostgres } from '#kernel';
import { raceForClaims } from '../src/orchestration/claims/test-race.ts';

const [processes = 100, rounds = 1_000] = process.argv.slice(2).map(Number);
const SPARE_CONNECTIONS = 20;

const folder = mkdtempSync(join(tmpdir(), 'loom-race-'));
await using stack = new AsyncDisposableStack();
stack.defer(() => rmSync(folder, { recursive: true, force: true }));
const server = process.env['LOOM_TEST_DATABASE_URL'] ?? (await startServer());
const database = `loom_race_${process.pid}`;
await using admin = openDatabase({ url: server, poolSize: 1 });
await admin.query(`create database ${database}`);
const url = new URL(server);
url.pathname = `/${database}`;
try {
  await migrateAt(url.href);
  const { fair, fences, elapsedMs } = await raceForClaims({
    url: url.href,
    processes,
    rounds,
    onRound: (round) => {
      if (round % 100 === 0) console.log(`${round} of ${rounds} rounds`);
    },
  });
  const doRise =
    fences.length === rounds && fences.every((fence, at) => fence > (fences[at - 1] ?? 0));
  const seconds = elapsedMs / 1_000;
  console.log(
    `${processes} processes, ${rounds} rounds: exactly one holder in ${fair}; ` +
      `numbers of grants ${doRise ? 'rise' : 'do NOT rise'}; ` +
      `${seconds.toFixed(1)} s, ${((processes * rounds) / seconds).toFixed(0)} answers a second`,
  );
  process.exitCode = fair === rounds && doRise ? 0 : 1;
} finally {
  await admin.query(`drop database if exists ${database} with (force)`);
}

async function startServer(): Promise<string> {
  const log = createLogger({ level: 'silent' });
  const settings = { max_connections: String(processes + SPARE_CONNECTIONS) };
  const options = { folder: join(folder, 'server'), log, settings };
  return stack.use(await startEmbeddedPostgres(options)).url;
}

async function migrateAt(at: string): Promise<void> {
  await using db = openDatabase({ url: at, poolSize: 1 });
  await migrate(db);
}
