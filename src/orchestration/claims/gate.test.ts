/**
 * Goal: who writes on after its lease was taken over is stopped at the next gate, told plainly, and
 * nobody else is; claims shrink to what was changed.
 * Method: the real database; leases are ended by moving them into the past. Pushes are made by git, to the
 * local forge behind a real HTTP server.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLocalForge } from '#connectors/local';
import { testDatabase, testRepository } from '#testing';
import type { Id } from '#kernel';
import { createPushGate } from '../changes/index.ts';
import { eventTypes, operator, type Rooms, roomsOn, startSession } from '../test-rooms.ts';

const repository = 'acme/shop';
let rooms: Rooms;
let files = 0;

beforeAll(async () => {
  rooms = roomsOn(await testDatabase());
});
afterAll(() => rooms[Symbol.asyncDispose]());

/** A session that fell silent with this file, and one that took it over. */
async function overrun() {
  files += 1;
  const path = `src/file-${files}.ts`;
  const [sleeper, next] = [await startSession(rooms), await startSession(rooms)];
  await rooms.claims.acquireForEdit({ sessionId: sleeper.id, repository, paths: [path] });
  await rooms.db.query(
    `update loom.claims set lease_until = now() - interval '1 second' where session_id = $1`,
    [sleeper.id],
  );
  const taken = await rooms.claims.acquireForEdit({
    sessionId: next.id,
    repository,
    paths: [path],
  });
  expect(taken.outcome).toBe('granted');
  return { path, sleeper, next };
}

function commit(sessionId: Id<'ses'>, paths: string[], dirty: string[] = []) {
  return rooms.claims.gate({ sessionId, repository, gate: 'commit', paths, dirty });
}

test('an expired holder that still writes is stopped at the commit, with both grants named', async () => {
  const { path, sleeper, next } = await overrun();

  const answer = await commit(sleeper.id, [path, 'src/other.ts']);

  expect(answer).toMatchObject({
    outcome: 'fenced',
    writes: [{ path, holderSessionId: next.id }],
    message: expect.stringContaining('Your work is kept on its branch'),
  });
  const [write] = answer.outcome === 'fenced' ? answer.writes : [];
  expect(write!.holderFence).toBeGreaterThan(write!.fence);
  expect(await eventTypes(rooms.ledger, sleeper.id)).toContain('claim.fenced');
  expect(await commit(next.id, [path])).toEqual({ outcome: 'open' });
});

test('its denial says that it held the file itself until its lease ended', async () => {
  const { path, sleeper } = await overrun();

  const answer = await rooms.claims.acquireForEdit({
    sessionId: sleeper.id,
    repository,
    paths: [path],
  });

  expect(answer).toMatchObject({
    outcome: 'denied',
    message: expect.stringMatching(/You held .* yourself until your lease ended/),
  });
});

test('a push of it is written down, does not merge, and is told once; claimed again, it may merge', async () => {
  const { path, sleeper, next } = await overrun();
  const headSha = 'a'.repeat(40);
  const push = { sessionId: sleeper.id, repository, headSha, previousHeadSha: null, paths: [path] };

  await rooms.db.transaction((tx) => rooms.claims.recordPush(tx, push));
  await rooms.db.transaction((tx) => rooms.claims.recordPush(tx, push));

  expect(await rooms.claims.gateMerge({ repository, headSha })).toMatchObject({
    outcome: 'fenced',
  });
  const notes = await rooms.sessions.takeNotes(sleeper.id);
  expect(notes.map(({ kind }) => kind)).toEqual(['fenced']);
  expect(await rooms.sessions.takeNotes(sleeper.id)).toEqual([]);

  await rooms.claims.release({ sessionId: next.id, reason: 'done' });
  expect(await rooms.claims.gateMerge({ repository, headSha })).toMatchObject({
    outcome: 'fenced',
  });
  await rooms.claims.acquireForEdit({ sessionId: sleeper.id, repository, paths: [path] });
  expect(await rooms.claims.gateMerge({ repository, headSha })).toEqual({ outcome: 'open' });
});

test('what was stopped at a push stays stopped at the next one, which changes something else', async () => {
  const { path, sleeper } = await overrun();
  const [first, second] = ['b'.repeat(40), 'c'.repeat(40)];
  const push = { sessionId: sleeper.id, repository };
  const record = (more: { headSha: string; previousHeadSha: string | null; paths: string[] }) =>
    rooms.db.transaction((tx) => rooms.claims.recordPush(tx, { ...push, ...more }));

  await record({ headSha: first, previousHeadSha: null, paths: [path] });
  await record({ headSha: second, previousHeadSha: first, paths: ['docs/x.md'] });

  expect(await rooms.claims.gateMerge({ repository, headSha: second })).toMatchObject({
    outcome: 'fenced',
    writes: [{ path }],
  });
});

test('work that was pushed under a good lease stays good when the lease ends afterwards', async () => {
  const [sleeper, next] = [await startSession(rooms), await startSession(rooms)];
  const [path, headSha] = ['src/early.ts', 'd'.repeat(40)];
  await rooms.claims.acquireForEdit({ sessionId: sleeper.id, repository, paths: [path] });
  const push = { sessionId: sleeper.id, repository, headSha, previousHeadSha: null, paths: [path] };
  await rooms.db.transaction((tx) => rooms.claims.recordPush(tx, push));

  await rooms.db.query(
    `update loom.claims set lease_until = now() - interval '1 second' where session_id = $1`,
    [sleeper.id],
  );
  await rooms.claims.acquireForEdit({ sessionId: next.id, repository, paths: [path] });

  expect(await rooms.claims.gateMerge({ repository, headSha })).toEqual({ outcome: 'open' });
});

test('what a helper of the session holds is its own, and what is just given back may still arrive', async () => {
  const parent = await startSession(rooms);
  const helper = await startSession(rooms, { parentId: parent.id });
  await rooms.claims.acquireForEdit({ sessionId: helper.id, repository, paths: ['src/helped.ts'] });
  const [ended, other] = [await startSession(rooms), await startSession(rooms)];
  await rooms.claims.acquireForEdit({ sessionId: ended.id, repository, paths: ['src/ended.ts'] });
  await rooms.sessions.end(ended.id, 'done');
  await rooms.claims.acquireForEdit({ sessionId: other.id, repository, paths: ['src/ended.ts'] });

  expect(await commit(parent.id, ['src/helped.ts'])).toEqual({ outcome: 'open' });
  expect(await commit(ended.id, ['src/ended.ts'])).toEqual({ outcome: 'open' });
});

test('a file somebody else holds is stopped even if it was never claimed, as by a script', async () => {
  const [holder, script] = [await startSession(rooms), await startSession(rooms)];
  await rooms.claims.acquire({ sessionId: holder.id, repository, paths: ['held/'] });

  const answer = await commit(script.id, ['held/a.ts', 'free/b.ts']);

  expect(answer).toMatchObject({ outcome: 'fenced', writes: [{ path: 'held/a.ts', fence: 0 }] });
});

test('at a commit a folder shrinks to the files changed in it, and a file changed back is let go', async () => {
  const { id: sessionId } = await startSession(rooms);
  await rooms.claims.acquire({ sessionId, repository, paths: ['lib/', 'plan.md'] });
  await rooms.claims.acquireForEdit({ sessionId, repository, paths: ['undone.ts', 'later.ts'] });

  await commit(sessionId, ['lib/a.ts', 'lib/deep/b.ts'], ['later.ts']);

  const { items } = await rooms.claims.list({ sessionId, state: 'held', limit: 50 });
  expect(items.map(({ target }) => target).sort()).toEqual([
    'later.ts',
    'lib/a.ts',
    'lib/deep/b.ts',
    'plan.md',
  ]);
});

/** A forge whose users are people by the name git gives, and a clone of its one repository. */
async function pushingTo(forgeRepository: string) {
  const stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'loom-gate-'));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const told: string[] = [];
  const server = createServer((request, response) => void forge.handle(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const forge = createLocalForge({
    ...rooms,
    folder: join(folder, 'forge'),
    webhookSecret: 'secret of a test',
    publicUrl: `http://${address}`,
    authenticate: (id) => ({ id, name: 'Ada', identities: [], mayPush: true }),
    gatePush: createPushGate(rooms),
    async onDelivery(delivery) {
      told.push(...forge.source.toSignals(delivery).map(({ type }) => type));
    },
  });
  await forge.createRepository(forgeRepository);
  const work = stack.use(await testRepository());
  const bare = join(folder, 'forge', `${forgeRepository}.git`);
  const url = (person: string) => `http://${person}:secret@${address}/git/${forgeRepository}.git`;
  return {
    work,
    told,
    /** Rejects with what git printed. */
    push: (ref: string, person: string) => work.git('push', '--quiet', url(person), ref),
    /** As a merge of the forge does. */
    land: (ref: string) =>
      work.git('--git-dir', bare, 'fetch', '--quiet', work.dir, `${ref}:refs/heads/main`),
    branches: async () =>
      (await work.git('ls-remote', url('usr_any'))).split('\n').map((line) => line.split('\t')[1]),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test('git is refused a push of an overtaken session, which is told by whom; its work is kept, and people push as ever', async () => {
  await using forge = await pushingTo(repository);
  const { work } = forge;
  const { path, sleeper, next } = await overrun();
  const [ada, grace] = [operator().id, 'usr_019abc00000070008000000000000002'];
  await work.commit({ files: { [path]: 'one\n', 'src/free.ts': 'one\n' }, message: 'Begin' });
  await forge.push('HEAD:refs/heads/main', ada);
  const message = `Change it\n\nLoom-Session: ${sleeper.id}`;
  const head = await work.commit({ files: { [path]: 'two\n' }, message });

  const refused = forge.push('HEAD:refs/heads/late', ada);

  await expect(refused).rejects.toThrow(
    new RegExp(
      `LoomStack: This does not pass the push[^]*${path}: claude-code \\(session ${next.id}\\) holds it[^]*hand over: loom claims hand-over ${sleeper.id} ${path}`,
    ),
  );
  const kept = `refs/heads/loom/kept/${sleeper.id}/late`;
  expect((await forge.branches()).sort()).toEqual(
    expect.arrayContaining(['refs/heads/main', kept]),
  );
  expect(await forge.branches()).not.toContain('refs/heads/late');
  expect(forge.told).not.toContain('change.opened');
  expect(await eventTypes(rooms.ledger, sleeper.id)).toContain('claim.fenced');
  // Named by somebody else's commit, the session is not theirs: a person's push is nobody's business.
  await forge.push('HEAD:refs/heads/of-a-person', grace);
  expect(forge.told).toContain('change.opened');

  await rooms.claims.release({ sessionId: next.id, reason: 'done' });
  await rooms.claims.acquireForEdit({ sessionId: sleeper.id, repository, paths: [path] });
  await forge.push('HEAD:refs/heads/late', ada);
  expect(await forge.branches()).toContain('refs/heads/late');
  expect(await rooms.claims.gateMerge({ repository, headSha: head })).toEqual({ outcome: 'open' });
});

test('what a session only took in from its base is not held against it', async () => {
  await using forge = await pushingTo('acme/took-in');
  const { work } = forge;
  const tookIn = { repository: 'acme/took-in' };
  const ada = operator().id;
  const [mine, other] = [await startSession(rooms, tookIn), await startSession(rooms, tookIn)];
  const message = `Mine\n\nLoom-Session: ${mine.id}`;
  await work.commit({ files: { 'a.ts': '1', 'b.ts': '1' }, message: 'Begin' });
  await forge.push('HEAD:refs/heads/main', ada);
  await work.branch('mine');
  await rooms.claims.acquireForEdit({ ...tookIn, sessionId: mine.id, paths: ['a.ts'] });
  await work.commit({ files: { 'a.ts': '2' }, message });
  await forge.push('mine', ada);
  await rooms.claims.acquireForEdit({ ...tookIn, sessionId: other.id, paths: ['b.ts'] });
  await work.branch('landed', 'mine~1');
  await work.commit({ files: { 'b.ts': '2' }, message: 'Of the other session, landed' });
  await forge.land('landed');

  await work.switchTo('mine');
  await work.merge('landed', { message });
  await forge.push('mine', ada);

  await work.commit({ files: { 'b.ts': '3' }, message });
  await expect(forge.push('mine', ada)).rejects.toThrow(/b\.ts: .* holds it/);
});
