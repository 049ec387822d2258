/**
 * Goal: an agent that we start is coordinated like a person's own: it is told before its first step,
 * denied what another holds, recorded and ended under its own session; its pass opens nothing else, ends
 * with it, and is in no file, commit or row.
 * Method: the real engine, a real devbox and the real hook command against a listening server; the agent
 * is a program that follows its settings as Claude Code does.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { passPrincipal } from '#governance';
import { testRepository, type TestRepository } from '#testing';
import { testApp, type TestApp } from '#testing/app';
import { createAgentStep } from '../orchestration/agents/step.ts';
import { REPOSITORY, testWorkshop } from '../orchestration/agents/test-workshop.ts';
import { HOOK_PROGRAM } from './agent-wiring.ts';
import { TEST_NODE, testAgentWiring } from './test-agent-wiring.ts';

const FIXTURE = join(import.meta.dirname, '../../tests/fixtures/hooked-claude.ts');
const FREE = 'src/refund.js';
const ASSIGNMENT = { repository: REPOSITORY, title: 'Round refunds', workItemId: null };
const HELD = 'src/invoice.js';

let wired: Awaited<ReturnType<typeof testAgentWiring>>;
let app: TestApp;
let source: TestRepository;
let folder: string;

beforeAll(async () => {
  app = await testApp();
  wired = await testAgentWiring(app);
  source = await testRepository();
  await source.commit({ files: { [FREE]: 'export const cents = 1;\n', [HELD]: '// amounts\n' } });
  folder = mkdtempSync(join(tmpdir(), 'loom-wiring-'));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'claude'), `#!/bin/sh\nexec ${process.execPath} ${FIXTURE} "$@"\n`);
  chmodSync(join(folder, 'claude'), 0o755);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await source?.[Symbol.asyncDispose]();
  await wired[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

test('an agent of ours is told, denied, recorded and ended by its hooks, and its pass with it', async () => {
  const { services } = app;
  const byOther = passPrincipal('run_other/work', ASSIGNMENT);
  const { id: otherId } = await services.sessions.start(
    { agent: 'cursor', externalId: 'other', repository: REPOSITORY, intent: 'rewriting invoices' },
    byOther,
  );
  await services.context.importRepository(
    { url: source.dir, name: REPOSITORY },
    { kind: 'system', id: 'test' },
  );
  const claim = { sessionId: otherId, repository: REPOSITORY, targets: [HELD] };
  expect(await services.claims.acquire(claim)).toMatchObject({ outcome: 'granted' });
  await using shop = await testWorkshop({
    db: services.db,
    source: source.dir,
    handlers: (deps) => [createAgentStep(deps)],
    deps: { wire: wired.wire, environment: { PATH: `${folder}:${process.env['PATH']}` } },
  });

  const run = await shop.start({
    work: {
      kind: 'agent.run',
      with: {
        agent: 'claude-code',
        environment: {
          HOOKED_CLAUDE: `${FREE},${HELD}`,
          PATH: `${folder}:${process.env['PATH']}`,
        },
      },
    },
  });
  await shop.worker.runOnce();

  const { work } = await shop.steps(run.id);
  expect(work).toMatchObject({ state: 'done', output: { changedFiles: [FREE] } });
  const { answer, sessionId, headSha } = work!.output as Record<string, string>;
  expect(answer).toContain(`Your session is ${sessionId}`);
  expect(answer).toContain('# Context: Round refunds');
  expect(answer).toContain(`${HELD} is held by cursor`);
  expect(answer).toContain('tools: ');
  expect(await services.sessions.find(sessionId as `ses_${string}`)).toMatchObject({
    agent: 'claude-code',
    operatorId: `${run.id}/work`,
    repository: REPOSITORY,
    state: 'ended',
    toolCalls: 2,
    deniedCalls: 1,
  });

  const { secrets } = wired;
  const [secret] = secrets;
  const git = (...args: string[]) => source.git('--git-dir', shop.mirrorDir, ...args);
  const kept = [
    await git('log', '-p', '--format=%B', headSha!),
    JSON.stringify((await services.ledger.list({ limit: 500 })).items),
    JSON.stringify(await services.db.query('select * from loom.agent_runs')),
    JSON.stringify(await services.db.query('select * from loom.steps')),
  ].join('\n');
  expect(secrets).toHaveLength(1);
  expect(kept).not.toContain(secret);
  expect(kept).toContain('pass.issued');
  expect(kept).toContain('pass.revoked');
  await expect(services.governance.authenticate(secret!)).rejects.toMatchObject({
    code: 'governance.pass_over',
  });
});

test('a pass speaks for the sessions of its own step, in its own repository, and lifts no breaker', async () => {
  const { governance, sessions } = app.services;
  const holder = 'run_mine/work';
  const pass = { holder, assignment: ASSIGNMENT, node: TEST_NODE, lifeMs: 60_000 };
  const { secret: token } = await governance.issuePass(pass);
  const mine = await sessions.start(
    { agent: 'codex', externalId: 'mine' },
    passPrincipal(holder, ASSIGNMENT),
  );
  const theirs = await sessions.start(
    { agent: 'codex', externalId: 'theirs' },
    passPrincipal('run_theirs/work', ASSIGNMENT),
  );
  const call = async (method: string, path: string, body?: object) =>
    (await app.call(method, path, { token, ...(body === undefined ? {} : { body }) })).status;
  const claims = (sessionId: string) => ({
    repository: REPOSITORY,
    sessionId,
    paths: ['a.ts'],
    intent: 'x',
  });

  expect(await call('POST', '/v1/claims', claims(mine.id))).toBeLessThan(300);
  expect(await call('POST', '/v1/claims', claims(theirs.id))).toBe(404);
  const lift = { reason: 'let me go on' };
  expect(await call('POST', `/v1/sessions/${mine.id}/breaker/reset`, lift)).toBe(403);
  expect(await call('POST', `/v1/sessions/${mine.id}/breaker/budget`, { tokens: null })).toBe(403);
  for (const [method, path, body] of [
    ['POST', '/v1/tokens', { name: 'another' }],
    ['POST', '/v1/breakers/close', { scope: 'repository', key: REPOSITORY, reason: 'x' }],
    ['GET', '/v1/people'],
    ['GET', '/v1/sessions'],
  ] as const) {
    expect([path, await call(method, path, body)]).toEqual([path, 403]);
  }
  expect(await governance.authenticate(token)).toMatchObject({ kind: 'agent', id: holder });

  // A node that starts again has no agent of before.
  expect(await governance.revokePasses({ node: 'another-node' })).toBe(0);
  expect(await governance.revokePasses({ node: TEST_NODE })).toBe(1);
  expect(await call('POST', '/v1/claims', claims(mine.id))).toBe(401);
});

test('what is copied for the user of a devbox is all that the hook and the bridge load', () => {
  const root = resolve(import.meta.dirname, '../..');
  const seen = new Set<string>();
  const walk = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(
      /^(?:import|export) [^;]*?from '([^']+)'/gms,
    )) {
      if (target.startsWith('.')) walk(resolve(dirname(path), target));
    }
  };

  walk(join(root, 'src/app/main.ts'));
  walk(join(root, 'src/surfaces/cli/mcp-command.ts'));

  const copied = HOOK_PROGRAM.filter((path) => path.startsWith('src/'));
  expect([...seen].map((path) => path.slice(root.length + 1)).toSorted()).toEqual(
    [...copied].toSorted(),
  );
});
