/**
 * Goal: open work that overlaps is found at the level git confirms, told of once, cleared when it is over,
 * and work that is done twice is recognised before it starts.
 * Method: a real repository and database; changes as intake stores them, sessions and claims through
 * their services.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createContextService } from '#context';
import type { Id } from '#kernel';
import { testDatabase, type TestRepository, testRepository } from '#testing';
import { insertChange, updateChange } from '../changes/store.ts';
import { createOpenWorkFinder } from '../open-work.ts';
import { eventTypes, type Rooms, roomsOn, startSession } from '../test-rooms.ts';
import { createCollisionService } from './collision-service.ts';

const folder = mkdtempSync(join(tmpdir(), 'loom-collisions-'));
let rooms: Rooms;
let context: ReturnType<typeof createContextService>;

beforeAll(async () => {
  rooms = roomsOn(await testDatabase());
  context = createContextService({
    ...rooms,
    folder,
    findOpenWork: async () => [],
    teamsOf: async () => [],
  });
});
afterAll(async () => {
  await rooms[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const page = { limit: 50 };
const body = (changes: Record<number, string> = {}) =>
  Array.from({ length: 30 }, (_, at) => `${changes[at + 1] ?? `const line${at + 1} = 0;`}\n`).join(
    '',
  );

/** A repository under a name of its own, with a way to open changes in it. */
async function shop(name: string, files: Record<string, string>) {
  const made = await testRepository();
  await made.commit({ files, message: 'Begin' });
  await context.importRepository({ url: made.dir, name }, { kind: 'system', id: 'test' });
  const collisions = createCollisionService({ ...rooms, context });
  return {
    made,
    collisions,
    open: (branch: string, edits: Record<string, string>, more: { session?: Id<'ses'> } = {}) =>
      openChange(made, name, branch, edits, more.session),
    async [Symbol.asyncDispose]() {
      await collisions[Symbol.asyncDispose]();
      await made[Symbol.asyncDispose]();
    },
  };
}

async function openChange(
  made: TestRepository,
  repository: string,
  branch: string,
  files: Record<string, string>,
  session?: Id<'ses'>,
): Promise<Id<'chg'>> {
  await made.branch(branch, 'main');
  const head = await made.commit({ files, message: branch });
  await made.switchTo('main');
  await context.refreshRepository(repository);
  const id = rooms.newId('chg');
  await rooms.db.transaction((tx) =>
    insertChange(tx, {
      id,
      host: 'test',
      repository,
      branch,
      base_branch: 'main',
      head_sha: head,
      title: branch,
      author_name: 'Ada',
      author_kind: 'human',
      state: 'open',
      correlation_id: id,
      session_id: session ?? null,
      head_at: new Date(),
      state_at: new Date(),
    }),
  );
  return id;
}

const close = (id: Id<'chg'>) =>
  rooms.db.transaction((tx) => updateChange(tx, id, { state: 'closed' }));

test('every pair stands at the level git confirms, is told of once, and ends with a side', async () => {
  const name = 'acme/levels';
  await using repo = await shop(name, { 'f.ts': body(), 'g.ts': body() });
  const { collisions, open } = repo;
  const one = await open('one', {
    'f.ts': body({ 5: 'const key = { token: "abcdefgh12345678" };' }),
  });
  const rival = await open('rival', { 'f.ts': body({ 5: 'const rival = 1;' }) });
  const far = await open('far', { 'f.ts': body({ 25: 'const far = 1;' }) });
  const same = await open('same', { 'f.ts': body({ 25: 'const far = 1;' }) });
  const apart = await open('apart', { 'g.ts': body({ 1: 'const apart = 1;' }) });

  await collisions.sweep();
  await collisions.sweep();

  const { items } = await collisions.list({ ...page, repository: name });
  const levelOf = (...ids: string[]) =>
    items.find(({ sides }) => sides.every(({ id }) => ids.includes(id)))?.level;
  expect(levelOf(one, rival)).toBe('merge');
  expect(levelOf(one, far)).toBe('path');
  // The very same edit: near, and git merges it.
  expect(levelOf(far, same)).toBe('lines');
  expect(items.some(({ sides }) => sides.some(({ id }) => id === apart))).toBe(false);
  const worst = items.find(({ level }) => level === 'merge')!;
  expect(worst).toMatchObject({ paths: ['f.ts'], isAlerted: true, state: 'open' });
  expect(worst.hunks[0]?.text).toContain('const rival = 1;');
  expect(worst.hunks[0]?.text).not.toContain('abcdefgh12345678');
  const found = (await eventTypes(rooms.ledger, rival)).filter(
    (type) => type === 'collision.found',
  );
  expect(found).toHaveLength(3);

  await close(rival);
  await collisions.sweep();

  const left = await collisions.list({ ...page, repository: name, state: 'open' });
  expect(left.items.some(({ sides }) => sides.some(({ id }) => id === rival))).toBe(false);
  expect(await eventTypes(rooms.ledger, rival)).toContain('collision.cleared');
});

test('a push that takes the conflict away lowers the level, and going back tells nobody twice', async () => {
  const name = 'acme/pushes';
  await using repo = await shop(name, { 'f.ts': body() });
  const { collisions, made, open } = repo;
  await open('left', { 'f.ts': body({ 5: 'const left = 1;' }) });
  const right = await open('right', { 'f.ts': body({ 5: 'const right = 1;' }) });
  const push = async (line: number) => {
    await made.switchTo('right');
    const head = await made.commit({
      files: { 'f.ts': body({ [line]: `const right = ${line};` }) },
    });
    await made.switchTo('main');
    await context.refreshRepository(name);
    await rooms.db.transaction((tx) => updateChange(tx, right, { head_sha: head }));
    await collisions.sweep();
    return (await collisions.list({ ...page, repository: name })).items[0]?.level;
  };
  await collisions.sweep();

  const levels = [await push(20), await push(5)];

  expect(levels).toEqual(['path', 'merge']);
  const types = await eventTypes(rooms.ledger, right);
  expect(types.filter((type) => type === 'collision.found')).toHaveLength(2);
});

test('a session is compared by what it claims, hears of it once, and never of its own change', async () => {
  const name = 'acme/sessions';
  await using repo = await shop(name, { 'f.ts': body() });
  const { collisions, open } = repo;
  const session = await startSession(rooms, { repository: name, intent: 'Round totals' });
  await rooms.claims.acquire({ sessionId: session.id, repository: name, paths: ['f.ts'] });
  await open('own', { 'f.ts': body({ 3: 'const own = 1;' }) }, { session: session.id });
  const other = await open('other', { 'f.ts': body({ 9: 'const other = 1;' }) });
  await collisions.sweep();

  const heard = await collisions.takeAlerts(session.id);
  const again = await collisions.takeAlerts(session.id);
  const title = 'Refuse orders without any items in the cart';
  const twin = await startSession(rooms, { repository: name, intent: title });
  const findOpenWork = createOpenWorkFinder({
    ...rooms,
    // Of changes it knows what collides; that they share a path is asked of another room.
    changes: { list: async () => ({ items: [], nextCursor: null }) },
    collisions,
    context,
  });
  const task = { repository: name, paths: ['f.ts'], title, text: '' };
  const told = await findOpenWork({ ...task, exceptSession: session.id });

  expect(told.map(({ kind, id }) => [kind, id])).toEqual([
    ['collision', other],
    ['same-work', twin.id],
  ]);
  expect(told[0]).toMatchObject({ paths: ['f.ts'], finding: expect.stringContaining('f.ts') });
  expect(heard.length).toBeGreaterThan(0);
  expect(heard.every(({ sides }) => sides.some(({ id }) => id === other))).toBe(true);
  expect(again).toEqual([]);
});

test('guesses beyond the budget are kept and interrupt nobody', async () => {
  const name = 'acme/budget';
  await using repo = await shop(name, { 'f.ts': body() });
  for (const line of [1, 6, 11, 16, 21]) {
    await repo.open(`line-${line}`, { 'f.ts': body({ [line]: `const own${line} = 1;` }) });
  }

  await repo.collisions.sweep();

  const { items } = await repo.collisions.list({ ...page, repository: name });
  expect(items).toHaveLength(10);
  expect(items.filter(({ isAlerted }) => isAlerted)).toHaveLength(3);
});

test('a changed declaration meets its new use in another file', async () => {
  const name = 'acme/symbols';
  await using repo = await shop(name, {
    'price.ts': 'export function roundPrice(cents: number) {\n  return cents;\n}\n',
    'cart.ts': 'export const cart = 1;\n',
  });
  await repo.open('declare', {
    'price.ts': 'export function roundPrice(cents: number, mode: string) {\n  return cents;\n}\n',
  });
  await repo.open('use', { 'cart.ts': 'export const cart = roundPrice(1);\n' });

  await repo.collisions.sweep();

  const { items } = await repo.collisions.list({ ...page, repository: name });
  expect(items).toMatchObject([{ level: 'symbol', symbols: ['roundPrice'], paths: [] }]);
});

test('the same work is known by its issue first and by its words second, and never by ones own', async () => {
  const name = 'acme/same';
  await using repo = await shop(name, { 'f.ts': body() });
  const actor = { kind: 'person', id: 'usr_ada' } as const;
  await rooms.work.create({ repository: name, title: 'Translate the emails' }, actor);
  const own = await startSession(rooms, { repository: name, branch: 'fix/7', intent: 'Fixes #7' });
  const twin = await startSession(rooms, {
    repository: name,
    intent: 'Refuse orders without any items in the cart',
  });
  const seventh = await startSession(rooms, { repository: name, intent: 'Look into #7 again' });
  const ask = (title: string) =>
    repo.collisions.findSameWork({ repository: name, title, exceptSessionId: own.id });

  const byKey = await ask('Fix the rounding, see #7');
  const byWords = await ask('Refuse orders without any items in the cart.');
  const nothing = await ask('Draw a new logo for the start page');

  expect(byKey).toMatchObject([{ kind: 'session', id: seventh.id, score: 1 }]);
  expect(byWords.map(({ id }) => id)).toEqual([twin.id]);
  expect(nothing).toEqual([]);
});
