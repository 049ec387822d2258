/**
 * Goal: a merged change is tied to the files its commit touched, whichever of host and push told first.
 * Method: a real repository, the real importer, items as a host gives them; two databases for two orders.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { KnowledgeItem } from '#connectors/contract';
import { createLogger, createNewId, type Db } from '#kernel';
import { createLedger } from '#ledger';
import { testClock, testDatabase, testRepository, type TestRepository } from '#testing';
import { createContextService } from '../context-service.ts';
import { graphHash } from '../graph/index.ts';

const NAME = 'acme/shop';
const EVERYTHING = { mayRead: () => true };
const actor = { kind: 'person' as const, id: 'usr_test' };
const folder = mkdtempSync(join(tmpdir(), 'loom-landed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function roomsOf(db: Db) {
  const clock = testClock(new Date('2026-03-01T12:00:00Z'));
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'org_test' });
  return createContextService({ db, ledger, clock, newId, log, folder });
}

const updatedAt = new Date('2026-02-01T00:00:00Z');
const merged = (mergeSha: string): KnowledgeItem => ({
  kind: 'change',
  object: 'pull/12',
  repository: NAME,
  updatedAt,
  author: 'ada',
  number: 12,
  title: 'Round half to even',
  text: '',
  state: 'merged',
  branch: 'fix',
  baseBranch: 'main',
  headSha: 'a'.repeat(40),
  mergeSha,
  labels: [],
});
const comment = (id: number, path: string): KnowledgeItem => ({
  kind: 'review-comment',
  object: `review-comment/${id}`,
  repository: NAME,
  updatedAt,
  author: 'grace',
  url: 'https://host.example/c',
  changeNumber: 12,
  path,
  line: 3,
  text: 'Cents, please.',
});

async function landedRepository(): Promise<{ made: TestRepository; sha: string }> {
  const made = await testRepository();
  await made.commit({
    files: { 'src/pay.ts': 'export const pay = 1;\n', 'README.md': '# Shop\n' },
  });
  const sha = await made.commit({
    files: { 'src/pay.ts': 'export const pay = 2;\n', 'src/round.ts': 'export const round = 1;\n' },
    message: 'Round half to even\n\nFixes #7',
  });
  const moved = { 'src/pay.ts': null, 'src/payment.ts': 'export const pay = 2;\n' };
  await made.commit({ files: moved, message: 'Rename' });
  return { made, sha };
}

test('host first or push first, a merged change has its files, comments and work', async () => {
  const { made, sha } = await landedRepository();
  await using _ = made;
  await using one = await testDatabase();
  await using other = await testDatabase();
  const items = [merged(sha), comment(1, 'src/pay.ts'), comment(2, 'src/unknown.ts')];

  const pushFirst = roomsOf(one.db);
  await pushFirst.importRepository({ url: made.dir, name: NAME, host: 'github' }, actor);
  await pushFirst.knowledge.take('github', items);
  await pushFirst.knowledge.take('github', items.toReversed());
  const hostFirst = roomsOf(other.db);
  await hostFirst.knowledge.take('github', items);
  await hostFirst.importRepository({ url: made.dir, name: NAME, host: 'github' }, actor);

  for (const { graph } of [pushFirst, hostFirst]) {
    const { relations } = await graph.entity(EVERYTHING, `change:${NAME}#12`, {
      kinds: ['touched', 'mentions', 'implements'],
    });
    expect(relations.map(({ kind, other: to }) => `${kind} ${to.title}`).toSorted()).toEqual([
      'implements acme/shop#7',
      'mentions src/payment.ts',
      'touched src/payment.ts',
      'touched src/round.ts',
    ]);
  }
  expect(await graphHash(one.db)).toEqual(await graphHash(other.db));
});

test('a commit that a forced push took away touched nothing, and its change is listed all the same', async () => {
  const { made, sha } = await landedRepository();
  await using _ = made;
  await using database = await testDatabase();
  const context = roomsOf(database.db);
  await context.importRepository({ url: made.dir, name: NAME, host: 'github' }, actor);
  await context.knowledge.take('github', [merged(sha), comment(1, 'src/pay.ts')]);

  await made.git('reset', '-q', '--hard', `${sha}^`);
  await made.commit({ files: { 'src/other.ts': 'export const other = 1;\n' } });
  await context.refreshRepository(NAME);

  const { relations } = await context.graph.entity(EVERYTHING, `change:${NAME}#12`, {
    kinds: ['touched', 'mentions', 'contains'],
  });
  expect(relations.map(({ kind }) => kind)).toEqual(['contains']);
});

test('a full list that knows no derived objects leaves them alone', async () => {
  const { made, sha } = await landedRepository();
  await using _ = made;
  await using database = await testDatabase();
  const context = roomsOf(database.db);
  await context.importRepository({ url: made.dir, name: NAME, host: 'github' }, actor);
  await context.knowledge.take('github', [merged(sha)]);

  const gone = await context.knowledge.buryGone('github', NAME, {
    sweep: async () => ({ items: [], cursor: '', hasMore: false }),
    listObjects: async () => ({ prefixes: ['pull/'], objects: ['pull/12'] }),
  });

  expect(gone).toBe(0);
});
