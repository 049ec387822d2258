/**
 * Goal: pages of a wiki are as old as their last commit and say who wrote it; only what changed is read.
 * Method: a real git repository; the shared suite.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { testRepository } from '#testing';
import { describeKnowledge, readAll } from '../contract/conformance-knowledge.ts';
import { createWikiSource, pageUrl } from './wiki.ts';

const folder = mkdtempSync(join(tmpdir(), 'loom-wikis-'));
const disposables = new AsyncDisposableStack();
afterAll(async () => {
  await disposables.disposeAsync();
  rmSync(folder, { recursive: true, force: true });
});

async function setUp() {
  const made = disposables.use(await testRepository({ start: new Date('2026-02-01T09:00:00Z') }));
  await made.commit({ message: 'Start', files: { 'Home.md': '# Home\n', '_Sidebar.md': 'menu' } });
  await made.commit({ message: 'More', files: { 'ops/Rota.md': 'Who is on call.\n' } });
  const url = made.dir;
  const places = { repositories: new Map(), teams: new Map([[url, ['ops']]]) };
  return { made, url, source: createWikiSource({ urls: [url], places, folder }) };
}

const opened = await setUp();
describeKnowledge({
  name: 'Git wikis',
  async open() {
    const { source, url } = opened;
    return { scope: url, source: withAddress(source) };
  },
});

/** A wiki on disk has no address people read it at. */
function withAddress(source: ReturnType<typeof createWikiSource>) {
  const url = 'https://git.example/wiki';
  return {
    ...source,
    async sweep(scope: string, cursor: string | null) {
      const page = await source.sweep(scope, cursor);
      return { ...page, items: page.items.map((item) => ({ ...item, url })) };
    },
    readObject: async (scope: string, object: string) => {
      const item = await source.readObject!(scope, object);
      return item === undefined ? undefined : { ...item, url };
    },
  };
}

test('the next reading gives the pages of newer commits, and the list tells what is gone', async () => {
  const { made, source, url } = await setUp();
  const first = await readAll(source, url);
  await made.commit({
    message: 'Change',
    files: { 'Home.md': '# Home\n\nNew.\n', 'ops/Rota.md': null },
  });

  const second = await readAll(source, url, first.cursor);
  const third = await source.sweep(url, second.cursor);
  const list = await source.listObjects(url);

  expect(first.items.map(({ object }) => object)).toEqual(['page/Home.md', 'page/ops/Rota.md']);
  expect(second.items).toMatchObject([{ object: 'page/Home.md', readers: { teams: ['ops'] } }]);
  expect(third).toMatchObject({ items: [], hasMore: false });
  expect(list.objects).toEqual(['page/Home.md']);
});

test.each([
  [
    'https://github.com/acme/shop.wiki.git',
    'ops/On call.md',
    'https://github.com/acme/shop/wiki/On%20call',
  ],
  [
    'https://gitlab.example/g/shop.wiki.git',
    'ops/rota.md',
    'https://gitlab.example/g/shop/-/wikis/ops/rota',
  ],
  ['/srv/wiki', 'a.md', undefined],
])('pages of %s are read at their host’s address', (url, path, expected) => {
  expect(pageUrl(url, path)).toBe(expected);
});
