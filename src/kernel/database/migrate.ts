/**
 * Numbered, forward-only migrations. Every node may call this at start: one holds the lock and
 * works, the others wait and find nothing to do.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import type { Db } from './database.ts';

/** Any constant will do, as long as nobody else uses it: "loom" in ASCII. */
const MIGRATION_LOCK = 0x6c_6f_6f_6d;

export const MIGRATIONS_FOLDER = join(import.meta.dirname, '../../../migrations');

export interface Migration {
  number: number;
  name: string;
  sql: string;
  sha256: string;
}

export function readMigrations(folder = MIGRATIONS_FOLDER): Migration[] {
  const migrations = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => {
      const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
      if (match === null) throw new Error(`migration ${file} is not named NNNN_what.sql`);
      const sql = readFileSync(join(folder, file), 'utf8');
      const sha256 = createHash('sha256').update(sql).digest('hex');
      return { number: Number(match[1]), name: file, sql, sha256 };
    });
  const numbers = new Set(migrations.map(({ number }) => number));
  if (numbers.size !== migrations.length) throw new Error('two migrations share one number');
  return migrations;
}

/**
 * Applies what is missing, each migration in its own transaction.
 * @throws AppError `database.migration_changed` when an applied file was edited afterwards,
 *   `database.too_new` when the database was migrated by a newer release,
 *   `database.too_old` when the server is older than PostgreSQL 15.
 */
export async function migrate(
  db: Db,
  migrations = readMigrations(),
): Promise<{ applied: string[] }> {
  const [server] = await db.query<{ version: string }>(
    `select current_setting('server_version_num') as version`,
  );
  if (Number(server?.version) < 150_000) {
    throw new AppError('unavailable', 'database.too_old', {
      message: `PostgreSQL 15 or newer is needed; this server reports ${server?.version}.`,
      hint: 'Point DATABASE_URL to a newer server, or leave it unset to use the embedded one.',
    });
  }

  const applied: string[] = [];
  await db.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await tx.query('create schema if not exists loom');
    await tx.query(`create table if not exists loom.migrations (
      number int primary key, name text not null, sha256 text not null,
      applied_at timestamptz not null default now())`);
    const done = await tx.query<{ number: number; name: string; sha256: string }>(
      'select number, name, sha256 from loom.migrations order by number',
    );
    refuseSurprises(done, migrations);
    const last = new Set(done.map(({ number }) => number));
    for (const migration of migrations.filter(({ number }) => !last.has(number))) {
      await tx.query(migration.sql);
      await tx.query('insert into loom.migrations (number, name, sha256) values ($1, $2, $3)', [
        migration.number,
        migration.name,
        migration.sha256,
      ]);
      applied.push(migration.name);
    }
  });
  return { applied };
}

function refuseSurprises(
  done: readonly { number: number; name: string; sha256: string }[],
  migrations: readonly Migration[],
): void {
  const known = new Map(migrations.map((migration) => [migration.number, migration]));
  for (const row of done) {
    const migration = known.get(row.number);
    if (migration === undefined) {
      throw new AppError('conflict', 'database.too_new', {
        message: `The database holds migration ${row.name}, which this release does not know.`,
        hint: 'Run the release that made it, or a newer one. Going back is not supported.',
      });
    }
    if (migration.sha256 !== row.sha256) {
      throw new AppError('conflict', 'database.migration_changed', {
        message: `Migration ${row.name} was edited after it had been applied.`,
        hint: 'Restore the file and put the change into a new migration.',
      });
    }
  }
}
