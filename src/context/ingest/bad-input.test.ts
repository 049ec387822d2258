/**
 * Goal: whatever a repository holds, it is imported, and what was left out is counted with its reason.
 * Method: one repository with everything that should not be there; properties of the readers.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger, createNewId } from '#kernel';
import { createLedger } from '#ledger';
import { testClock, testDatabase, type TestDatabase, testRepository } from '#testing';
import { createContextService } from '../context-service.ts';
import { isManifest, readManifest } from './manifests/read-manifest.ts';
import { parseMailmap } from './people-facts.ts';

let database: TestDatabase;
const folder = mkdtempSync(join(tmpdir(), 'loom-bad-input-'));
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test('a repository of everything that should not be there is imported, and says what was left out', async () => {
  await using made = await testRepository();
  const many = Object.fromEntries(
    Array.from({ length: 3_000 }, (_, index) => [`gen/dist/${index}.js`, `${index}`]),
  );
  await made.commit({
    files: {
      ...many,
      'big.sql': 'x\n'.repeat(600_000),
      'line.ts': `export const a = '${'x'.repeat(150_000)}';\n`,
      'broken.md': Buffer.from([0x23, 0x20, 0xff, 0xfe, 0x80, 0x0a]),
      'docs/adr/0001-bomb.md': `# Status\n${'*'.repeat(100_000)}`,
      'src/nul.ts': Buffer.from([0x61, 0x00, 0x62]),
      'a/loop': { symlink: '../b/loop' },
      'b/loop': { symlink: '../a/loop' },
      'a/self': { symlink: 'self' },
      'package.json': '{ not json',
      'sub/package.json': Buffer.from('{"name":"x\u0000","dependencies":{"a\\u0000b":1}}'),
      'Cargo.toml': '[[[',
      'k8s/deep.yaml': 'a: &a\napiVersion: v1\nkind: Deployment\nmetadata: *a\n',
      'catalog-info.yaml':
        'kind: Nonsense\nmetadata:\n  name: odd\n---\nmetadata: {}\n---\n: : :\n',
      CODEOWNERS: '* @acme/all\n'.repeat(300_000),
      '.mailmap': `${'<'.repeat(5_000)}\nAda <ada@example.org>\n`,
      '.gitmodules': '[submodule "x"]\n\tpath = ../../etc\n\turl = file:///etc/passwd\n',
      'slo/odd.yaml':
        'apiVersion: openslo/v1\nkind: SLO\nmetadata: { name: odd-slo }\nspec: { service: odd, objectives: 7 }\n',
      'src/deep.ts': '('.repeat(15_000),
      'odd\nname\t"quoted".ts': 'export const odd = 1;\n',
      'src/good.ts': 'export function good() {}\n',
    },
  });
  const { db } = database;
  const clock = testClock(new Date('2026-03-01T12:00:00Z'));
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'org_test' });
  const context = createContextService({ db, ledger, clock, newId, log, folder });

  const repository = await context.importRepository(
    { url: made.dir, name: 'acme/odd' },
    { kind: 'person', id: 'usr_x' },
  );

  expect(repository.state).toBe('ready');
  const reasons = new Map(repository.skipped.map(({ reason, count }) => [reason, count]));
  expect(reasons.get('generated files are known by their names only')).toBe(3_000);
  expect(reasons.get('files over 200 kB are known by their names only')).toBeGreaterThanOrEqual(1);
  expect(reasons.get('CODEOWNERS over the 3 MB that GitHub reads')).toBe(1);
  expect(reasons.get('manifests that are not valid in their own format')).toBeGreaterThanOrEqual(2);
  expect(reasons.get('code with a line over 20,000 characters is known by its text only')).toBe(1);
  expect(reasons.get('code that is no text')).toBe(1);
  expect(repository.problems.join('\n')).toContain('catalog-info.yaml');
  const everything = { mayRead: () => true };
  expect(
    await context.graph.search(everything, { text: 'odd', kinds: ['resource'] }),
  ).toMatchObject([{ properties: { declaredKind: 'Nonsense' } }]);
  expect(await context.graph.search(everything, { text: 'odd', kinds: ['slo'] })).toMatchObject([
    { title: 'odd-slo', properties: { path: 'slo/odd.yaml' } },
  ]);
  expect(await context.graph.search(everything, { text: 'src/good.ts' })).toHaveLength(1);
});

const PATHS = [
  'package.json',
  'go.mod',
  'pyproject.toml',
  'requirements.txt',
  'Cargo.toml',
  'Dockerfile',
  'compose.yaml',
  'main.tf',
  'a.proto',
  'schema.graphql',
  'k8s/a.yaml',
  'openapi/api.json',
  'slo/checkout.yaml',
];

test.each(PATHS)('no text makes the reader of %s throw', (path) => {
  expect(isManifest(path)).toBe(true);
  const word = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"name"',
    ':',
    'name',
    '=',
    'FROM',
    'require (',
    'service',
    'openapi: 3',
    'apiVersion: openslo/v1\nkind: SLO\nmetadata:',
    'kind: Pod',
    'apiVersion: v1',
    '\n',
    ' ',
    '&a',
    '*a',
    '\u0000',
    '-',
    'type Query {',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word).map((words) => words.join(' ')),
      ),
      (text) => {
        const read = readManifest(path, text);

        expect(read === undefined || 'reading' in read || read.problem.length > 0).toBe(true);
      },
    ),
  );
});

test('no text makes the mailmap throw, and its lines are as git reads them', () => {
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseMailmap(text))));

  expect(parseMailmap('Ada <a@x> Old Ada <b@x> # note\n<a@x> <c@x>\n# none\n')).toMatchObject([
    { name: 'Ada', email: 'a@x', commitName: 'Old Ada', commitEmail: 'b@x', line: 1 },
    { name: undefined, email: 'a@x', commitName: undefined, commitEmail: 'c@x', line: 2 },
  ]);
});

test('service levels of OpenSLO are read with their service and target', () => {
  const read = readManifest(
    'slo/checkout.yaml',
    [
      'apiVersion: openslo/v1',
      'kind: SLO',
      'metadata:',
      '  name: checkout-availability',
      '  displayName: Checkout answers',
      'spec:',
      '  service: checkout',
      '  objectives:',
      '    - target: 0.995',
      '---',
      'apiVersion: openslo/v1',
      'kind: Service',
      'metadata: { name: checkout }',
    ].join('\n'),
  );

  expect(read).toMatchObject({
    reading: {
      objectives: [
        {
          name: 'checkout-availability',
          title: 'Checkout answers',
          service: 'checkout',
          targetPercent: 99.5,
        },
      ],
    },
  });
});
