/**
 * Goal: an agent's work is on its branch whatever becomes of the agent, and what it used, why it stopped
 * and when it goes on is written down.
 * Method: the real engine, real devboxes, real processes. Agents are shell commands, or a program that
 * speaks the stream of each real one (`tests/fixtures/fake-agent.mjs`).
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase, type TestDatabase, testRepository, type TestRepository } from '#testing';
import { workRef } from '../devbox/index.ts';
import { eventTypes } from '../test-rooms.ts';
import { createAgentStep } from './step.ts';
import { REPOSITORY, testWorkshop } from './test-workshop.ts';

let database: TestDatabase;
let source: TestRepository;
let scratch: string;

beforeAll(async () => {
  database = await testDatabase();
  source = await testRepository();
  scratch = mkdtempSync(join(tmpdir(), 'loom-agent-'));
  await source.commit({ files: { 'src/refund.js': 'export const cents = 1.5;\n' } });
});
afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const workshop = (deps = {}) =>
  testWorkshop({
    db: database.db,
    source: source.dir,
    handlers: (all) => [createAgentStep(all)],
    deps,
  });
const command = (text: string, more = {}) => ({
  work: { kind: 'agent.run', with: { agent: 'command', command: text, ...more } },
});

test('any command works in a devbox of its own, and its work is on a branch with its session', async () => {
  await using shop = await workshop();
  const item = await shop.work.create(
    { title: 'Round refunds', text: 'To cents.', repository: REPOSITORY },
    { kind: 'system', id: 'test' },
  );

  const run = await shop.start(
    command('printf "%s" "$LOOM_PROMPT" > prompt.txt; echo "I rounded them."'),
    { workItemId: item.id },
  );
  await shop.worker.runOnce();

  const { work } = await shop.steps(run.id);
  const output = work!.output as { branch: string; headSha: string; sessionId: string };
  expect(work).toMatchObject({ state: 'done', output: { changedFiles: ['prompt.txt'] } });
  const git = (...args: string[]) => source.git('--git-dir', shop.mirrorDir, ...args);
  expect(await git('rev-parse', workRef(output.branch))).toBe(output.headSha);
  expect(await git('show', `${output.headSha}:prompt.txt`)).toContain('To cents.');
  expect(await git('log', '-1', '--format=%B', output.headSha)).toContain(
    `Loom-Session: ${output.sessionId}`,
  );
  expect(await shop.sessions.find(output.sessionId as `ses_${string}`)).toMatchObject({
    agent: 'command',
    state: 'ended',
    workItemId: item.id,
    branch: output.branch,
    repository: REPOSITORY,
  });
  expect(await eventTypes(shop.ledger, run.id)).toContain('agent.finished');
  expect(readdirSync(shop.devboxFolder)).toEqual([]);
});
