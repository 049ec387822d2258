/**
 * Goal: the graph of a repository follows its history: names change and things stay the same, what is
 * gone is over, and rewritten history never was.
 * Method: real repositories, the real importer and the real database; time stands still unless moved.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLogger, createNewId } from '#kernel';
import { createLedger } from '#ledger';
import { testClock, testDatabase, type TestDatabase, testRepository } from '#testing';
import { createContextService } from '../context-service.ts';
import { ContextRequest } from '../schema.ts';
import { graphHash } from '../graph/index.ts';
import type { DataClass } from './controls.ts';

const clock = testClock(new Date('2026-03-01T12:00:00Z'));
const folder = mkdtempSync(join(tmpdir(), 'loom-graph-'));
const actor = { kind: 'person' as const, id: 'usr_test' };
const EVERYTHING = { mayRead: () => true };
let database: TestDatabase;
let dataClasses: readonly DataClass[] = [];

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => clock.advance(60_000));

function rooms() {
  const { db } = database;
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'org_test' });
  const context = createContextService({
    db,
    ledger,
    clock,
    newId,
    log,
    folder,
    dataClassesOf: async () => dataClasses,
  });
  return { context, graph: context.graph, ledger };
}

const FILES = {
  'src/pay.ts': 'export const pay = 1;\n',
  'src/old.ts': 'export const old = 1;\n',
  CODEOWNERS: '* @acme/everyone\n/src/ @acme/payments\n',
  'docs/guide.md': '# Guide\n\n## Paying\n\nSee `src/pay.ts` and `src/old.ts`.\n',
  'docs/adr/0001-queue.md':
    '# Retry in a queue\n\n## Status\n\nSuperseded by [2](0002-inline.md)\n',
  'docs/adr/0002-inline.md': '---\nstatus: accepted\n---\n# Retry inline\n\nSee `src/pay.ts`.\n',
  'src/AGENTS.md': '# Rules\n\nAmounts are cents.\n',
  'catalog-info.yaml': [
    'kind: Component',
    'metadata:',
    '  name: shop',
    'spec:',
    '  owner: team-shop',
    '  system: store',
    '  providesApis: [orders]',
    '  dependsOn: [resource:default/ledger-db]',
    '---',
    'kind: Dashboard',
    'metadata:',
    '  name: sales',
  ].join('\n'),
};

const related = async (
  graph: ReturnType<typeof rooms>['graph'],
  id: string,
  kind: string,
  options = {},
) =>
  (await graph.entity(EVERYTHING, id, { kinds: [kind], ...options })).relations.map(
    ({ direction, other, freshness, slot }) =>
      [direction, other.title, freshness, ...(slot === '' ? [] : [slot])].join(' '),
  );
const idOf = async (
  graph: ReturnType<typeof rooms>['graph'],
  text: string,
  kind: string,
  scope: string,
) => (await graph.search(EVERYTHING, { text, kinds: [kind as 'file'], scope }))[0]!.id;

test('a repository becomes entities with relations, each with its source', async () => {
  await using made = await testRepository();
  await made.commit({ files: FILES });
  const { context, graph } = rooms();
  await context.importRepository({ url: made.dir, name: 'acme/shop' }, actor);
  const head = await made.sha();

  expect(await related(graph, 'component:default/shop', 'owns_declared')).toEqual([
    'in default/team-shop unverified',
  ]);
  expect(await related(graph, 'component:default/shop', 'provides_api')).toEqual([
    'out default/orders unverified',
  ]);
  expect(await related(graph, 'repository:acme/shop', 'owns_declared')).toEqual([
    'in acme/everyone current *',
    'in acme/payments current /src/',
  ]);
  const guide = await idOf(graph, 'Guide', 'document', 'acme/shop');
  expect(await related(graph, guide, 'mentions')).toEqual([
    'out src/old.ts current',
    'out src/pay.ts current',
  ]);
  const old = await idOf(graph, 'Retry in a queue', 'decision', 'acme/shop');
  const page = await graph.entity(EVERYTHING, old);
  expect(page.entity).toMatchObject({
    freshness: 'superseded',
    properties: { status: 'superseded' },
  });
  expect(page.sources[0]).toMatchObject({
    system: 'git',
    method: 'parsed',
    evidence: { path: 'docs/adr/0001-queue.md' },
    revision: await made.git('rev-parse', `${head}:docs/adr/0001-queue.md`),
  });
  // A kind only a plugin knows is kept and says what it is.
  expect(await graph.search(EVERYTHING, { text: 'sales' })).toMatchObject([
    { kind: 'resource', properties: { declaredKind: 'Dashboard' } },
  ]);
  const rule = await idOf(graph, 'AGENTS.md', 'rule', 'acme/shop');
  expect(await related(graph, rule, 'constrains')).toEqual(['out acme/shop current src/**']);
});

test('a renamed file stays itself, a deleted one is over, and documents that name it are stale', async () => {
  await using made = await testRepository({ start: new Date('2026-02-01T00:00:00Z') });
  await made.commit({ files: FILES });
  const { context, graph } = rooms();
  await context.importRepository({ url: made.dir, name: 'acme/moved' }, actor);
  const pay = await idOf(graph, 'src/pay.ts', 'file', 'acme/moved');
  const gone = await idOf(graph, 'src/old.ts', 'file', 'acme/moved');
  const before = clock.now();
  clock.advance(60_000);

  const moved = { 'src/pay.ts': null, 'src/money/pay.ts': FILES['src/pay.ts'], 'src/old.ts': null };
  await made.commit({ files: moved, at: new Date('2026-02-02T00:00:00Z') });
  await context.refreshRepository('acme/moved');

  const page = await graph.entity(EVERYTHING, pay);
  expect(page.entity).toMatchObject({ title: 'src/money/pay.ts', freshness: 'current' });
  expect(page.sources.map(({ properties, validTo }) => [properties['path'], validTo])).toEqual([
    ['src/pay.ts', new Date('2026-02-02T00:00:00Z')],
    ['src/money/pay.ts', null],
  ]);
  expect((await graph.entity(EVERYTHING, gone)).entity.freshness).toBe('stale');
  const guide = await idOf(graph, 'Guide', 'document', 'acme/moved');
  expect((await graph.entity(EVERYTHING, guide)).entity.freshness).toBe('stale');
  expect(await related(graph, guide, 'mentions')).toContain('out src/old.ts stale');

  const then = { validAt: new Date('2026-02-01T12:00:00Z') };
  expect((await graph.entity(EVERYTHING, pay, then)).entity.title).toBe('src/pay.ts');
  expect(
    (await graph.entity(EVERYTHING, gone, { knownAt: before, validAt: before })).entity.freshness,
  ).toBe('current');
});

test('rewritten history never was, and coming back to it says the same again', async () => {
  await using made = await testRepository();
  await made.commit({ files: FILES });
  const base = await made.sha();
  const { context, graph } = rooms();
  await context.importRepository({ url: made.dir, name: 'acme/forced' }, actor);
  const atBase = await graphHash(database.db);

  await made.commit({ files: { 'src/lost.ts': 'lost\n', 'src/pay.ts': null } });
  const lost = await made.sha();
  await context.refreshRepository('acme/forced');
  const withLost = await graphHash(database.db);
  expect(await graph.search(EVERYTHING, { text: 'src/lost.ts' })).toHaveLength(1);

  await made.git('reset', '--hard', base);
  await context.refreshRepository('acme/forced');
  expect(await graph.search(EVERYTHING, { text: 'src/lost.ts' })).toEqual([]);
  const pay = await idOf(graph, 'src/pay.ts', 'file', 'acme/forced');
  expect((await graph.entity(EVERYTHING, pay)).entity.freshness).toBe('current');
  expect((await graphHash(database.db)).hash).toBe(atBase.hash);

  await made.git('reset', '--hard', lost);
  await context.refreshRepository('acme/forced');
  expect((await graphHash(database.db)).hash).toBe(withLost.hash);
});

test('push by push and all at once give the same graph of today, and a replay changes nothing', async () => {
  await using other = await testDatabase();
  await using made = await testRepository();
  const { context } = rooms();
  await database.db.query('delete from graph_assertions');
  await database.db.query('delete from graph_sources');
  await made.commit({ files: FILES });
  await context.importRepository({ url: made.dir, name: 'acme/steps' }, actor);
  await made.commit({ files: { 'docs/guide.md': '# Guide\n\nSee `src/new.ts`.\n' } });
  await context.refreshRepository('acme/steps');
  for (const step of [1, 2, 3, 4]) {
    const pay = `export const pay = ${step};\nfunction within() {}\n`;
    await made.commit({
      files: { 'src/pay.ts': pay, 'src/old.ts': `${step}\n`, 'src/AGENTS.md': `# ${step}\n` },
    });
    if (step !== 2) await context.refreshRepository('acme/steps');
  }
  const { graph } = rooms();
  const payId = await idOf(graph, 'src/pay.ts', 'file', 'acme/steps');
  const together = await graph.entity(EVERYTHING, payId, { kinds: ['co_changed', 'defines'] });
  expect(
    together.relations.map(({ direction, kind, other, sources: [word] }) =>
      [direction, kind, other.title, word!.method, word!.evidence?.history?.changes].join(' '),
    ),
  ).toEqual([
    'in co_changed src/AGENTS.md derived 5',
    'in co_changed src/old.ts derived 5',
    'out co_changed src/AGENTS.md derived 5',
    'out co_changed src/old.ts derived 5',
    'out defines pay parsed ',
  ]);
  expect(await graph.search(EVERYTHING, { text: 'PA', kinds: ['symbol'] })).toMatchObject([
    { kind: 'symbol', title: 'pay', properties: { signature: 'export const pay = 4;' } },
  ]);
  expect(
    await context.search({ text: 'Where is pay defined?', repository: 'acme/steps' }, actor),
  ).toContainEqual(expect.objectContaining({ kind: 'symbol', path: 'src/pay.ts', line: 1 }));
  await made.commit({ files: { 'src/new.ts': 'new\n', 'src/old.ts': null } });
  await made.commit({
    files: { 'src/money.ts': 'export const pay = 4;\nfunction within() {}\n', 'src/pay.ts': null },
  });
  await context.refreshRepository('acme/steps');
  expect(await related(graph, payId, 'co_changed')).toEqual([
    'in src/AGENTS.md current',
    'out src/AGENTS.md current',
  ]);
  const [symbol] = await graph.search(EVERYTHING, { text: 'pay', kinds: ['symbol'] });
  const { sources } = await graph.entity(EVERYTHING, symbol!.id);
  expect(sources.find(({ validTo }) => validTo === null)!.evidence).toMatchObject({
    path: 'src/money.ts',
  });
  const now = { scope: 'current' as const, at: clock.now() };
  const steps = await graphHash(database.db, now);

  await context.refreshRepository('acme/steps');
  await database.db.query('delete from graph_cursors');
  await context.refreshRepository('acme/steps');
  expect(await graphHash(database.db, now)).toEqual(steps);

  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db: other.db, clock, newId, log, tenant: 'org_test' });
  const mirrors = join(folder, 'other');
  const second = createContextService({ db: other.db, ledger, clock, newId, log, folder: mirrors });
  await second.importRepository({ url: made.dir, name: 'acme/steps' }, actor);
  expect(await graphHash(other.db, now)).toEqual(steps);
});

test('a repository that was removed says nothing, and the same again when it is imported again', async () => {
  await using made = await testRepository();
  await made.commit({ files: FILES });
  const { context, graph } = rooms();
  await context.importRepository({ url: made.dir, name: 'acme/removed' }, actor);
  const pay = await idOf(graph, 'src/pay.ts', 'file', 'acme/removed');

  await context.removeRepository('acme/removed', actor);
  expect(await graph.search(EVERYTHING, { text: 'src/pay.ts', scope: 'acme/removed' })).toEqual([]);

  clock.advance(1_000);
  await context.importRepository({ url: made.dir, name: 'acme/removed' }, actor);
  expect((await graph.entity(EVERYTHING, pay)).entity.freshness).toBe('current');
});

test('identities of one person are joined by evidence, and a person may take it back', async () => {
  await using made = await testRepository();
  const people = [
    { name: 'Ada Lovelace', email: 'ada@engines.example' },
    { name: 'Ada Lovelace', email: '7+ada@users.noreply.github.com' },
    { name: 'Ada', email: 'countess@old.example' },
    { name: 'Grace Hopper', email: 'grace@gmail.com' },
    { name: 'Grace Hopper', email: 'other.grace@gmail.com' },
  ];
  for (const [index, author] of people.entries()) {
    await made.commit({ author, files: { [`${index}.txt`]: 'x' } });
  }
  await made.commit({
    author: people[0]!,
    files: { '.mailmap': 'Ada Lovelace <ada@engines.example> <countess@old.example>\n' },
  });
  const { context, graph, ledger } = rooms();
  await context.importRepository({ url: made.dir, name: 'acme/people' }, actor);

  const identities = await graph.identities(EVERYTHING);
  const ada = 'email:ada@engines.example';
  expect(
    [...identities]
      .filter(([, person]) => person === ada)
      .map(([key]) => key)
      .sort(),
  ).toEqual([
    'email:7+ada@users.noreply.github.com',
    ada,
    'email:countess@old.example',
    'github:ada',
  ]);
  expect(identities.has('email:grace@gmail.com')).toBe(false);

  await graph.splitPeople({ a: ada, b: 'github:ada', because: 'another Ada' }, actor);
  const split = await graph.identities(EVERYTHING);
  expect(split.get('github:ada')).not.toBe(ada);
  expect(split.get('email:countess@old.example')).toBe(ada);
  expect((await ledger.list({ type: 'person.split' })).items[0]?.data).toMatchObject({
    because: 'another Ada',
  });

  clock.advance(1_000);
  await graph.mergePeople({ a: ada, b: 'github:ada', because: 'she told me' }, actor);
  expect((await graph.identities(EVERYTHING)).get('github:ada')).toBe(ada);
});

test('controls bear on services and files by catalog and by data class, and lead to their changes', async () => {
  await using made = await testRepository();
  const component = (name: string, more = '') =>
    `kind: Component\nmetadata:\n  name: ${name}\n${more}spec:\n  owner: team-shop\n`;
  await made.commit({
    message: 'Take cards',
    files: {
      'cards/catalog-info.yaml': component('cards', '  tags: [hipaa]\n'),
      'cards/vault.ts': 'export const vault = 1;\n',
      'mail/catalog-info.yaml': component('mail'),
      'mail/send.ts': 'export const send = 1;\n',
    },
  });
  const { context, graph } = rooms();
  const { controlsOf, reachOf } = context.compliance;
  await context.importRepository({ url: made.dir, name: 'acme/cards' }, actor);
  const source = { path: '.loom/policy.yaml', revision: 'v1' };
  dataClasses = [{ name: 'card', paths: ['**/vault.ts'], controls: ['PCI-DSS'], source }];
  // The policy changed and the repository did not.
  await context.refreshRepository('acme/cards');
  const vault = await idOf(graph, 'cards/vault.ts', 'file', 'acme/cards');

  const told = async (id: string) =>
    (await controlsOf(EVERYTHING, id)).map(({ control, bonds }) =>
      [
        control.title,
        ...bonds.map(
          ({ pattern, dataClass, through }) => `${pattern} ${dataClass} ${through?.key}`,
        ),
      ].join(': '),
    );
  expect(await told('component:default/cards')).toEqual([
    'HIPAA: default/cards null undefined',
    'PCI: **/vault.ts card undefined',
  ]);
  expect(await told(vault)).toEqual([
    'HIPAA: default/cards null default/cards',
    'PCI: **/vault.ts card undefined',
  ]);
  expect(await told('component:default/mail')).toEqual([]);
  expect(await reachOf(EVERYTHING, 'control:pci')).toMatchObject({
    services: [{ service: { key: 'default/cards' }, because: ['has files in **/vault.ts'] }],
    patterns: [{ pattern: '**/vault.ts', dataClass: 'card', files: 1, writtenIn: source.path }],
    fileCount: 1,
    changes: [{ subject: 'Take cards', files: 1 }],
  });
  const closed = [{ system: 'git', scope: 'acme/cards', prefix: 'cards/vault' }];
  expect(await reachOf({ mayRead: () => true, closed }, 'control:pci')).toMatchObject({
    fileCount: 0,
    changes: [],
  });
  const request = ContextRequest.parse({ repository: 'acme/cards', title: 'Renew the card vault' });
  expect((await context.buildPack(request, actor)).items).toContainEqual(
    expect.objectContaining({ kind: 'control', title: 'PCI', freshness: 'current' }),
  );

  dataClasses = [];
  await context.refreshRepository('acme/cards');
  expect(await told(vault)).toEqual(['HIPAA: default/cards null default/cards']);
});
