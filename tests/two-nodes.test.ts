/**
 * Goal: nodes over one database share the work; when one dies, the other takes over what it held, and
 * nothing is stuck or done twice. What only one machine has, such as the local forge, stays its own.
 * Method: two real servers on one PostgreSQL, the second without the forge; checks held while SIGKILL
 * comes; all times are those of events, written by the database's hosts.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger, type EmbeddedPostgres, startEmbeddedPostgres } from '#kernel';
import { waitFor } from '#testing';
import { temporaryFolder } from './support/folder.ts';
import { type ServerProcess, startServer } from './support/server.ts';
import {
  eventsAbout,
  findChange,
  openShop,
  runOf,
  type Shop,
  type ShopRun,
  waitForChange,
} from './support/shop.ts';

const LEASE_MS = 3_000;
/** Who takes a step is chance; so many chances are enough for both to get one. */
const MOST_BRANCHES = 16;
const FEWEST_BRANCHES = 4;
const branches: string[] = [];

const folder = temporaryFolder('two-nodes');
const firstData = temporaryFolder('node-one');
const secondData = temporaryFolder('node-two');
let database: EmbeddedPostgres;
let first: ServerProcess;
let second: ServerProcess;
let shop: Shop;

function startSecond(): Promise<ServerProcess> {
  return startServer({
    data: secondData.path,
    env: { ...env(), LOOM_FORGE_ENABLED: 'false' },
  });
}

function env(): Record<string, string> {
  return {
    DATABASE_URL: database.url,
    LOOM_WORKFLOW_LEASE_MS: String(LEASE_MS),
    // Room for the checks of both on the one that stays.
    LOOM_WORKFLOW_CONCURRENCY: '32',
  };
}

beforeAll(async () => {
  const log = createLogger({ level: 'silent' });
  database = await startEmbeddedPostgres({ folder: folder.path, log });
  first = await startServer({ data: firstData.path, env: env() });
  shop = await openShop(() => first);
  second = await startSecond();
});
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
  await database[Symbol.asyncDispose]();
  for (const one of [folder, firstData, secondData]) one[Symbol.dispose]();
});

/** Who works on the checks of all branches; undefined until all of them run. */
async function checkWorkers(): Promise<Map<string, string> | undefined> {
  const workers = new Map<string, string>();
  for (const branch of branches) {
    const change = await findChange(first, shop, branch);
    if (change === undefined || change.runId === null) return undefined;
    const check = (await runOf(first, change)).steps.find(({ name }) => name === 'check');
    if (check?.state !== 'running' || check.worker === null) return undefined;
    workers.set(change.runId, check.worker);
  }
  return workers;
}

const isHeldBy = (node: ServerProcess) => (worker: string) => worker.includes(`-${node.pid}-`);

test('steps of a killed node move to the other, and every change is merged once', async () => {
  shop.holdChecks();
  let workers = new Map<string, string>();
  const hasBoth = () =>
    [...workers.values()].some(isHeldBy(first)) && [...workers.values()].some(isHeldBy(second));
  while (branches.length < FEWEST_BRANCHES || (!hasBoth() && branches.length < MOST_BRANCHES)) {
    branches.push(`shared-${branches.length}`);
    await shop.push(branches.at(-1)!);
    workers = await waitFor('the checks to run', checkWorkers, { timeoutMs: 90_000, everyMs: 100 });
  }
  const lostRuns = [...workers]
    .filter(([, worker]) => isHeldBy(second)(worker))
    .map(([runId]) => runId);
  expect(hasBoth()).toBe(true);

  const killedAt = Date.now();
  await second.kill();

  const movedAfterMs = await waitFor(
    'the steps of the killed node to run on the other',
    async () => {
      const times: number[] = [];
      for (const runId of lostRuns) {
        const events = await eventsAbout(first, runId);
        const taken = events.findLast(
          ({ type, data }) =>
            type === 'step.started' &&
            data?.['step'] === 'check' &&
            isHeldBy(first)(String(data['worker'])),
        );
        if (taken === undefined) return undefined;
        times.push(Date.parse(taken.recordedAt) - killedAt);
      }
      return times;
    },
    { timeoutMs: LEASE_MS + 60_000, everyMs: 100 },
  );
  console.info(
    `${lostRuns.length} of ${workers.size} checks were on the killed node; they moved after ${movedAfterMs.join(', ')} ms (lease ${LEASE_MS} ms)`,
  );
  expect(Math.max(...movedAfterMs)).toBeLessThan(LEASE_MS + 30_000);

  shop.letChecksGo();
  for (const branch of branches) {
    const change = await waitForChange(first, shop, branch, ({ state }) => state === 'merged');
    const events = await eventsAbout(first, change.id);
    expect(events.filter(({ type }) => type === 'change.merged')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'check.completed')).toHaveLength(1);
    const merges = (await shop.git('log', 'main', '--merges', '--format=%P')).split('\n');
    expect(merges.filter((line) => line.endsWith(` ${change.headSha}`))).toHaveLength(1);
  }
});

test('a node without the forge judges and checks in a mirror of its own, and leaves merges to the other', async () => {
  second = await startSecond();
  const takenBySecond = new Set<string>();

  for (let round = 0; round < 12 && takenBySecond.size < 3; round += 1) {
    const branch = `beside-${round}`;
    await shop.push(branch);
    const change = await waitForChange(second, shop, branch, ({ state }) => state === 'merged');
    const run: ShopRun = await runOf(second, change);
    for (const { kind, worker } of run.steps) {
      if (worker !== null && isHeldBy(second)(worker)) takenBySecond.add(kind);
    }
    expect(run.steps.filter(({ state }) => state === 'failed')).toEqual([]);
  }

  console.info(`the node without the forge did: ${[...takenBySecond].join(', ')}`);
  expect(takenBySecond.size).toBeGreaterThan(0);
  expect(second.output()).not.toMatch(/"level":(50|60)/);
});
