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
import { moveRows } from './move-rows.ts';
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

/**
 * Where names of repositories are kept beside the columns `repository`, as the catalog has it: how the name
 * stands there, or why it stays. A new column that may hold one has to be told here.
 */
const KEPT: Record<string, (name: string) => string> = {
  'comments.subject': (name) => `${name}#1`,
  'connection_sweeps.scope': (name) => name,
  'deployments.external_key': (name) => `${name}/deployments/1`,
  'fleet_breakers.key': (name) => name,
  'graph_assertions.acl': (name) => `repository:${name}`,
  'graph_cursors.source': (name) => `github:${name}`,
  'graph_entities.key': (name) => `${name}#1`,
  'graph_sources.acl': (name) => `repository:${name}`,
  'graph_sources.object': (name) => `${name}:pull/1`,
  'graph_sources.scope': (name) => name,
  'knowledge_readings.scope': (name) => name,
  'review_remarks.change_id': (name) => `${name}#1`,
  'source_documents.mentions': (name) => `${name}:src/pay.ts`,
  'work_items.external_key': (name) => `${name}#1`,
};
const STAYS: Record<string, readonly string[]> = {
  'what was said at the time': [
    'compositions.subject',
    'decisions.policy_source',
    'event_refs.ref',
    'events.refs',
    'events.subject',
    'held_deliveries.payload',
    'held_deliveries.subject',
    'held_deliveries.target',
    'inbound_deliveries.source',
    'inbox_signals.source',
    'inbox_signals.subject',
    'policy_versions.sources',
    'ranking_fits.repositories',
    'trace_edges.from_ref',
    'trace_edges.to_ref',
    'trace_nodes.ref',
  ],
  'the word of a work tree, which follows its own remote': [
    'agent_attachments.repository',
    'agent_events.repository',
  ],
  'moved where it waits, which the test above shows': ['outbox_messages.payload'],
  'counts within the hour': ['subject_turns.subject'],
  'holds no name of a repository': [
    'assignments.sources',
    'autonomy_curbs.cause_ref',
    'autonomy_records.scope',
    'commits.subject',
    'comments.object',
    'compositions.source',
    'documents.mentions',
    'documents.scope',
    'fleet_breakers.scope',
    'host_checks.source',
    'idempotency_keys.key',
    'incidents.external_key',
    'landed_outcomes.defect_ref',
    'landing_builds.key',
    'log_keys.private_key',
    'outbox_messages.target',
    'repositories.host_key',
    'runs.definition_source',
    'session_usage.source',
    'source_documents.object',
    'source_documents.scope',
    'steps.limit_key',
    'told_items.key',
    'work_items.source',
    'workflow_files.source',
  ],
};
/** Keys that only tell a repetition: at worst a thing is said once more. */
const ONLY_DEDUPES = /\.(?:dedupe_key|idempotency_key)$/;
const MAY_HOLD_A_NAME =
  /\.(?:repositor(?:y|ies)|scope|subject|mentions|target|payload|acl|object|sources?|refs?|\w+_refs?|key|\w+_key|change_id)$/;

test('a rename moves the name in every column of the catalog that may hold one', async () => {
  await using database = await testDatabase();
  const { db } = database;
  const columns = await db.query<Column>(
    `select c.table_name as "table", c.column_name as "column", c.data_type as type,
       c.is_nullable = 'NO' and c.column_default is null and c.is_identity = 'NO'
         and c.is_generated = 'NEVER' as "isNeeded"
     from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = 'loom' and t.table_type = 'BASE TABLE' order by 1, 2`,
  );
  const stays = new Set(Object.values(STAYS).flat());
  const isText = ({ type }: Column) => ['text', 'ARRAY', 'jsonb'].includes(type);
  const places = columns.filter(isText).filter((one) => MAY_HOLD_A_NAME.test(nameOf(one)));
  // Ids of ours are no names; hosts' own keys of changes stand where they are listed.
  const isOurId = (one: Column) => one.column === 'change_id' && !(nameOf(one) in KEPT);
  const told = (one: Column) =>
    one.column === 'repository' ||
    nameOf(one) in KEPT ||
    stays.has(nameOf(one)) ||
    ONLY_DEDUPES.test(nameOf(one)) ||
    isOurId(one);
  expect(places.filter((one) => !told(one)).map(nameOf)).toEqual([]);

  const moving = places.filter(
    (one) => !stays.has(nameOf(one)) && (one.column === 'repository' || nameOf(one) in KEPT),
  );
  const tables = [...new Set(moving.map(({ table }) => table))];
  expect(tables.length).toBeGreaterThan(30);
  const valueIn = (one: Column, name: string) => (KEPT[nameOf(one)] ?? ((same) => same))(name);
  // Rows are made up by type alone, so nothing that judges them may be in force.
  await db.query(`do $$ declare r record; begin
    for r in select conrelid::regclass as t, conname from pg_constraint
      where contype in ('c', 'f') and connamespace = 'loom'::regnamespace
    loop execute format('alter table %s drop constraint %I', r.t, r.conname); end loop; end $$`);
  for (const table of tables) {
    const own = columns.filter((one) => one.table === table);
    const given = own.filter((one) => one.isNeeded || moving.includes(one));
    const values = given.map((one) => {
      if (moving.includes(one)) {
        const value = valueIn(one, 'acme/shop');
        return one.type === 'ARRAY' ? [value] : value;
      }
      if (one.column === 'host' || one.column === 'system' || one.column === 'connection')
        return 'github';
      if (nameOf(one) === 'fleet_breakers.scope') return 'repository';
      return nameOf(one) === 'work_items.source' ? 'github' : FILLING[one.type];
    });
    const names = given.map(({ column }) => `"${column}"`).join(', ');
    const marks = given.map((_one, index) => `$${index + 1}`).join(', ');
    await db.query(`insert into loom."${table}" (${names}) values (${marks})`, values);
  }

  await db.transaction((tx) => moveRows(tx, 'github', 'acme/shop', 'acme/store'));

  const left: string[] = [];
  for (const one of moving) {
    const rows = await db.query<{ value: unknown }>(
      `select "${one.column}" as value from loom."${one.table}"`,
    );
    const value = valueIn(one, 'acme/store');
    const isMoved = rows.some((row) =>
      Array.isArray(row.value) ? row.value.includes(value) : row.value === value,
    );
    if (!isMoved) left.push(`${nameOf(one)}: ${JSON.stringify(rows[0]?.value)}`);
  }
  expect(left).toEqual([]);
});

interface Column {
  table: string;
  column: string;
  type: string;
  isNeeded: boolean;
}
const nameOf = ({ table, column }: Column) => `${table}.${column}`;
/** Something of each type. */
const FILLING: Record<string, unknown> = {
  text: 'x',
  ARRAY: [],
  jsonb: '{}',
  integer: 1,
  bigint: 1,
  smallint: 1,
  boolean: false,
  real: 0,
  'double precision': 0,
  numeric: 0,
  'timestamp with time zone': NOW,
  date: NOW,
  bytea: Buffer.alloc(0),
  tstzrange: 'empty',
};
