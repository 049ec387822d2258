/**
 * Goal: a folder's documents come as they lie there, and nothing is read out of it.
 * Method: real folders; the shared suite.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { describeKnowledge, readAll } from '../contract/conformance-knowledge.ts';
import { createFoldersSource } from './folders.ts';

const made: string[] = [];
afterAll(() => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function setUp(files: Record<string, string | Uint8Array>) {
  const folder = mkdtempSync(join(tmpdir(), 'loom-folders-'));
  made.push(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    utimesSync(join(folder, path), new Date('2026-01-05'), new Date('2026-01-05'));
  }
  const places = { repositories: new Map([[folder, 'acme/shop']]), teams: new Map() };
  return { folder, source: createFoldersSource({ folders: [folder], places }) };
}

describeKnowledge({
  name: 'Folders',
  async open() {
    const { folder, source } = setUp({ 'a.md': '# A\n', 'b/c.md': 'C', 'd.html': '<h1>D</h1>' });
    return { source, scope: folder };
  },
});

test('documents are read; what is hidden, linked, large or no text is not', async () => {
  const { folder, source } = setUp({
    'guides/deploy.md': '---\nowner: Ada\n---\n# Deploy\n',
    'page.html': '<title>Rota</title><main><h1>Rota</h1><p>On call.</p><script>x()</script></main>',
    '.git/config.md': 'no',
    'node_modules/x/readme.md': 'no',
    'picture.md': new Uint8Array([1, 0, 2]),
    'huge.md': 'x'.repeat(1_100_000),
    'tool.ts': 'no',
  });
  const { folder: outside } = setUp({ 'secret.md': 'secret' });
  symlinkSync(join(outside, 'secret.md'), join(folder, 'link.md'));
  symlinkSync(outside, join(folder, 'linked'));

  const { items } = await readAll(source, folder);

  expect(items).toMatchObject([
    { object: 'file/guides/deploy.md', path: 'guides/deploy.md', belongsTo: 'acme/shop' },
    { object: 'file/page.html', title: 'Rota', text: '# Rota\n\nOn call.' },
  ]);
});

test('a folder that is away is no empty folder', async () => {
  const { folder, source } = setUp({ 'a.md': 'A' });
  rmSync(folder, { recursive: true });

  await expect(source.listObjects(folder)).rejects.toMatchObject({ code: 'folders.unreadable' });
});

test('a folder that is not in the settings is not read', async () => {
  const { source } = setUp({});

  await expect(source.sweep('/etc', null)).rejects.toMatchObject({
    code: 'folders.unknown_folder',
  });
});
