import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/**
 * Four kinds of tests, told apart by what they use:
 * - unit: values in, values out; no server. `npm run check` runs these.
 * - process: real git and real servers of hosts, without a database.
 * - database: real PostgreSQL, each file in its own cloned database; run again on DATABASE_URL.
 * - system (`tests/`): real processes, real Chromium, kill -9.
 */
// On a server named by DATABASE_URL every room's own suites run again. Those of the embedded server have
// nothing to say about it; whole threads and most doors are made of what the rooms' suites show there.
const isOtherServer = process.env['DATABASE_URL'] !== undefined;
const ONLY_EMBEDDED =
  /\/(embedded|orchestration\/thread|workflow\/kills|app\/.*|surfaces\/(?!agents|.*idempotency).*)\.test\.ts$/;
const testFiles = globSync('src/**/*.test.ts')
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => !isOtherServer || !ONLY_EMBEDDED.test(path));
const needsDatabase = (path: string) =>
  /\b(test(Database|App|Server)|startEmbeddedPostgres)\(/.test(readFileSync(path, 'utf8'));
const database = testFiles.filter(needsDatabase);
const needsProcesses = (path: string) =>
  /\b(testRepository|startTestForge|startTestGitHub)\(/.test(readFileSync(path, 'utf8'));
const withProcesses = testFiles.filter((path) => !database.includes(path) && needsProcesses(path));
const unit = testFiles.filter((path) => !database.includes(path) && !withProcesses.includes(path));
const globalSetup = ['src/testing/global-setup.ts'];

export default defineConfig({
  test: {
    reporters: process.env['CI'] ? ['default', './src/testing/summary-reporter.ts'] : ['default'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      // Values in, values out: one process may load the libraries once for many files.
      { extends: true, test: { name: 'unit', include: unit, isolate: false } },
      { extends: true, test: { name: 'process', include: withProcesses } },
      { extends: true, test: { name: 'database', include: database, globalSetup } },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['tests/**/*.test.ts'],
          globalSetup,
          // Each starts servers again and again; a busy machine is slow and not red.
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
