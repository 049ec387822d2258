/**
 * Goal: a repository stays itself whatever its host calls it, and two never become one.
 * Method: the pure judgement over generated cases; then real repositories, the importer and the database.
 */
import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogger, createNewId } from '#kernel';
import { createLedger } from '#ledger';
import { testClock, testDatabase, testRepository } from '#testing';
import { createContextService } from '../context-service.ts';
import { type NamedRepository, renamedUrl, whoIsMeant } from './who-is-meant.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const BEFORE = new Date('2026-02-01T12:00:00Z');
const LATER = new Date('2026-04-01T12:00:00Z');

function known(name: string, hostKey: string | null, formerNames: string[] = []): NamedRepository {
  return { id: `repo_${name}`, name, host: 'github', hostKey, namedAt: NOW, formerNames };
}

test('news with an id never reaches a repository of another id, whatever the names', () => {
  const name = fc.constantFrom('acme/a', 'acme/b', 'acme/c');
  const key = fc.constantFrom('1', '2', '3');
  const repositories = fc.uniqueArray(
    fc.record({ name, key: fc.option(key), former: fc.uniqueArray(name, { maxLength: 2 }) }),
    { selector: (one) => one.name, maxLength: 3 },
  );
  fc.assert(
    fc.property(repositories, name, key, (all, told, toldKey) => {
      const candidates = all.map((one) => known(one.name, one.key, one.former));
      const meant = whoIsMeant(candidates, { name: told, key: toldKey, at: LATER });
      if (meant.outcome !== 'ours' && meant.outcome !== 'renamed') return true;
      return meant.repository.hostKey === toldKey || meant.repository.hostKey === null;
    }),
  );
});

test('an old delivery under a name nobody kept does not rename a repository back', () => {
  const shop = known('acme/shop', '1');

  expect(whoIsMeant([shop], { name: 'acme/store', key: '1', at: BEFORE }).outcome).toBe('ours');
  expect(whoIsMeant([shop], { name: 'acme/store', key: '1', at: LATER }).outcome).toBe('renamed');
});

test.each([
  ['https://github.com/acme/shop.git', 'https://github.com/acme/store.git'],
  ['git@github.com:acme/shop.git', 'git@github.com:acme/store.git'],
  ['https://github.com/acme/shop', 'https://github.com/acme/store'],
  ['/srv/mirrors/elsewhere.git', '/srv/mirrors/elsewhere.git'],
])('the address %s becomes %s', (url, next) => {
  expect(renamedUrl(url, 'acme/shop', 'acme/store')).toBe(next);
});

test('a renamed repository keeps graph, policy and identity; a new one under the old name is another', async () => {
  await using database = await testDatabase();
  const { db } = database;
  const folder = mkdtempSync(join(tmpdir(), 'loom-naming-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const clock = testClock(NOW);
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'org_test' });
  const context = createContextService({ db, ledger, clock, newId, log, folder });
  const actor = { kind: 'connector', id: 'github' } as const;
  const files = { 'src/pay.ts': 'export const pay = 1;\n', CODEOWNERS: '* @acme/payments\n' };
  const git = stack.use(await testRepository());
  await git.commit({ files });
  const shop = await context.importRepository(
    { url: git.dir, name: 'acme/shop', host: 'github' },
    actor,
  );
  const told = (name: string, key: string) =>
    context.nameOf('github', { name, key, at: LATER }, actor);
  expect(await told('acme/shop', '77')).toEqual({ outcome: 'ours', name: 'acme/shop' });
  await db.query(
    `insert into loom.policy_versions (repository, version, text, source_commit, accepted_at)
     values ('acme/shop', 'v1', '', 'c', now()), ('acme/store', 'v1', 'of one removed', 'c', now())`,
  );
  await db.query(
    `insert into loom.active_policies (repository, version, source_commit, activated_at)
     values ('acme/shop', 'v1', 'c', now())`,
  );
  const entities = async (name: string) =>
    (
      await db.query('select id from loom.graph_entities where starts_with(key, $1) order by id', [
        name,
      ])
    ).map((row) => row['id']);
  const before = await entities('acme/shop');

  // The news was lost: the first delivery under the new name tells it.
  expect(await told('acme/store', '77')).toEqual({ outcome: 'ours', name: 'acme/store' });

  const found = await context.findRepository('acme/shop');
  expect(found).toMatchObject({ id: shop.id, name: 'acme/store', formerNames: ['acme/shop'] });
  expect(before.length).toBeGreaterThan(2);
  expect(await entities('acme/store')).toEqual(before);
  expect(await entities('acme/shop')).toEqual([]);
  const policies = await db.query(
    'select repository, text from loom.policy_versions order by text',
  );
  expect(policies).toEqual([
    { repository: 'acme/store', text: '' },
    { repository: `acme/store~${shop.id}`, text: 'of one removed' },
  ]);
  const { items } = await ledger.list({ type: 'repository.renamed', limit: 5 });
  expect(items.map(({ data }) => data)).toEqual([
    { from: 'acme/shop', to: 'acme/store', host: 'github' },
  ]);

  // A late delivery under the old name is still of it; one with another id is not.
  expect(await told('acme/shop', '77')).toEqual({ outcome: 'ours', name: 'acme/store' });
  expect(await told('acme/shop', '78')).toEqual({ outcome: 'unknown' });
  const other = stack.use(await testRepository());
  await other.commit({ files });
  const heir = await context.importRepository(
    { url: other.dir, name: 'acme/shop', host: 'github' },
    actor,
  );
  expect(heir.id).not.toBe(shop.id);
  expect(await told('acme/shop', '78')).toEqual({ outcome: 'ours', name: 'acme/shop' });
  expect((await context.findRepository('acme/shop'))?.id).toBe(heir.id);
  // And nobody takes a name that is borne.
  await expect(
    context.renameRepository(
      'github',
      { from: 'acme/shop', to: 'acme/store', key: '78', at: LATER },
      actor,
    ),
  ).rejects.toMatchObject({ code: 'context.name_taken' });

  await context.setAccess('github', ['acme/store'], { at: LATER, why: 'suspended' }, actor);
  expect((await context.findRepository(shop.id))?.accessLost).toEqual({
    at: LATER,
    why: 'suspended',
  });
  await context.setAccess('github', ['acme/store'], null, actor);
  expect((await context.findRepository(shop.id))?.accessLost).toBeNull();

  // Read on under the new name, the graph goes on where it was.
  await git.commit({ files: { 'src/pay.ts': 'export const pay = 2;\n' } });
  await context.refreshRepository('acme/store');
  expect((await entities('acme/store')).slice(0, before.length)).toEqual(before);
});
