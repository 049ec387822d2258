/** One embedded PostgreSQL for all, as the product runs it: unix socket, fsync on. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, openDatabase, startEmbeddedPostgres } from '../src/kernel/index.ts';

export interface BenchServer extends AsyncDisposable {
  createDatabase(name: string): Promise<string>;
  readonly version: string;
  /** Of the server; its back ends are its children. */
  readonly pid: number;
  /** A folder that goes with the server. */
  readonly folder: string;
}

export async function startBenchServer(): Promise<BenchServer> {
  const folder = mkdtempSync(join(tmpdir(), 'loom-bench-'));
  const log = createLogger({ level: 'silent' });
  const server = await startEmbeddedPostgres({ folder, log, maxConnections: 200 });
  const admin = openDatabase({ url: server.url, poolSize: 1 });
  const [row] = await admin.query<{ version: string; fsync: string; folder: string }>(
    `select current_setting('server_version') as version, current_setting('fsync') as fsync,
       current_setting('data_directory') as folder`,
  );
  if (row?.fsync !== 'on') throw new Error('the benchmark means nothing with fsync off');
  return {
    version: row.version,
    pid: Number(readFileSync(join(row.folder, 'postmaster.pid'), 'utf8').split('\n')[0]),
    folder,
    async createDatabase(name) {
      await admin.query(`create database ${name}`);
      const url = new URL(server.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    async [Symbol.asyncDispose]() {
      await admin[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
