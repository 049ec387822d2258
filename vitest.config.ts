import { defineConfig } from 'vitest/config';

/**
 * One run for everything. Database suites share one embedded PostgreSQL (or the server named by
 * DATABASE_URL); each file works in its own database cloned from a migrated template.
 */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    globalSetup: ['src/testing/global-setup.ts'],
    reporters: process.env['CI'] ? ['default', './src/testing/summary-reporter.ts'] : ['default'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
