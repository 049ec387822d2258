/** A database of one's own, cloned from the migrated template and dropped on disposal. */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { type Db, openDatabase } from '#kernel';

export interface TestDatabase extends AsyncDisposable {
  readonly db: Db;
  readonly url: string;
}

export async function testDatabase(
  options: { poolSize?: number; empty?: boolean } = {},
): Promise<TestDatabase> {
  const name = `loom_test_${randomBytes(6).toString('hex')}`;
  const admin = openDatabase({ url: inject('adminUrl'), poolSize: 1 });
  const template = options.empty === true ? '' : ` template ${inject('templateName')}`;
  await cloneWithRetry(() => admin.query(`create database ${name}${template}`));
  const url = new URL(inject('adminUrl'));
  url.pathname = `/${name}`;
  const db = openDatabase({ url: url.href, poolSize: options.poolSize ?? 8 });
  return {
    db,
    url: url.href,
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await admin.query(`drop database if exists ${name} with (force)`);
      await admin[Symbol.asyncDispose]();
    },
  };
}

/** PostgreSQL refuses to clone a template while another session copies it (55006). */
async function cloneWithRetry(clone: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await clone();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== '55006' || attempt > 100) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 50 + attempt * 10);
      });
    }
  }
}
