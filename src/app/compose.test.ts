/**
 * Goal: what a setting says reaches the part it is for.
 * Method: a node composed over a real database, without background work.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogger, loadConfig } from '#kernel';
import { testClock, testDatabase } from '#testing';
import { compose } from './compose.ts';

test('the organisation of the settings is shown to people and written into the log', async () => {
  await using database = await testDatabase();
  const { db } = database;
  const data = mkdtempSync(join(tmpdir(), 'loom-compose-'));
  const env = { LOOM_ORGANISATION_NAME: 'Acme Widgets', LOOM_ORGANISATION_ID: 'acme' };
  await using node = await compose({
    config: loadConfig({ flags: { data }, env, cwd: data }),
    storage: { db, kind: 'external', version: '18', [Symbol.asyncDispose]: async () => {} },
    clock: testClock(),
    log: createLogger({ level: 'silent' }),
    publicUrl: 'http://127.0.0.1:7400',
    work: false,
  });
  const { ledger, organisation } = node.services;
  const actor = { kind: 'system', id: 'workflow' } as const;

  await db.transaction((tx) => ledger.append(tx, { type: 'a.made', subject: 'a', actor }));

  expect(organisation).toBe('Acme Widgets');
  expect(await db.query('select distinct tenant from loom.events')).toEqual([{ tenant: 'acme' }]);
  rmSync(data, { recursive: true });
});
