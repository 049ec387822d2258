/**
 * Goal: the documents say what the program does: nothing undocumented, nothing documented that is gone.
 * Method: read the sources, the settings and the commands, and compare with the pages in docs.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { renderConsoleTypes } from '#surfaces';
import { listCommands, renderCliDocument, renderSettingsDocument } from './documents.ts';

const read = (path: string) => readFileSync(path, 'utf8');
const findAll = (text: string, pattern: RegExp) =>
  Array.from(text.matchAll(pattern), ([, found]) => found ?? '');
const SOURCES = globSync('src/**/*.ts').filter(
  (path) => !/\.test\.ts$|^src\/(testing|sample)\/|conformance\.ts$|\/test-[\w-]+\.ts$/.test(path),
);
const PAGES = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
].concat(globSync('docs/**/*.md'));

test('docs/cli.md, docs/settings.md and the types of the console are what the code says; `node scripts/write-docs.ts` writes them', () => {
  expect(read('docs/cli.md')).toBe(renderCliDocument());
  expect(read('docs/settings.md')).toBe(renderSettingsDocument());
  expect(read('console/src/api/schema.ts')).toBe(renderConsoleTypes());
});

test('every command shows an example', () => {
  const sections = read('docs/cli.md').split(/^### /m).slice(1);
  const without = sections
    .filter((section) => !section.includes('\nExample'))
    .map((section) => section.split('\n')[0]);

  expect(sections.map((section) => section.split('\n')[0])).toEqual(listCommands());
  expect(without).toEqual([]);
});

test('every error code is documented, and every documented one is still raised', () => {
  const documented = globSync('docs/errors/*.md').flatMap((path) =>
    findAll(read(path), /^\| `([a-z0-9_.-]+)`/gm),
  );
  const text = SOURCES.map(read).join('\n');
  const raised = new Set<string>([
    ...findAll(text, /new AppError\(\s*'\w+',\s*'([a-z]+\.[a-z_]+)'/g),
    ...findAll(text, /checkValue\([^;']*'([a-z]+\.[a-z_]+)',?\s*\)/g),
    ...findAll(text, /parseJson\([^;']*'([a-z]+\.[a-z_]+)',?\s*\)/g),
  ]);

  raised.delete('package.json');
  expect(raised.size).toBeGreaterThan(80);
  expect([...raised].filter((code) => !documented.includes(code)).sort()).toEqual([]);
  // `http.invalid_body` and its like are put together where they are raised.
  const isRaised = (code: string) =>
    text.includes(`'${code}'`) || text.includes(`\`${code.replace(/_[a-z]+$/, '_')}\${`);
  expect(documented.filter((code) => !isRaised(code))).toEqual([]);
  expect(documented.filter((code, index) => documented.indexOf(code) !== index)).toEqual([]);
});

test('every event type is documented, and every documented one is still appended', () => {
  const documented = globSync('docs/events/*.md').flatMap((path) =>
    findAll(read(path), /^\| `([a-z.-]+)`/gm),
  );
  const text = SOURCES.map(read).join('\n');
  const appended = new Set(
    SOURCES.filter(
      (path) => /events?\.ts$|announce\.ts$/.test(path) || read(path).includes('ledger.append('),
    ).flatMap((path) => findAll(read(path), /\btype: '([a-z-]+\.[a-z-]+)'/g)),
  );

  expect(appended.size).toBeGreaterThan(30);
  // A signal is what a connector was told; what we append about it has a name of its own.
  const signals = findAll(read('src/connectors/contract/contract.ts'), /literal\('([a-z.-]+)'\)/g);
  const known = new Set([...documented, ...signals]);
  expect([...appended].filter((type) => !known.has(type)).sort()).toEqual([]);
  expect(documented.filter((type) => !text.includes(`'${type}'`))).toEqual([]);
});

test('every path and page that a page names exists', () => {
  const missing = PAGES.flatMap((page) => {
    const text = read(page);
    const links = findAll(text, /\]\((?!https?:|#|mailto:)([^)#\s]+)/g).map((link) =>
      join(dirname(page), link),
    );
    const paths = findAll(
      text,
      /`((?:src|docs|bin|scripts|console\/src|tests|bench|migrations)\/[\w./-]+)`/g,
    );
    return [...links, ...paths]
      .filter((path) => !path.includes('NNNN') && !/\broom\b/.test(path))
      .filter((path) => !existsSync(path))
      .map((path) => `${page}: ${path}`);
  });

  expect(missing).toEqual([]);
});

test('every `loom` command a page names exists', () => {
  const known = listCommands();
  const isKnown = (words: string) =>
    known.some(
      (name) => name === words || name.startsWith(`${words} `) || words.startsWith(`${name} `),
    );
  const unknown = PAGES.filter((page) => !page.startsWith('docs/adr/')).flatMap((page) =>
    findAll(read(page), /(?:^|[`$ ]|bin\/)loom ((?:--?\w[^\n]*|[a-z]+(?: [a-z]+)?))(?=[\s`]|$)/gm)
      .map((words) => words.trim())
      .filter((words) => /^[a-z]/.test(words))
      .filter((words) => !isKnown(`loom ${words}`) && !isKnown(`loom ${words.split(' ')[0]}`))
      .map((words) => `${page}: loom ${words}`),
  );

  expect(unknown).toEqual([]);
});

test('the index of the documents lists every page', () => {
  const index = read('docs/README.md');
  const unlisted = globSync('docs/**/*.md')
    .map((path) => path.replace(/^docs\//, ''))
    .filter((path) => path !== 'README.md')
    .filter((path) => !index.includes(`(${path})`));

  expect(unlisted).toEqual([]);
});
