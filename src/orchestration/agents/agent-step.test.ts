/**
 * Goal: an agent's work is on its branch whatever becomes of the agent, and what it used, why it stopped
 * and when it goes on is written down.
 * Method: the real engine, real devboxes, real processes. Agents are shell commands, or a program that
 * speaks the stream of each real one (`tests/fixtures/fake-agent.mjs`).
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRunning } from '#kernel';
import {
  testDatabase,
  type TestDatabase,
  testRepository,
  type TestRepository,
  waitFor,
} from '#testing';
import { workRef } from '../devbox/index.ts';
import { eventTypes } from '../test-rooms.ts';
import { createAgentStep } from './step.ts';
import { REPOSITORY, testWorkshop } from './test-workshop.ts';

const FAKE = join(import.meta.dirname, '../../../tests/fixtures/fake-agent.mjs');
let database: TestDatabase;
let source: TestRepository;
let scratch: string;
let shop: Awaited<ReturnType<typeof workshop>>;

beforeAll(async () => {
  database = await testDatabase();
  source = await testRepository();
  scratch = mkdtempSync(join(tmpdir(), 'loom-agent-'));
  // Under the names of the real programs, where the user of a devbox may run them.
  chmodSync(scratch, 0o755);
  for (const name of ['claude', 'codex', 'gemini', 'copilot', 'opencode']) {
    cpSync(FAKE, join(scratch, name));
    chmodSync(join(scratch, name), 0o755);
  }
  await source.commit({ files: { 'src/refund.js': 'export const cents = 1.5;\n' } });
  shop = await workshop();
});
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const workshop = (deps = {}) =>
  testWorkshop({
    db: database.db,
    source: source.dir,
    handlers: (all) => [createAgentStep(all)],
    deps: {
      environment: { PATH: `${scratch}:${process.env['PATH']}` },
      ...deps,
    },
  });
type Act = Record<string, unknown>;
const agent = (name: string, script: Act[], more = {}) => ({
  work: {
    kind: 'agent.run',
    with: {
      agent: name,
      // The steps' own environment is clean, so it brings the way to our programs along.
      environment: {
        FAKE_AGENT_SCRIPT: JSON.stringify(script),
        PATH: `${scratch}:${process.env['PATH']}`,
      },
      ...more,
    },
  },
});
async function rowOf(shop: { db: TestDatabase['db'] }, runId: string) {
  const [row] = await shop.db.query<Record<string, unknown>>(
    'select * from loom.agent_runs where run_id = $1',
    [runId],
  );
  return row!;
}
const command = (text: string, more = {}) => ({
  work: { kind: 'agent.run', with: { agent: 'command', command: text, ...more } },
});

test('any command works in a devbox of its own, and its work is on a branch with its session', async () => {
  const item = await shop.work.create(
    { title: 'Round refunds', text: 'To cents.', repository: REPOSITORY },
    { kind: 'system', id: 'test' },
  );

  const run = await shop.start(
    command('echo "$LOOM_PROMPT $OTEL_RESOURCE_ATTRIBUTES" > prompt.txt; echo "I rounded them."'),
    { workItemId: item.id },
  );
  await shop.worker.runOnce();

  const { work } = await shop.steps(run.id);
  const output = work!.output as { branch: string; headSha: string; sessionId: string };
  expect(work).toMatchObject({ state: 'done', output: { changedFiles: ['prompt.txt'] } });
  const git = (...args: string[]) => source.git('--git-dir', shop.mirrorDir, ...args);
  expect(await git('rev-parse', workRef(output.branch))).toBe(output.headSha);
  const told = await git('show', `${output.headSha}:prompt.txt`);
  expect(told).toContain('To cents.');
  expect(told).toContain(`loom.work_item=${item.id}`);
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

test('sessions, calls, tokens, cost and last words are read off the stream of each agent', async () => {
  const expected = [
    ['claude-code', 1_000, 250_000],
    ['codex', 1_000, null],
    ['gemini-cli', 1_000, null],
    ['copilot', 0, null],
    ['opencode', 1_000, 250_000],
  ] as const;
  const script = [
    { tokens: { input: 1_000, output: 50 } },
    { write: 'made.txt', text: 'made' },
    { say: 'It is made.' },
  ];
  const runs = [];
  for (const [name] of expected) runs.push(await shop.start(agent(name, script)));
  await shop.worker.runOnce();

  for (const [index, [name, inputTokens, costUsdMicros]] of expected.entries()) {
    const { work } = await shop.steps(runs[index]!.id);
    expect(work).toMatchObject({
      state: 'done',
      output: {
        agent: name,
        changedFiles: ['made.txt'],
        answer: 'It is made.',
        toolCalls: 1,
        inputTokens,
        costUsdMicros,
      },
    });
    const session = await shop.sessions.find(work!.output!['sessionId'] as `ses_${string}`);
    const row = await rowOf(shop, runs[index]!.id);
    expect(session).toMatchObject({ agent: name, externalId: row['external_id'] });
  }
});

test('agents that are not signed in are stopped at once and told so', async () => {
  const runs = [];
  for (const [name, text] of [
    ['claude-code', 'authentication_failed'],
    ['codex', 'Unauthorized'],
    ['copilot', 'bad key'],
  ] as const) {
    runs.push(await shop.start(agent(name, [{ refuse: 401, text }])));
  }
  await shop.worker.runOnce();

  for (const { id } of runs) {
    expect((await shop.steps(id))['work']).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('agents.unauthenticated') as string,
    });
    const code = 'agents.unauthenticated';
    expect(await rowOf(shop, id)).toMatchObject({ state: 'stopped', starts: 1, error_code: code });
  }
});

test('a limit of the provider is slept through without a worker, and the next start goes on from there', async () => {
  const run = await shop.start(
    agent('claude-code', [
      { tokens: { input: 700, output: 1 } },
      { write: 'half.txt', text: 'half' },
      { say: 'Next I round the rest.' },
      { refuse: 429, text: 'rate_limit: try again in 2 hours' },
    ]),
  );
  await shop.worker.runOnce();

  const asleep = (await shop.steps(run.id))['work']!;
  expect(asleep).toMatchObject({ state: 'waiting', worker: expect.anything() as string });
  expect(asleep.dueAt!.getTime() - Date.now()).toBeGreaterThan(110 * 60_000);
  const first = await rowOf(shop, run.id);
  expect(first).toMatchObject({ state: 'asleep', error_code: 'agents.rate_limited', starts: 1 });
  expect(first['handover']).toContain('Next I round the rest.');
  await shop.db.query(
    `update loom.steps set options = jsonb_set(options, '{agent}', '"command"') || $2::jsonb where run_id = $1`,
    [run.id, JSON.stringify({ command: 'printf "%s" "$LOOM_PROMPT" > told.txt; ls half.txt' })],
  );
  await shop.wakeAll();
  await shop.worker.runOnce();

  const { work } = await shop.steps(run.id);
  expect(work).toMatchObject({
    state: 'done',
    output: { changedFiles: ['half.txt', 'told.txt'], starts: 2, inputTokens: 700 },
  });
  const told = await source.git(
    '--git-dir',
    shop.mirrorDir,
    'show',
    `${work!.output!['headSha'] as string}:told.txt`,
  );
  expect(told).toContain('Next I round the rest.');
});

test('the label of a work item sets what its agent may use', async () => {
  const script = [{ tokens: { input: 900, output: 200 } }, { say: 'Well.' }, { hang: true }];
  const budgets = [
    { labels: 'budget:large', costUsd: 50 },
    { labels: ['Budget:Small'], priority: ['high', 'urgent'], tokens: 1_000, minutes: 5 },
  ];
  const item = await shop.work.create(
    { title: 'Round', repository: REPOSITORY, labels: ['budget:small', 'P1'] },
    { kind: 'system', id: 'test' },
  );

  const run = await shop.start(agent('claude-code', script, { budgets, budget: { costUsd: 3 } }), {
    workItemId: item.id,
  });
  await shop.worker.runOnce();

  expect((await shop.steps(run.id))['work']).toMatchObject({
    message: 'The budget is used up: 1100 of 1000 tokens. (agents.over_budget)',
  });
  expect((await rowOf(shop, run.id))['budget']).toEqual({ tokens: 1_000, costUsd: 3, minutes: 5 });
});

test('a budget of tokens ends the agent, and its work so far is on the branch', async () => {
  const run = await shop.start(
    agent(
      'claude-code',
      [
        { write: 'kept.txt', text: 'kept' },
        { tokens: { input: 90_000, output: 20_000 } },
        { say: 'Still thinking.' },
        { hang: true },
      ],
      { budget: { tokens: 100_000 } },
    ),
  );
  await shop.worker.runOnce();

  expect((await shop.steps(run.id))['work']).toMatchObject({
    state: 'failed',
    message: 'The budget is used up: 110000 of 100000 tokens. (agents.over_budget)',
  });
  const row = await rowOf(shop, run.id);
  expect(
    await source.git('--git-dir', shop.mirrorDir, 'show', `${String(row['head_sha'])}:kept.txt`),
  ).toBe('kept');
});

test('a clock that jumps, forward or back, is no time that an agent has used', async () => {
  const days = [0, 2, -2];
  let reads = 0;
  const now = () => new Date(Date.now() + days[(reads += 1) % days.length]! * 86_400_000);
  await using jumping = await workshop({ clock: { now } });

  const run = await jumping.start(command('echo at work; echo done'));
  await jumping.worker.runOnce();

  expect((await jumping.steps(run.id))['work']).toMatchObject({ state: 'done' });
  const { work_ms: workMs } = await rowOf(jumping, run.id);
  expect(Number(workMs)).toBeGreaterThanOrEqual(0);
  expect(Number(workMs)).toBeLessThan(86_400_000);
});

test('an agent that ignores SIGTERM, and the child it forked, are killed with their step', async () => {
  await using shop = await workshop();
  const pidFile = join(scratch, 'forked');
  chmodSync(scratch, 0o777);
  const run = await shop.start(agent('codex', [{ fork: pidFile }, { hang: true }]));
  const working = shop.worker.runOnce();
  await waitFor(
    'the agent to hang',
    () => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '',
  );
  const pid = Number(readFileSync(pidFile, 'utf8'));

  await shop.workflow.cancel(run.id, 'not needed', { kind: 'system', id: 'test' });
  await shop.worker[Symbol.asyncDispose]();
  await working.catch(() => {});

  await waitFor('the forked child to be gone', () => !isRunning(pid));
});

test('an agent that prints without end costs us neither memory nor the rest of its stream', async () => {
  const before = process.memoryUsage().rss;
  const run = await shop.start(
    agent('gemini-cli', [
      { flood: 256 * 1024 * 1024 },
      { write: 'after.txt', text: 'token ghp_abcdefghijklmnopqrstuvwxyz0123456789' },
      { say: 'The key is ghp_abcdefghijklmnopqrstuvwxyz0123456789.' },
    ]),
  );
  await shop.worker.runOnce();

  const { work } = await shop.steps(run.id);
  expect(work).toMatchObject({ state: 'done', output: { changedFiles: ['after.txt'] } });
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  const row = await rowOf(shop, run.id);
  expect(JSON.stringify([row['output'], row['answer'], work!.output])).not.toContain('ghp_abc');
});

test('an agent whose session a person or a breaker ends is stopped, and not started again', async () => {
  await using shop = await workshop({ recordEveryMs: 20 });
  const run = await shop.start(command('touch begun; sleep 600'));
  const working = shop.worker.runOnce();
  const session = await waitFor('the session', async () => {
    const { items } = await shop.sessions.list({ state: 'active', limit: 5 });
    return items.find(({ operatorId }) => operatorId === `${run.id}/work`);
  });

  await shop.sessions.end(session.id, 'it went the wrong way');
  await working;

  expect((await shop.steps(run.id))['work']).toMatchObject({
    state: 'failed',
    message: 'Its session was ended: it went the wrong way. (agents.stopped)',
  });
  expect(await rowOf(shop, run.id)).toMatchObject({ starts: 1, state: 'stopped' });
});

test('an agent that was killed or fails is tried again, and told why at last', async () => {
  const killed = await shop.start(agent('opencode', [{ exit: 'SIGKILL' }]));
  const failed = await shop.start(agent('opencode', [{ exit: 3, text: 'segmentation fault' }]));
  for (let attempt = 0; attempt < 3; attempt += 1) await shop.worker.runOnce();

  for (const [run, code] of [
    [killed, 'agents.killed'],
    [failed, 'agents.failed'],
  ] as const) {
    expect((await shop.steps(run.id))['work']).toMatchObject({
      state: 'failed',
      message: expect.stringContaining(code) as string,
    });
    expect(await rowOf(shop, run.id)).toMatchObject({ starts: 3, error_code: code });
  }
});

test('an agent that is not installed fails for good, without a devbox', async () => {
  await using shop = await workshop({ environment: { PATH: '/nowhere' } });
  const run = await shop.start(agent('claude-code', []));
  await shop.worker.runOnce();

  expect((await shop.steps(run.id))['work']).toMatchObject({
    state: 'failed',
    message: 'This node has no claude-code (claude). (agents.binary_missing)',
  });
  expect((await shop.devboxes.list({ limit: 5, state: 'open' })).items).toEqual([]);
});

test('breakers are asked first, and no agent starts while they say no', async () => {
  const until = new Date(Date.now() + 600_000);
  await using shop = await workshop({
    fleet: {
      mayStart: async () => ({ allowed: false, reason: 'Reviewers are full.', until }),
      reportOutcome: async () => {},
    },
  });
  const run = await shop.start(command('touch never'));
  await shop.worker.runOnce();

  expect((await shop.steps(run.id))['work']).toMatchObject({
    state: 'waiting',
    message: 'Reviewers are full.',
  });
});
