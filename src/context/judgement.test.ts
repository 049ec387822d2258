/**
 * Goal: the pure parts of the Context Layer keep their word.
 * Method: examples from the systems they imitate, and properties where a law can be stated.
 */
import { array, assert, constantFrom, integer, property, string, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { decodePostings, encodePostings, scoreBm25 } from './bm25.ts';
import { isCatalogFile, readCatalog } from './catalog.ts';
import { ownersOfPath, parseCodeOwners } from './code-owners.ts';
import { documentKind, mentionedPaths, readDocument, splitSections } from './documents.ts';
import { classifyFile } from './file-class.ts';
import { freshnessOf } from './freshness.ts';
import { foldHistory } from './history.ts';
import { maskSecrets } from './masking.ts';
import { isRobot } from './people.ts';
import { asLine, asQuote, mixesLookAlikes, neutralise } from './quoting.ts';
import { composePack, type ItemDraft } from './render.ts';
import { countTokens, shorten } from './tokens.ts';
import { splitIdentifier, stem, toTerms } from './words.ts';

const NOW = new Date('2026-03-01T00:00:00Z');

test.each([
  ['*', 'a/b.ts', true],
  ['*.js', 'deep/down/x.js', true],
  ['*.js', 'x.ts', false],
  ['/build/logs/', 'build/logs/a/b.txt', true],
  ['/build/logs/', 'src/build/logs/a.txt', false],
  ['docs/*', 'docs/getting-started.md', true],
  ['docs/*', 'docs/build-app/troubleshooting.md', false],
  ['docs/*', 'src/docs/a.md', false],
  ['apps/', 'x/apps/y/z.ts', true],
  ['apps/', 'apps', false],
  ['/docs/', 'docs/a/b.md', true],
  ['/scripts', 'scripts/a/b.sh', true],
  ['/scripts', 'scripts', true],
  ['**/logs', 'deeply/nested/logs/x', true],
  ['/a/**/z', 'a/z', true],
  ['/a/**/z', 'a/b/c/z/file', true],
  ['/a/**', 'a/b/c', true],
  ['/apps/github', 'apps/github/x', true],
  ['/*', 'README.md', true],
  ['/*', 'src/README.md', false],
  ['src/my\\ file.ts', 'src/my file.ts', true],
  ['Src/', 'src/a.ts', false],
  ['a?.ts', 'ab.ts', true],
  ['a?.ts', 'a/.ts', false],
  ['a.ts', 'aXts', false],
])('CODEOWNERS pattern %s decides about %s: %s', (pattern, path, isOwned) => {
  expect(ownersOfPath(parseCodeOwners(`${pattern} @o`), path)).toEqual(isOwned ? ['@o'] : []);
});

test('the last matching CODEOWNERS rule wins, one without owners clears, wrong lines are skipped', () => {
  const rules = parseCodeOwners(
    [
      '# comment',
      '* @all',
      '/src/ @src me@example.org # why',
      '/src/open/',
      '!/src/no @no',
      '/src/[ab] @range',
      '/src/bad nobody',
    ].join('\r\n'),
  );

  expect(rules.map(({ line }) => line)).toEqual([2, 3, 4]);
  expect(ownersOfPath(rules, 'README')).toEqual(['@all']);
  expect(ownersOfPath(rules, 'src/a')).toEqual(['@src', 'me@example.org']);
  expect(ownersOfPath(rules, 'src/open/a')).toEqual([]);
});

test('a later rule decides alone, whatever stood before it', () => {
  const pattern = constantFrom(
    '*',
    '*.ts',
    '/src/',
    'src/*',
    '**/x.ts',
    'docs/',
    '/a/**/b',
    'x.ts',
  );
  const path = constantFrom('x.ts', 'src/x.ts', 'src/a/x.ts', 'docs/a.md', 'a/c/b', 'README');
  assert(
    property(array(pattern), pattern, path, (earlier, last, target) => {
      const before = earlier.map((one, index) => `${one} @e${index}`);
      const all = ownersOfPath(parseCodeOwners([...before, `${last} @last`].join('\n')), target);
      const alone = ownersOfPath(parseCodeOwners(`${last} @last`), target);
      const others = ownersOfPath(parseCodeOwners(before.join('\n')), target);

      expect(all).toEqual(alone.length > 0 ? alone : others);
    }),
  );
});

test('identifiers are split at humps and snakes, kept whole, and endings meet', () => {
  expect(splitIdentifier('parseHTTPHeader_v2')).toEqual(['parse', 'HTTP', 'Header', 'v2']);
  expect(toTerms('getRetryCount')).toEqual(['getretrycount', 'retry', 'count']);
  for (const words of [
    ['retries', 'retried', 'retry'],
    ['caches', 'caching', 'cached', 'cache'],
  ]) {
    expect(new Set(words.map(stem)).size).toBe(1);
  }
  expect(toTerms('the 12345 deadbeef42 is')).toEqual([]);
});

test('postings survive their bytes', () => {
  const posting = tuple(
    integer({ min: 1, max: 5_000 }),
    integer({ min: 1, max: 300 }),
    integer({ min: 1, max: 100_000 }),
  );
  assert(
    property(array(posting), (rows) => {
      let item = 0;
      const postings = rows.map(([step, count, length]) => ({
        item: (item += step),
        count,
        length,
      }));
      expect(decodePostings(encodePostings(postings))).toEqual(postings);
    }),
  );
});

test('a rare term weighs more than a common one, and a short text more than a long one', () => {
  const postings = new Map([
    ['rare', [{ item: 1, count: 1, length: 10 }]],
    [
      'common',
      [1, 2, 3, 4].map((item) => ({ item: item + 1, count: 1, length: item === 1 ? 5 : 50 })),
    ],
  ]);
  const scores = scoreBm25(postings, new Map(), { items: 10, length: 200 }, { k1: 1.2, b: 0.75 });

  expect(scores.get(1)!).toBeGreaterThan(scores.get(3)!);
  expect(scores.get(2)!).toBeGreaterThan(scores.get(3)!);
});

test('a file keeps its number through renames and swaps, and a new one gets its own', () => {
  const fold = foldHistory([], 1);
  const change = (status: 'added' | 'renamed' | 'deleted', path: string, oldPath?: string) => ({
    status,
    path,
    ...(oldPath === undefined ? {} : { oldPath }),
    addedLines: null,
    deletedLines: null,
    isSubmodule: false,
  });
  fold.add({ files: [change('added', 'a'), change('added', 'b')] }, 0);
  fold.add({ files: [change('renamed', 'a', 'b'), change('renamed', 'b', 'a')] }, 1);
  fold.add({ files: [change('deleted', 'a')] }, 2);
  fold.add({ files: [change('added', 'a')] }, 3);

  expect(
    fold
      .changed()
      .map(({ number, path, isAlive, changeCount }) => [number, path, isAlive, changeCount]),
  ).toEqual([
    [1, 'b', true, 2],
    [2, 'a', false, 3],
    [3, 'a', true, 1],
  ]);
  expect(fold.nextNumber()).toBe(4);
});

test('sections are cut at headings, not inside code, and keep their lines', () => {
  const text = '# A\nintro\n```\n# not a heading\n```\n## B\nmore\n\nC\n---\nend\n';

  expect(
    splitSections(text).map(({ heading, startLine, endLine }) => [heading, startLine, endLine]),
  ).toEqual([
    ['A', 1, 5],
    ['A > B', 6, 8],
    ['A > C', 9, 12],
  ]);
});

test.each([
  ['# X\n\n## Status\n\nAccepted\n', 'accepted', []],
  ['# X\n\n* Status: superseded by [ADR-5](0005-y.md)\n', 'superseded', ['0005-y.md']],
  ['---\nstatus: proposed\n---\n# X\n', 'proposed', []],
  ['# X\n\n## Status\n\nDeprecated\n', 'deprecated', []],
  ['# X\n\nStatus: Superseded by ADR 0007\n', 'superseded', ['0007']],
  ['# X\n', 'unknown', []],
])('a decision record %j is %s', (text, status, supersededBy) => {
  expect(readDocument('docs/adr/0001-x.md', text).decision).toMatchObject({ status, supersededBy });
});

test('rule files hold where they lie or where they say', () => {
  const scope = (path: string, text = '# R\n') => readDocument(path, text).scope;

  expect(documentKind('AGENTS.md')).toBe('rule');
  expect(scope('AGENTS.md')).toEqual([]);
  expect(scope('api/CLAUDE.md')).toEqual(['api/**']);
  expect(scope('.cursor/rules/ts.mdc', '---\nglobs: *.ts,src/**/*.tsx\n---\nUse types.\n')).toEqual(
    ['*.ts', 'src/**/*.tsx'],
  );
  expect(scope('.cursor/rules/all.mdc', '---\nglobs: *.ts\nalwaysApply: true\n---\nx\n')).toEqual(
    [],
  );
  expect(
    scope('.github/instructions/a.instructions.md', '---\napplyTo: "**/*.py"\n---\nx\n'),
  ).toEqual(['**/*.py']);
  expect(documentKind('docs/adr/README.md')).toBe('document');
  expect(documentKind('src/a.ts')).toBeUndefined();
});

test('paths are found in links, code and prose, and web addresses are not paths', () => {
  expect(
    mentionedPaths(
      'See [x](../src/a.ts), `b.go` and lib/c.rs. Not https://example.org/d.ts',
      'docs/x.md',
    ),
  ).toEqual(['src/a.ts', 'b.go', 'lib/c.rs']);
});

test('a catalog keeps the entities it can read and names the rest', () => {
  const text =
    'kind: Component\nmetadata: {name: a}\nspec: {owner: team}\n---\nkind: 3\n---\na: [\n';
  const { entities, problems } = readCatalog('catalog-info.yaml', text);

  expect(isCatalogFile('x/catalog-info.yml')).toBe(true);
  expect(entities.map(({ kind, name, owner }) => [kind, name, owner])).toEqual([
    ['Component', 'a', 'team'],
  ]);
  expect(problems).toHaveLength(2);
});

test('files are classed by what they are for', () => {
  expect(
    [
      'src/a.ts',
      'src/a.test.ts',
      'docs/a.md',
      'package-lock.json',
      'tsconfig.json',
      'logo.xyz',
    ].map(classifyFile),
  ).toEqual(['source', 'test', 'document', 'generated', 'configuration', 'other']);
});

test.each([
  'AKIAIOSFODNN7EXAMPLE',
  `ghp_${'a'.repeat(36)}`,
  `loom_${'a'.repeat(32)}`,
  '-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----',
  'password = "hunter2hunter2"',
  'postgres://me:s3cr3t@db/x',
  'Authorization: Bearer abcdefghijklmnopqrstuvwx',
])('a secret such as %j is masked', (secret) => {
  const masked = maskSecrets(`before ${secret} after`);

  expect(masked).toContain('[secret removed]');
  expect(masked).not.toMatch(/AKIAIOSF|ghp_a|loom_a|MIIE|hunter2|s3cr3t|abcdefghijklmnop/);
  expect(masked).toMatch(/^before [\s\S]*after$/);
});

test('whatever a source says stays inside its quote and can be seen', () => {
  assert(
    property(string({ unit: 'binary', maxLength: 200 }), (text) => {
      const quote = asQuote(text);
      expect(quote.split('\n').every((line) => line.startsWith('>'))).toBe(true);
      expect(quote).not.toMatch(/`{3}|~{3}|[\u202a-\u202e\u2066-\u2069\u200b\u{e0000}-\u{e007f}]/u);
      expect(asLine(text)).not.toMatch(/[\n`]/);
      expect(neutralise(neutralise(text))).toBe(neutralise(text));
    }),
  );
});

test('robots are no people to ask, and one person with two addresses is one', () => {
  expect(
    ['dependabot[bot]', 'renovate', 'github-actions', 'Claude'].every((name) =>
      isRobot({ name, email: '' }),
    ),
  ).toBe(true);
  expect(
    ['Bob Abbott', 'Robotham Li', 'Ada'].some((name) => isRobot({ name, email: 'x@example.org' })),
  ).toBe(false);
});

test('a record that was replaced or names what is gone is never current', () => {
  const record = {
    kind: 'document' as const,
    changedAt: NOW,
    now: NOW,
    livingMentions: 1,
    vanishedMentions: 0,
    isReplaced: false,
  };

  expect(freshnessOf(record)).toBe('current');
  expect(freshnessOf({ ...record, isReplaced: true })).toBe('superseded');
  expect(freshnessOf({ ...record, vanishedMentions: 1 })).toBe('stale');
  expect(freshnessOf({ ...record, livingMentions: 0, changedAt: new Date('2024-01-01') })).toBe(
    'unverified',
  );
  expect(
    freshnessOf({
      ...record,
      kind: 'decision',
      livingMentions: 0,
      changedAt: new Date('2019-01-01'),
    }),
  ).toBe('current');
});

test('no pack is over its budget, and each item of it is in the text', () => {
  const kind = constantFrom<ItemDraft['kind']>(
    'file',
    'rule',
    'decision',
    'document',
    'owner',
    'person',
    'companion',
    'lesson',
    'warning',
  );
  const draft = tuple(
    kind,
    string({ maxLength: 80 }),
    string({ unit: 'binary', maxLength: 1_500 }),
    integer({ min: 0, max: 100 }),
  );
  assert(
    property(
      array(draft, { maxLength: 40 }),
      integer({ min: 300, max: 3_000 }),
      string({ maxLength: 2_000 }),
      (rows, budget, title) => {
        const drafts = rows.map(([one, name, excerpt, score]): ItemDraft => ({
          kind: one,
          title: name,
          text: excerpt,
          why: [{ signal: 'text', evidence: 'because' }],
          source: { system: 'git', object: 'x', revision: 'abc' },
          observedAt: NOW,
          freshness: 'current',
          score: score / 100,
          isUntrusted: true,
        }));
        const pack = composePack({
          head: [`# Context: ${title.slice(0, 100).replace(/\s/g, ' ')}`],
          drafts,
          unknowns: ['nothing about x'],
          budgetTokens: budget,
          now: NOW,
        });

        expect(countTokens(pack.text)).toBeLessThanOrEqual(budget);
        expect(new Set(pack.items.map(({ id }) => id)).size).toBe(pack.items.length);
        for (const item of pack.items) expect(pack.text).toContain(`- [${item.id}] `);
      },
    ),
    { numRuns: 60 },
  );
});

test('a name that mixes letters of look-alike scripts is marked', () => {
  expect(mixesLookAlikes('src/\u0440ayments/retry.ts')).toBe(true);
  expect(mixesLookAlikes('src/payments/retry.ts')).toBe(false);
  // One script throughout is a language, not a trick.
  expect(mixesLookAlikes('docs/\u043e\u043f\u043b\u0430\u0442\u0430.md')).toBe(false);
});

test('a shortened text never exceeds its limit', () => {
  assert(
    property(
      string({ unit: 'grapheme', maxLength: 300 }),
      integer({ min: 0, max: 200 }),
      (text, limit) => {
        expect(shorten(text, limit).length).toBeLessThanOrEqual(Math.max(limit, 0));
      },
    ),
  );
});
