/**
 * Goal: work done in a devbox is never lost and never leaks; whatever is left over is cleared away.
 * Method: real git, real processes, real folders; a killed server is a service that is never disposed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloneMirror, openRepository } from '#git';
import { testDatabase, type TestDatabase, testRepository, type TestRepository } from '#testing';
import { roomsOver } from '../test-rooms.ts';
import { runInBox } from './box.ts';
import { parseDevboxFile } from './file.ts';
import { createDevboxService, type Devbox, workRef } from './service.ts';

const repository = 'acme/shop';
const signal = new AbortController().signal;
let database: TestDatabase;
let work: TestRepository;
let folder: string;
let mirrorDir: string;
let baseSha: string;

beforeAll(async () => {
  database = await testDatabase();
  work = await testRepository();
  folder = await mkdtemp(join(tmpdir(), 'loom-devbox-'));
  baseSha = await work.commit({
    files: {
      'a.txt': 'one\n',
      '.gitignore': 'deps/\n',
      'deps.lock': '1\n',
      '.loom/devbox.yaml':
        'setup: mkdir -p deps && echo made >> deps/log\ncaches: deps\ncacheKey: deps.lock\nports: [web]\nenvironment: { COLOUR: blue }\n',
    },
  });
  mirrorDir = join(folder, 'mirror.git');
  await cloneMirror({ url: work.dir, dir: mirrorDir });
});
afterAll(async () => {
  await work[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
});

function boxes(name: string, warm = 0) {
  const place = join(folder, name);
  const service = createDevboxService({
    ...roomsOver(database.db),
    context: { openMirror: async () => openRepository(mirrorDir) },
    folder: place,
    node: place,
    warm,
    environment: {},
  });
  const openBox = (branch: string, more = {}) =>
    service.open({ repository, baseSha, branch, signal, ...more });
  return { service, place, openBox };
}

const shell = ({ box, environment }: Devbox, command: string) =>
  runInBox(box, {
    command,
    environment,
    timeoutMs: 30_000,
    clock: { now: () => new Date() },
    signal,
  });

const mirrorGit = (...args: string[]) => work.git('--git-dir', mirrorDir, ...args);

test('what is done in a devbox is on its branch when the devbox is gone', async () => {
  const { service, place, openBox } = boxes('kept');
  await using _ = service;
  const devbox = await openBox('loom/kept');

  const said = await shell(
    devbox,
    'echo two >> a.txt && git commit -qam "Say two" && echo loose > b.txt && echo "$COLOUR $PORT_WEB $HOME" && git log --oneline origin/main | wc -l',
  );
  const closed = await service.close(devbox, { message: 'Keep the rest', why: 'done' });

  expect(said.output).toMatch(/^blue \d+ \S+\/home\n1\n$/);
  expect(closed.state).toBe('kept');
  expect(await mirrorGit('rev-parse', workRef('loom/kept'))).toBe(closed.headSha);
  expect(await mirrorGit('log', '--format=%s', workRef('loom/kept'), `^${baseSha}`)).toBe(
    'Keep the rest\nSay two',
  );
  expect(readdirSync(place)).toEqual(['.caches']);
  const { items } = await service.list({ limit: 5, repository });
  expect(items[0]).toMatchObject({ id: devbox.id, state: 'kept', headSha: closed.headSha });
});

test('nothing that runs in a devbox changes a ref or an object of the mirror', async () => {
  const { service, openBox } = boxes('apart');
  await using _ = service;
  const devbox = await openBox('loom/apart');
  const before = await mirrorGit('for-each-ref');

  await shell(
    devbox,
    'git update-ref refs/heads/main $(git commit-tree HEAD^{tree} -m x); find .git/objects -type f -exec chmod u+w {} + ; find .git/objects -type f | while read f; do echo broken >> "$f"; done; true',
  );
  await service.discard(devbox, 'judged');

  expect(await mirrorGit('for-each-ref')).toBe(before);
  // Without a user of its own the devbox is as strong as we are; SECURITY.md says so.
  if (process.getuid?.() === 0) expect(await mirrorGit('fsck', '--full')).not.toContain('error');
});

test('a warm devbox is set up already, follows the base, and keeps ignored files', async () => {
  const { service, openBox } = boxes('warm', 1);
  await using _ = service;
  await service.warm(repository);
  const later = await work.commit({ files: { 'a.txt': 'newer\n' } });
  await mirrorGit('fetch', '-q', work.dir, '+refs/heads/*:refs/heads/*');

  const devbox = await openBox('loom/warm', { baseSha: later });
  const said = await shell(
    devbox,
    'cat a.txt deps/log; git status --porcelain; git branch --show-current',
  );
  await service.close(devbox, { message: 'x', why: 'done' });

  expect(devbox.wasWarm).toBe(true);
  expect(said.output).toBe('newer\nmade\nloom/warm\n');
});

test('the set-up runs once for equal keys: the next devbox gets what it left', async () => {
  const { service, openBox } = boxes('caches');
  await using _ = service;
  const logs: string[] = [];

  for (const branch of ['loom/one', 'loom/two']) {
    const devbox = await openBox(branch);
    logs.push((await shell(devbox, 'cat deps/log')).output);
    await service.close(devbox, { message: 'x', why: 'done' });
  }

  expect(logs).toEqual(['made\n', 'made\n']);
});

test('a work tree deleted under a session is noticed, and what was saved stays', async () => {
  const { service, openBox } = boxes('deleted');
  await using _ = service;
  const devbox = await openBox('loom/deleted');
  await shell(devbox, 'echo kept > kept.txt');
  const saved = await service.save(devbox, 'Save');
  rmSync(devbox.box.place.tree, { recursive: true });

  const closed = await service.close(devbox, { message: 'x', why: 'done' });

  expect(closed).toEqual({ headSha: saved, state: 'lost' });
});

test('after a kill -9 the next start ends what runs, keeps the work and removes the rest', async () => {
  const dead = boxes('killed');
  const devbox = await dead.openBox('loom/killed');
  writeFileSync(join(devbox.box.place.tree, 'half.txt'), 'half done\n');
  const child = spawn('/bin/sh', ['-c', 'sleep 600 & wait'], { detached: true, stdio: 'ignore' });
  await once(child, 'spawn');
  await dead.service.noteProcess(devbox, child.pid!);
  writeFileSync(join(dead.place, 'stray'), '');
  const ended = once(child, 'exit');

  const { service, place } = boxes('killed');
  await using _ = service;
  const found = await service.reconcile();
  await ended;

  expect(found).toEqual({ kept: 1, removed: 1, warm: 0 });
  expect(await mirrorGit('show', `${workRef('loom/killed')}:half.txt`)).toBe('half done');
  expect(readdirSync(place)).toEqual(['.caches']);
});

test('warm devboxes outlive a kill -9', async () => {
  const dead = boxes('survivor', 1);
  await dead.service.warm(repository);

  const { service, openBox } = boxes('survivor', 0);
  await using _ = service;
  const found = await service.reconcile();
  const devbox = await openBox('loom/survivor', { baseSha: await work.sha() });
  await service.discard(devbox, 'looked at');

  expect(found.warm).toBe(1);
  expect(devbox.wasWarm).toBe(true);
});

test('a set-up that fails says which command and its last words, and leaves nothing', async () => {
  const { service, place } = boxes('broken');
  await using _ = service;
  const broken = await work.commit({
    files: { '.loom/devbox.yaml': 'setup: ["true", "echo no such registry >&2; exit 4"]\n' },
  });
  await mirrorGit('fetch', '-q', work.dir, '+refs/heads/*:refs/heads/*');

  const failure = service.open({ repository, baseSha: broken, branch: 'loom/broken', signal });

  await expect(failure).rejects.toMatchObject({
    code: 'devbox.setup_failed',
    hint: expect.stringContaining('no such registry') as string,
  });
  expect(existsSync(place) ? readdirSync(place) : []).toEqual([]);
});

test('what a devbox cannot be is refused with the place', () => {
  expect(() => parseDevboxFile('caches: ../other')).toThrow(/caches/);
  expect(() => parseDevboxFile('caches: .git/hooks')).toThrow(/caches/);
  expect(() => parseDevboxFile('sett up: x')).toThrow(/sett up/);
  expect(() => parseDevboxFile('ports: [WEB]')).toThrow(/ports/);
  expect(() => parseDevboxFile('environment: { path: x }')).toThrow(/environment/);
  expect(() => parseDevboxFile('[')).toThrow('cannot be used');
  expect(parseDevboxFile('')).toMatchObject({ setup: [], caches: [], ports: [] });
});

test('the object files of a devbox are those of the mirror, not copies', async () => {
  const { service, openBox } = boxes('shared');
  await using _ = service;
  const devbox = await openBox('loom/shared');
  const objects = join(devbox.box.place.tree, '.git/objects');
  const pack = readdirSync(objects).find((name) => /^[0-9a-f]{2}$/.test(name)) ?? 'pack';
  const name = readdirSync(join(objects, pack))[0]!;

  expect(statSync(join(objects, pack, name)).ino).toBe(
    statSync(join(mirrorDir, 'objects', pack, name)).ino,
  );
  expect(readFileSync(join(devbox.box.place.tree, 'a.txt'), 'utf8')).toBe('one\n');
  await service.discard(devbox, 'looked at');
});
