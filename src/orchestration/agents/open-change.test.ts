/**
 * Goal: what an agent made is on its host once, as a change that names its work item and session, and
 * nobody's commits are overwritten. Method: the real engine, a real devbox, a real local forge.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Signal } from '#connectors/contract';
import { createLocalForge } from '#connectors/local';
import { createLogger, systemClock } from '#kernel';
import { testDatabase, type TestDatabase, testRepository, type TestRepository } from '#testing';
import { createOpenChangeStep } from './open-change.ts';
import { createAgentStep } from './step.ts';
import { REPOSITORY, testWorkshop } from './test-workshop.ts';

let database: TestDatabase;
let source: TestRepository;
let folder: string;
let bare: string;
let shop: Awaited<ReturnType<typeof testWorkshop>>;
const heard: Signal[] = [];

beforeAll(async () => {
  database = await testDatabase();
  source = await testRepository();
  folder = mkdtempSync(join(tmpdir(), 'loom-open-'));
  await source.commit({ files: { 'src/refund.js': 'export const cents = 1.5;\n' } });
  const forge = createLocalForge({
    folder,
    webhookSecret: 'secret of a test',
    publicUrl: 'http://localhost',
    authenticate: () => undefined,
    onDelivery: (delivery) => Promise.resolve(void heard.push(...forge.source.toSignals(delivery))),
    clock: systemClock,
    log: createLogger({ level: 'silent' }),
  });
  await forge.createRepository(REPOSITORY, { from: source.dir });
  bare = join(folder, `${REPOSITORY}.git`);
  shop = await testWorkshop({
    db: database.db,
    source: bare,
    handlers: (deps) => [
      createAgentStep(deps),
      createOpenChangeStep({
        ...deps,
        context: {
          ...deps.context,
          findRepository: async () => ({ name: REPOSITORY, host: 'local' }) as never,
        },
        hostOf: (name) => (name === 'local' ? forge.host : undefined),
      }),
    ],
  });
});
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const steps = (command: string, branch: string) => ({
  make: { kind: 'agent.run', with: { agent: 'command', command, branch } },
  open: { kind: 'change.open' },
});

async function toTheEnd(runId: `run_${string}`) {
  while ((await shop.worker.runOnce()) > 0);
  return shop.steps(runId);
}

const onForge = (...args: string[]) => source.git('--git-dir', bare, ...args);

test('the work of an agent becomes a change of its host, for its item and by its session', async () => {
  const item = await shop.work.create(
    { title: 'Round refunds', text: 'To cents.', repository: REPOSITORY },
    { kind: 'system', id: 'test' },
  );
  const run = await shop.start(steps('echo 1 > cents.txt', 'loom/round'), { workItemId: item.id });

  const { make, open } = await toTheEnd(run.id);

  expect(open).toMatchObject({ state: 'done', output: { branch: 'loom/round' } });
  const { headSha, sessionId } = make!.output as { headSha: string; sessionId: string };
  expect(await onForge('rev-parse', 'refs/heads/loom/round')).toBe(headSha);
  const opened = heard.filter(
    (signal) => signal.type === 'change.opened' && signal.change.branch === 'loom/round',
  );
  expect(opened).toMatchObject([{ change: { headSha, title: 'Round refunds' } }]);
  expect(await onForge('log', '-1', '--format=%B', headSha)).toContain(sessionId);

  // The step dies after the push and is done again.
  await shop.workflow.retry(run.id, 'open', { kind: 'system', id: 'test' });
  expect((await toTheEnd(run.id))['open']).toMatchObject({ state: 'done' });
  expect(await onForge('rev-parse', 'refs/heads/loom/round')).toBe(headSha);
});

test('a branch that somebody else pushed is left as it is', async () => {
  await source.branch('loom/taken');
  await source.commit({ files: { 'src/theirs.js': 'export {};\n' } });
  await source.git('push', '--quiet', bare, 'HEAD:refs/heads/loom/taken');
  const theirs = await source.sha();
  const run = await shop.start(steps('echo 2 > cents.txt', 'loom/taken'));

  const { open } = await toTheEnd(run.id);

  expect(open!.state).toBe('failed');
  expect(open!.message).toContain('git.branch_moved');
  expect(await onForge('rev-parse', 'refs/heads/loom/taken')).toBe(theirs);
});

test('the branch that changes land on is never pushed to', async () => {
  const before = await onForge('rev-parse', 'refs/heads/main');
  const run = await shop.start(steps('echo 3 > cents.txt', 'main'));

  const { open } = await toTheEnd(run.id);

  expect(open).toMatchObject({ state: 'failed' });
  expect(open!.message).toContain('without a verdict');
  expect(await onForge('rev-parse', 'refs/heads/main')).toBe(before);
});

test('nothing changed is nothing to open', async () => {
  const run = await shop.start(steps('true', 'loom/nothing'));

  const { open } = await toTheEnd(run.id);

  expect(open).toMatchObject({ state: 'done' });
  expect(await onForge('for-each-ref', 'refs/heads/loom/nothing')).toBe('');
});
