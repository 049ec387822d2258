/**
 * Goal: wherever the server or its database is killed, a change ends as if nothing had happened: each
 * step done once, merged once, told once.
 * Method: real processes and kill -9, at every step of the change workflow over a repository of the
 * local forge; all changes of this file live in one data folder, so that what one crash leaves behind
 * is still there at the next.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRunning } from '#kernel';
import { waitFor } from '#testing';
import { temporaryFolder } from './support/folder.ts';
import { type ServerProcess, startServer } from './support/server.ts';
import {
  eventsAbout,
  findChange,
  openShop,
  runOf,
  type Shop,
  type ShopChange,
} from './support/shop.ts';

const STEPS = ['context', 'check', 'decide', 'approve', 'merge', 'deployed', 'tell'] as const;
/** A short lease: what a killed server held is taken up again soon. */
const env = { LOOM_WORKFLOW_LEASE_MS: '1000' };

const folder = temporaryFolder('crash');
let server: ServerProcess;
let shop: Shop;

beforeAll(async () => {
  server = await startServer({ data: folder.path, env });
  shop = await openShop(() => server);
});
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function killAndRestart(): Promise<void> {
  await server.kill();
  server = await startServer({ data: folder.path, env });
}

/** Watches a change's run as closely as the API allows. A server that is away is asked again. */
async function waitForStep(
  branch: string,
  isReached: (states: ReadonlyMap<string, string>) => boolean,
): Promise<ShopChange> {
  return waitFor(
    `a step of ${branch}`,
    async () => {
      try {
        const change = await findChange(server, shop, branch);
        if (change === undefined || change.runId === null) return undefined;
        const { steps } = await runOf(server, change);
        return isReached(new Map(steps.map(({ name, state }) => [name, state])))
          ? change
          : undefined;
      } catch {
        return undefined;
      }
    },
    { timeoutMs: 60_000, everyMs: 2 },
  );
}

const isDone = (step: string) => (states: ReadonlyMap<string, string>) =>
  states.get(step) === 'done';

async function deploy(change: ShopChange): Promise<void> {
  const { mergeSha } = (await findChange(server, shop, change.branch))!;
  await server.post('/v1/deployments', {
    repository: shop.repository,
    environment: 'production',
    sha: mergeSha,
    status: 'succeeded',
    externalKey: `deploy-${change.branch}`,
  });
}

/** Reports the deployment once the change is merged, and waits for the end of the run. */
async function finish(branch: string): Promise<ShopChange> {
  const change = await waitForStep(branch, isDone('merge'));
  await deploy(change);
  return waitForStep(branch, isDone('tell'));
}

async function expectOneOfEverything(branch: string, head: string): Promise<void> {
  const change = (await findChange(server, shop, branch))!;
  expect(change).toMatchObject({ state: 'merged', headSha: head });
  await waitFor('the run to end', async () => (await runOf(server, change)).state === 'done');

  const run = await runOf(server, change);
  expect(run.steps.map(({ name, state }) => `${name} ${state}`).sort()).toEqual(
    STEPS.map((name) => `${name} done`).sort(),
  );

  const merges = await shop.git('log', 'main', '--format=%H %P', '--merges');
  const ours = merges.split('\n').filter((line) => line.endsWith(` ${head}`));
  expect(ours).toHaveLength(1);
  expect(ours[0]).toMatch(new RegExp(`^${change.mergeSha ?? ''} `));

  const events = await eventsAbout(server, change.id);
  const count = (type: string) => events.filter((event) => event.type === type).length;
  expect(count('change.opened')).toBe(1);
  expect(count('change.merged')).toBe(1);
  expect(count('change.shipped')).toBe(1);
  const ofRun = await eventsAbout(server, run.id);
  expect(ofRun.filter(({ type }) => type === 'run.completed')).toHaveLength(1);
  const completed = ofRun
    .filter(({ type }) => type === 'step.completed')
    .map(({ data }) => String(data?.['step']));
  expect(completed.sort()).toEqual([...STEPS].sort());
  expect(count('decision.made')).toBe(1);
  await waitFor('the verdict to be published', () => publishedVerdicts(branch).length > 0);
  expect(publishedVerdicts(branch)).toEqual([head]);
}

/** What is kept beside the branches for the pages a host would have. */
function publishedVerdicts(branch: string): string[] {
  const reports = join(shop.bare, 'loomstack', 'changes');
  // What ends otherwise was being written when the server was killed.
  const whole = readdirSync(reports).filter((file) => file.endsWith('.json'));
  const all = whole.map(
    (file) =>
      JSON.parse(readFileSync(join(reports, file), 'utf8')) as {
        branch: string;
        verdicts: { headSha: string }[];
      },
  );
  return all
    .filter((report) => report.branch === branch)
    .flatMap(({ verdicts }) => verdicts.map(({ headSha }) => headSha));
}

test.each(STEPS)('a server killed right after the step %s ends its change once', async (step) => {
  const branch = `after-${step}`;
  const head = await shop.push(branch);
  if (step === 'deployed' || step === 'tell') {
    const change = await waitForStep(branch, isDone('merge'));
    // Killed while the report of the deployment is still under way inside.
    await deploy(change);
  }
  await waitForStep(branch, isDone(step));

  await killAndRestart();

  await finish(branch);
  await expectOneOfEverything(branch, head);
});

test('a server killed while a check runs checks again, and nothing of the first check is left', async () => {
  shop.holdChecks();
  const branch = 'during-check';
  const head = await shop.push(branch);
  const before = new Set(shop.checkPids());
  const abandoned = await waitFor('the check to begin', () =>
    shop.checkPids().find((pid) => !before.has(pid) && isRunning(pid)),
  );

  await killAndRestart();
  await waitFor('the abandoned check to be ended', () => !isRunning(abandoned));
  shop.letChecksGo();

  await finish(branch);
  await expectOneOfEverything(branch, head);
  await waitFor(
    'the checkouts to be gone',
    () => readdirSync(join(folder.path, 'checkouts')).length === 0,
  );
});

test('a server killed between a merge and its recording records that merge and makes no second', async () => {
  const branch = 'between';
  const main = join(shop.bare, 'refs/heads/main');
  const before = readFileSync(main, 'utf8');
  const head = await shop.push(branch);

  await waitFor('main to move', () => readFileSync(main, 'utf8') !== before, {
    timeoutMs: 60_000,
    everyMs: 1,
  });
  await killAndRestart();

  await finish(branch);
  await expectOneOfEverything(branch, head);
});

/** Undefined between two servers, while nobody has written it. */
function databasePid(): number | undefined {
  try {
    const text = readFileSync(join(folder.path, 'database/postgres/postmaster.pid'), 'utf8');
    return Number(text.split('\n')[0]) || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

test.each(['check', 'decide', 'merge'])(
  'a database killed after the step %s is started again, and the change ends once',
  async (step) => {
    const branch = `database-after-${step}`;
    const head = await shop.push(branch);
    await waitForStep(branch, isDone(step));
    const victim = await waitFor('the process of the database', databasePid);
    const node = server.pid;

    process.kill(victim, 'SIGKILL');
    const statuses = new Set<number>();
    await waitFor(
      'the database to be back',
      async () => {
        const status = await statusOf('/v1/changes');
        statuses.add(status);
        return status === 200 && !isRunning(victim) && (databasePid() ?? victim) !== victim;
      },
      { timeoutMs: 60_000, everyMs: 5 },
    );

    await finish(branch);
    await expectOneOfEverything(branch, head);
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect(isRunning(node)).toBe(true);
  },
);

test('the log of all this is whole', async () => {
  const report = await server.post<{ isValid: boolean }>('/v1/audit/verify', {});

  expect(report).toMatchObject({ isValid: true });
});

async function statusOf(path: string): Promise<number> {
  const response = await fetch(new URL(path, server.url), {
    headers: { authorization: `Bearer ${server.token}` },
    signal: AbortSignal.timeout(30_000),
  });
  await response.arrayBuffer();
  return response.status;
}
