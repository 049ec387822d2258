/**
 * Goal: the explorer's questions are answered over HTTP, to each caller what they may know.
 * Method: a real repository imported through the API; callers with different roles and a restriction.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testRepository, type TestRepository } from '#testing';
import { type TestApp, testApp } from '#testing/app';

let app: TestApp;
let shop: TestRepository;
let admin: string;
let developer: string;
let viewer: string;

beforeAll(async () => {
  app = await testApp();
  shop = await testRepository({ start: new Date('2025-12-20T09:00:00Z') });
  admin = await app.tokenFor('admin');
  developer = await app.tokenFor('developer');
  viewer = await app.tokenFor('viewer');
  const author = { name: 'Grace Hopper', email: 'grace@example.org' };
  await shop.commit({
    files: {
      'src/pay/total.ts':
        "import { round } from './round.ts';\nexport const total = () => round(1);\n",
      'src/pay/round.ts': 'export function round(x: number) { return x; }\n',
      'src/web/page.ts': 'export const page = 1;\n',
      'src/gone.ts': 'export const gone = 1;\n',
      'docs/guide.md': '# Guide\n\nSee `src/gone.ts`.\n',
      'secret/plan.md': '# The secret plan\n\nSee `src/web/page.ts`.\n',
      CODEOWNERS: '/src/pay/ @acme/payments\n',
      'catalog-info.yaml':
        'kind: Component\nmetadata:\n  name: shop\n  tags: [pci-dss]\nspec:\n  dependsOn: [resource:default/db]\n',
    },
  });
  await shop.commit({
    author,
    files: { 'src/pay/round.ts': 'export function round() { return 2; }\n' },
  });
  await shop.commit({
    author,
    files: { 'src/pay/total.ts': "import { round } from './round.ts';\n" },
  });
  await app.call('POST', '/v1/repositories', {
    token: admin,
    body: { url: shop.dir, name: 'acme/shop' },
  });
  await shop.commit({ files: { 'src/gone.ts': null } });
  await app.call('POST', '/v1/repositories/acme%2Fshop/refresh', { token: admin });
});
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

interface Entity {
  id: string;
  title: string;
  freshness: string;
}
const get = async <Body>(path: string, token = viewer): Promise<{ status: number; body: Body }> =>
  app.call('GET', path, { token });
const search = async (text: string, token = viewer) =>
  (await get<{ items: Entity[] }>(`/v1/graph/entities?q=${encodeURIComponent(text)}`, token)).body
    .items;

test('a thing is found by its name and shows its relations with their sources', async () => {
  const [file] = await search('src/pay/total.ts');
  const page = await get<{
    relations: { kind: string; other: Entity; sources: { revision: string }[] }[];
  }>(`/v1/graph/entities/${encodeURIComponent(file!.id)}?kind=imports`);

  expect(page.status).toBe(200);
  expect(page.body.relations).toMatchObject([
    { kind: 'imports', other: { title: 'src/pay/round.ts' }, sources: [{ system: 'git' }] },
  ]);
});

test('what is around a service is shown in bounds, with the controls that bind it', async () => {
  const { body } = await get<{ entities: Entity[]; edges: { kind: string; from: string }[] }>(
    '/v1/graph/entities/component%3Adefault%2Fshop/neighbourhood?depth=2&limit=20',
  );

  expect(body.entities.length).toBeLessThanOrEqual(20);
  expect(body.edges).toContainEqual(
    expect.objectContaining({
      kind: 'constrains',
      from: 'control:pci',
      to: 'component:default/shop',
    }),
  );
});

test('knowledge to mend is listed with the reason', async () => {
  const { body } = await get<{ items: { entity: Entity; because: string[] }[] }>(
    '/v1/graph/stale?scope=acme/shop',
  );

  expect(body.items).toMatchObject([
    {
      entity: { title: 'Guide', freshness: 'stale' },
      because: ['names src/gone.ts, which is gone'],
    },
  ]);
});

test('ownership names who does the work beside who is declared, with the bus factor', async () => {
  const { body } = await get<{ folders: { folder: string; people: object[] }[] }>(
    '/v1/graph/ownership/acme%2Fshop?depth=2',
  );

  const pay = body.folders.find(({ folder }) => folder === 'src/pay');
  expect(pay).toMatchObject({ declared: ['@acme/payments'], busFactor: 1, changes: 3 });
  expect(pay?.people[0]).toMatchObject({ id: 'email:grace@example.org', isActive: true });
});

test('what is unknown, or no id at all, is refused with a stable code', async () => {
  const unknown = await get<{ code: string }>('/v1/graph/entities/component%3Adefault%2Fnothing');
  const bad = await get<{ code: string }>('/v1/graph/entities/nonsense%3Ax');

  expect([unknown.status, unknown.body.code]).toEqual([404, 'context.unknown_entity']);
  expect([bad.status, bad.body.code]).toEqual([400, 'context.bad_entity_id']);
});

test('only who may curate merges people, and an agent never does', async () => {
  const body = { a: 'email:grace@example.org', b: 'github:grace', because: 'She said so.' };
  const refused = await app.call('POST', '/v1/graph/people/merge', { token: viewer, body });
  const done = await app.call('POST', '/v1/graph/people/merge', { token: developer, body });
  const { body: people } = await get<{ items: object[] }>('/v1/graph/people');

  expect([refused.status, done.status]).toEqual([403, 204]);
  expect(people.items).toMatchObject([
    {
      id: 'email:grace@example.org',
      identities: [{ id: 'email:grace@example.org' }, { id: 'github:grace' }],
    },
  ]);
});

test('a contradiction is reported, listed, and settled by a person', async () => {
  const [guide] = await search('The secret plan');
  const [rule] = await search('src/web/page.ts');
  const pair = { a: guide!.id, b: rule!.id, because: 'They disagree.' };
  const listed = async () =>
    (await get<{ items: object[] }>('/v1/graph/contradictions')).body.items;

  await app.call('POST', '/v1/graph/contradictions', { token: developer, body: pair });
  expect(await listed()).toHaveLength(1);
  expect((await search('The secret plan'))[0]?.freshness).toBe('contradicted');

  const settled = { ...pair, holds: 'both' };
  await app.call('POST', '/v1/graph/contradictions/settle', { token: developer, body: settled });
  expect(await listed()).toEqual([]);
  expect((await search('The secret plan'))[0]?.freshness).toBe('current');
});

test('a restricted source does not exist for whoever is not let in', async () => {
  const [plan] = await search('The secret plan');
  await app.services.context.restrictSource(
    {
      repository: 'acme/shop',
      system: 'git',
      prefix: 'secret/',
      teams: ['board'],
      people: [],
      reason: 'Secret.',
    },
    { kind: 'person', id: 'usr_test' },
  );

  expect(await search('The secret plan')).toEqual([]);
  expect(await search('secret/plan.md')).toEqual([]);
  const page = await get(`/v1/graph/entities/${encodeURIComponent(plan!.id)}`);
  expect(page.status).toBe(404);
  const { body: map } = await get<{ folders: { folder: string }[] }>(
    '/v1/graph/ownership/acme%2Fshop',
  );
  expect(map.folders.map(({ folder }) => folder)).toContain('docs');
  expect(map.folders.map(({ folder }) => folder)).not.toContain('secret');
  const lesson = await app.call('POST', '/v1/lessons', {
    token: developer,
    body: { repository: 'acme/shop', text: 'The plan is late.', paths: ['secret/plan.md'] },
  });
  const { id } = lesson.body as { id: string };
  const { body: lessons } = await get<{ items: { id: string }[] }>('/v1/lessons');
  expect(lessons.items.map((one) => one.id)).not.toContain(id);
  expect((await get(`/v1/lessons/${id}`)).status).toBe(404);
});
