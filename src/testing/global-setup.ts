/**
 * One PostgreSQL for the whole run: the embedded one in a temporary folder, or the server named by
 * DATABASE_URL. A migrated template is made once; each test file clones it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { createLogger, migrate, openDatabase, startEmbeddedPostgres } from '#kernel';

declare module 'vitest' {
  export interface ProvidedContext {
    adminUrl: string;
    templateName: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const log = createLogger({ level: 'silent' });
  const stack = new AsyncDisposableStack();
  let adminUrl = process.env['DATABASE_URL'];
  if (adminUrl === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'loom-test-'));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    // Durability is tested by suites that start their own server; here speed matters more.
    const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
    const server = stack.use(
      await startEmbeddedPostgres({ folder, log, maxConnections: 200, settings }),
    );
    adminUrl = server.url;
  }

  const templateName = `loom_template_${process.pid}`;
  const admin = stack.use(openDatabase({ url: adminUrl, poolSize: 2 }));
  await admin.query(`drop database if exists ${templateName} with (force)`);
  await admin.query(`create database ${templateName}`);
  stack.defer(async () => {
    await admin.query(`drop database if exists ${templateName} with (force)`);
  });
  {
    const url = new URL(adminUrl);
    url.pathname = `/${templateName}`;
    await using template = openDatabase({ url: url.href, poolSize: 2 });
    await migrate(template);
  }

  project.provide('adminUrl', adminUrl);
  project.provide('templateName', templateName);
  return () => stack.disposeAsync();
}
