/**
 * Goal: one change goes the whole way, from a push to production, each effect once, whatever order the
 * news comes in and whoever has to consent.
 * Method: every room for real over one database: a local forge, its mirror, the policy at its base,
 * the engine, the outbox. Background work is driven by hand until nothing is left to do.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLocalForge } from '#connectors/local';
import type { Signal } from '#connectors/contract';
import { createContextService } from '#context';
import { createGovernanceService, type Principal, type Role } from '#governance';
import { type Clock, systemClock } from '#kernel';
import { createOutboxWorker } from '#ledger';
import { createPolicyService } from '#policy';
import { testDatabase, testRepository } from '#testing';
import { createChangeService, createMomentWatch } from './changes/index.ts';
import { createOverrideService } from './escalation/index.ts';
import { createHostOutboxHandlers } from './host/index.ts';
import { createIntakeService } from './intake/index.ts';
import { createLandingQueue } from './landing/index.ts';
import { loadChangeWorkflow } from './library/index.ts';
import type { Change, Run } from './schema.ts';
import { createStepHandlers, createTreeTest } from './steps/index.ts';
import { eventTypes, operator, roomsOn, startSession } from './test-rooms.ts';
import { createWorkflowService, createWorkflowWorker } from './workflow/index.ts';

const repository = 'acme/shop';
const POLICY = `version: 1
autonomy:
  docs: { paths: ["docs/**"], max_score: 100, agents: true, because: Documents are safe. }
`;
const WORKFLOW = `name: change
steps:
  - name: check
    kind: check.command
    with: { command: "test ! -e broken" }
  - name: decide
    kind: policy.decide
    needs: [check]
  - name: approve
    kind: approval.request
    needs: [decide]
  - name: merge
    kind: merge
    needs: [decide, approve]
  - name: deployed
    kind: wait.signal
    needs: [merge]
    with: { signal: deployed, match: { status: succeeded }, timeout: 14d, onTimeout: continue }
  - name: tell
    kind: notify
    needs: [deployed]
    with: { to: host, message: "Shipped: {title}" }
`;

async function testThread(
  database: Awaited<ReturnType<typeof testDatabase>>,
  begin: {
    files?: Record<string, string>;
    policyClock?: Clock;
    /** Nothing is sent but by `settle`. */
    isOutboxManual?: boolean;
  } = {},
) {
  const stack = new AsyncDisposableStack();
  const rooms = stack.use(roomsOn(database));
  const folder = await mkdtemp(join(tmpdir(), 'loom-thread-'));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  const work = stack.use(await testRepository());
  await work.commit({
    files: {
      '.loom/policy.yaml': POLICY,
      '.loom/workflows/change.yaml': WORKFLOW,
      'docs/guide.md': 'Guide\n',
      'src/total.js': 'export const total = 1;\n',
      ...begin.files,
    },
    message: 'Begin',
  });

  const governance = createGovernanceService(rooms);
  const policy = createPolicyService({ ...rooms, clock: begin.policyClock ?? rooms.clock });
  const workflow = createWorkflowService(rooms);
  const context = createContextService({ ...rooms, folder: join(folder, 'mirrors') });
  const heard: Signal[] = [];
  let isDeaf = false;
  const forge = createLocalForge({
    ...rooms,
    folder: join(folder, 'forge'),
    webhookSecret: 'secret of a test',
    publicUrl: 'http://localhost',
    authenticate: () => undefined,
    async onDelivery(delivery) {
      const signals = forge.source.toSignals(delivery);
      heard.push(...signals);
      if (isDeaf) return;
      const deliveryId = forge.source.deliveryId(delivery);
      await intake.receive({ source: 'local', deliveryId, signals });
    },
  });
  const hostOf = (name: string) => (name === 'local' ? forge.host : undefined);
  const changes = createChangeService({
    ...rooms,
    context,
    governance,
    policy,
    workflow,
    hostOf,
    loadWorkflow: (source) => loadChangeWorkflow(rooms, source),
  });
  const intake = stack.use(
    createIntakeService({
      ...rooms,
      changes,
      onIncident: async () => {},
      async onDeployment(signal, cause) {
        const actor = { kind: 'connector', id: signal.source } as const;
        await changes.recordDeploymentSignal(signal, { actor, cause });
      },
    }),
  );
  const landing = createLandingQueue({
    ...rooms,
    context,
    changes,
    workflow,
    hostOf,
    test: createTreeTest({ ...rooms, folder: join(folder, 'checks'), commandTimeoutMs: 60_000 }),
    node: 'node-1',
    slots: 2,
    leaseMs: 60_000,
  });
  const queue = stack.use(landing.startLoop({ start: false }));
  const worker = stack.use(
    createWorkflowWorker({
      ...rooms,
      workerId: 'worker-1',
      isManual: true,
      handlers: createStepHandlers({
        ...rooms,
        context,
        policy,
        governance,
        changes,
        landing,
        folder: join(folder, 'checks'),
        commandTimeoutMs: 60_000,
      }),
    }),
  );
  const outbox = stack.use(
    createOutboxWorker({
      ...rooms,
      start: begin.isOutboxManual !== true,
      handlers: createHostOutboxHandlers({ changes, hostOf, detailsUrl: (id) => `/changes/${id}` }),
    }),
  );

  await forge.createRepository(repository, { from: work.dir });
  const bare = join(folder, 'forge', `${repository}.git`);
  await work.git('remote', 'add', 'forge', bare);
  await context.importRepository(
    { url: bare, name: repository, host: 'local' },
    { kind: 'system', id: 'test' },
  );

  /** Does all background work there is, until nothing moves any more; without landing, changes only queue up. */
  async function settle({ lands = true } = {}): Promise<void> {
    for (let idle = 0; idle < 2;) {
      const moved =
        (await intake.processOnce()) +
        (await worker.runOnce()) +
        (lands ? (await outbox.runOnce()) + (await queue.runOnce()) : 0);
      idle = moved === 0 ? idle + 1 : 0;
    }
  }

  async function person(
    name: string,
    roles: Role[],
    identities: string[] = [],
  ): Promise<Principal> {
    const { person: owner } = await governance.ensureOwner();
    const by: Principal = { ...owner, kind: 'person', scopes: 'all' };
    const made = await governance.createPerson({ name, roles, identities }, by);
    return { ...made, kind: 'person', scopes: 'all' };
  }

  return {
    ...rooms,
    items: rooms.work,
    governance,
    policy,
    workflow,
    context,
    forge,
    changes,
    landing,
    intake,
    work,
    heard,
    /** The bare repository of the forge, and this node's mirror of it. */
    bare,
    async mirror() {
      return join(folder, 'mirrors', `${(await context.findRepository(repository))!.id}.git`);
    },
    settle,
    person,
    setDeaf(value: boolean) {
      isDeaf = value;
    },
    /** Pushes the branch we are on, and lets the forge tell of it. */
    async push(branch: string): Promise<void> {
      await work.git('push', '--quiet', '--force', 'forge', `HEAD:refs/heads/${branch}`);
      await forge.sweep();
    },
    async change(branch: string): Promise<Change> {
      const found = await changes.resolve(`${repository}:${branch}`);
      if (found === undefined) throw new Error(`there is no change of ${branch}`);
      return found;
    },
    async run(change: Change) {
      return (await workflow.find(change.runId!))!;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

type Thread = Awaited<ReturnType<typeof testThread>>;

async function steps(thread: Thread, run: Pick<Run, 'id'>): Promise<Record<string, string>> {
  const found = await thread.workflow.find(run.id);
  return Object.fromEntries(found!.steps.map(({ name, state }) => [name, state]));
}

function deployed(sha: string, environment = 'production'): Signal {
  return {
    type: 'deployment.reported',
    source: 'api',
    dedupeKey: `deploy-${environment}-${sha}`,
    occurredAt: new Date(),
    repository,
    environment,
    sha,
    status: 'succeeded',
    externalKey: `deploy-${environment}-${sha}`,
  };
}

test('a safe change of an agent goes from its push to production alone, and every effect is there once', async () => {
  await using thread = await testThread(await testDatabase());
  const { work } = thread;
  const item = await thread.items.create(
    { title: 'Explain refunds', repository },
    { kind: 'person', id: 'usr_019abc00000070008000000000000009' },
  );
  const session = await startSession(thread, { branch: 'explain' });
  await thread.items.next(session.id);
  await thread.claims.acquire({ sessionId: session.id, repository, paths: ['docs/guide.md'] });
  await work.branch('explain');
  await work.commit({
    files: { 'docs/guide.md': 'Guide\nRefunds are rounded.\n' },
    message: `Explain refunds\n\nLoom-Session: ${session.id}`,
  });
  await thread.push('explain');
  await thread.settle();

  const merged = await thread.change('explain');
  expect(merged).toMatchObject({
    state: 'merged',
    authorKind: 'agent',
    sessionId: session.id,
    workItemId: item.id,
    lane: 'ship',
    correlationId: item.correlationId,
  });
  expect(merged.custody).toEqual([
    'email:ada@example.org',
    'local:ada lovelace',
    'person:usr_019abc00000070008000000000000001',
    'person:usr_019abc00000070008000000000000009',
    `session:${session.id}`,
  ]);
  expect(await thread.items.find(item.id)).toMatchObject({ state: 'done' });
  expect(
    (await thread.claims.list({ sessionId: session.id, state: 'held', limit: 5 })).items,
  ).toEqual([]);

  await work.git('fetch', '--quiet', 'forge');
  const production = await work.sha('forge/main');
  await thread.intake.receive({
    source: 'api',
    deliveryId: 'deployment-1',
    signals: [deployed(production, 'staging'), deployed(production)],
  });
  await thread.settle();

  const types = await eventTypes(thread.ledger, merged.id);
  const once = (type: string) => types.filter((other) => other === type).length;
  expect(
    ['change.opened', 'check.completed', 'decision.made', 'change.merged', 'change.shipped'].map(
      once,
    ),
  ).toEqual([1, 1, 1, 1, 1]);
  expect(await steps(thread, { id: merged.runId! })).toEqual({
    check: 'done',
    decide: 'done',
    approve: 'done',
    merge: 'done',
    deployed: 'done',
    tell: 'done',
  });
  const reports = await thread.forge.host.describe({ repository, branch: 'explain' });
  expect(reports.verdicts).toMatchObject([{ conclusion: 'success', lane: 'ship' }]);
  expect(reports.comment).toBe('Shipped: Explain refunds');
});

test('a change of code waits for somebody who did not write it, and merges on their word', async () => {
  await using thread = await testThread(await testDatabase());
  const { work } = thread;
  const author = await thread.person('Ada', ['approver'], ['email:ada@example.org']);
  const reviewer = await thread.person('Grace', ['approver'], ['email:grace@example.org']);
  await work.branch('total');
  const headSha = await work.commit({ files: { 'src/total.js': 'export const total = 2;\n' } });
  await thread.push('total');
  await thread.settle();
  const waiting = await thread.change('total');
  const review = { decision: 'approve' as const, headSha, reason: 'looks right' };

  await expect(thread.changes.review(waiting.id, review, author)).rejects.toMatchObject({
    code: 'governance.in_custody',
  });
  const before = await steps(thread, { id: waiting.runId! });
  await thread.changes.review(waiting.id, review, reviewer);
  await thread.settle();

  expect(waiting).toMatchObject({ state: 'open', lane: 'one-reviewer', authorKind: 'human' });
  expect(before).toMatchObject({ decide: 'done', approve: 'waiting', merge: 'blocked' });
  expect(await thread.change('total')).toMatchObject({ state: 'merged' });
  expect(await eventTypes(thread.ledger, waiting.id)).toContain('approval.requested');
});

test('a verdict that was put aside is tested by the queue all the same, unless it is an emergency', async () => {
  await using thread = await testThread(await testDatabase(), {
    files: {
      '.loom/workflows/change.yaml': WORKFLOW.replace(
        'test ! -e broken',
        '! grep -q clash src/base.js || ! grep -q clash src/total.js',
      ),
      'src/base.js': 'export const base = 1;\n',
      '.loom/policy.yaml': OVERRIDABLE,
    },
  });
  const { work } = thread;
  const [cora, carl] = [
    await thread.person('Cora', ['admin']),
    await thread.person('Carl', ['admin']),
  ];
  const overrides = createOverrideService(thread);
  await work.branch('total');
  const headSha = await work.commit({ files: { 'src/total.js': 'export const clash = 2;\n' } });
  await thread.push('total');
  await thread.settle();
  // Meanwhile the base got what the change breaks on.
  await landPastUs(thread, { 'src/base.js': 'export const clash = 1;\n' });
  const change = await thread.change('total');
  const putAside = async (isEmergency: boolean) => {
    const reason = 'Checkout is down for everybody';
    const asked = await overrides.request(change.id, { headSha, reason, isEmergency }, cora);
    await overrides.confirm(asked.id, carl);
    await thread.settle();
  };

  await putAside(false);
  const sentBack = (await thread.run(change)).steps.find(({ kind }) => kind === 'merge')!;
  const unused = (await overrides.list({ changeId: change.id, limit: 5 })).items;
  await thread.workflow.retry(change.runId!, undefined, { kind: 'person', id: cora.id });
  await putAside(true);

  expect(sentBack.state).toBe('failed');
  expect(sentBack.message).toContain('git merge --no-edit');
  expect(unused).toMatchObject([{ state: 'active', isEmergency: false }]);
  expect(await thread.change('total')).toMatchObject({ state: 'merged' });
  const events = (await thread.ledger.list({ ref: change.id, type: 'override.used' })).items;
  expect(events.map(({ data }) => data?.['isEmergency'])).toEqual([true]);
});

test('a refusal ends the run for good, in the words of who refused', async () => {
  await using thread = await testThread(await testDatabase());
  const reviewer = await thread.person('Grace', ['approver']);
  await thread.work.branch('total');
  const headSha = await thread.work.commit({
    files: { 'src/total.js': 'export const total = 3;\n' },
  });
  await thread.push('total');
  await thread.settle();
  const change = await thread.change('total');

  const review = { decision: 'decline' as const, headSha, reason: 'three is wrong' };
  await thread.changes.review(change.id, review, reviewer);
  await thread.settle();

  const run = await thread.run(change);
  expect(run.state).toBe('failed');
  expect(run.steps.find(({ name }) => name === 'approve')?.message).toBe(
    'Declined by Grace: three is wrong',
  );
  expect(await thread.change('total')).toMatchObject({ state: 'open' });
});

test('a push voids the consent for the old code and starts a run of its own', async () => {
  await using thread = await testThread(await testDatabase());
  const { work } = thread;
  const reviewer = await thread.person('Grace', ['approver']);
  // Held by its check, so that the consent does not merge it at once.
  await work.branch('total');
  const first = await work.commit({ files: { 'src/total.js': '2\n', broken: 'yes' } });
  await thread.push('total');
  await thread.settle();
  const held = await thread.change('total');
  const review = { decision: 'approve' as const, headSha: first, reason: 'fine' };
  await thread.changes.review(held.id, review, reviewer);
  await thread.settle();

  const second = await work.commit({ files: { broken: null } });
  await thread.push('total');
  await thread.settle();

  const updated = await thread.change('total');
  expect(held).toMatchObject({ lane: 'hold' });
  expect(updated).toMatchObject({
    id: held.id,
    state: 'open',
    headSha: second,
    lane: 'one-reviewer',
  });
  expect(updated.runId).not.toBe(held.runId);
  expect((await thread.run(held)).state).toBe('cancelled');
  const approvals = await thread.governance.listApprovals(null, held.id);
  expect(approvals.map(({ state }) => state)).toEqual(['void']);
  await expect(thread.changes.review(held.id, review, reviewer)).rejects.toMatchObject({
    code: 'governance.stale_head',
  });
});

test('a main branch that somebody broke stops landing until what broke it is taken back', async () => {
  await using thread = await testThread(await testDatabase());
  const { work } = thread;
  const main = await work.sha();
  const write = async (name: string) => {
    await work.branch(name, main);
    await work.commit({ files: { [`docs/${name}.md`]: name }, message: `Write ${name}` });
    await thread.push(name);
  };
  await write('one');
  await thread.settle();
  // Past the queue: one commit that is fine, one that breaks the check, and another that is fine.
  await work.git('fetch', '--quiet', 'forge');
  await work.git('checkout', '--quiet', '-B', 'past', 'forge/main');
  await work.commit({ files: { 'docs/fine.md': 'Fine\n' }, message: 'Fine' });
  const culprit = await work.commit({ files: { broken: 'yes\n' }, message: 'Break it' });
  await work.commit({ files: { 'docs/late.md': 'Late\n' }, message: 'Fine too' });
  await work.git('push', '--quiet', 'forge', 'HEAD:refs/heads/past');
  await work.git('--git-dir', thread.bare, 'update-ref', 'refs/heads/main', await work.sha());
  await work.git('--git-dir', thread.bare, 'update-ref', '-d', 'refs/heads/past');
  await thread.forge.sweep();
  await write('two');
  await thread.settle();

  const [lane] = await thread.landing.show();
  expect(lane).toMatchObject({
    baseBranch: 'main',
    red: { source: 'build', check: 'test ! -e broken', culprit, revert: { state: 'proposed' } },
  });
  const two = await thread.change('two');
  expect(two.state).toBe('open');
  expect((await steps(thread, { id: two.runId! }))['merge']).not.toBe('failed');

  // The revert is a change like any other: somebody else has to consent to it.
  const revert = await thread.change(`loom/revert-${culprit.slice(0, 12)}`);
  const reviewer = await thread.person('Grace', ['approver'], ['email:grace@example.org']);
  const { headSha } = revert;
  const review = { decision: 'approve' as const, headSha, reason: 'main is red' };
  if (revert.state === 'open') await thread.changes.review(revert.id, review, reviewer);
  await thread.settle();

  expect(await thread.change(revert.branch)).toMatchObject({ state: 'merged' });
  expect((await thread.landing.show())[0]).toMatchObject({ red: null });
  const told = await eventTypes(thread.ledger, repository);
  expect(told).toEqual(
    expect.arrayContaining([
      'landing.paused',
      'culprit.found',
      'revert.proposed',
      'landing.resumed',
    ]),
  );
  const texts = await thread.db.query<{ text: string }>(
    `select payload->>'text' as text from loom.outbox_messages where target = 'notify' order by 1`,
  );
  expect(texts.map(({ text }) => text).join(' ')).toContain('landing goes on');
});

describe('the landing queue', () => {
  let thread: Thread;
  let begin: string;
  let counted: string;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'loom-landing-'));
    await chmod(folder, 0o755);
    counted = join(folder, 'counted');
    await writeFile(counted, '');
    await chmod(counted, 0o666);
    const check = [
      'if [ -e docs/left.md ] && [ -e docs/right.md ]; then echo both are there; exit 1; fi',
      'if [ -e packages/a/left.md ] && [ -e packages/b/right.md ]; then echo far apart; exit 1; fi',
      // The second time it is looked at it fails, once.
      `if [ -e docs/flaky.md ]; then n=$(wc -c < ${counted}); echo x >> ${counted}; test $n -ne 2; fi`,
    ].join('; ');
    thread = await testThread(await testDatabase(), {
      isOutboxManual: true,
      files: {
        '.loom/policy.yaml': POLICY.replace('["docs/**"]', '["docs/**", "packages/**"]'),
        '.loom/workflows/change.yaml': WORKFLOW.replace('test ! -e broken', check),
        'packages/a/package.json': '{ "name": "@acme/alpha" }',
        'packages/b/package.json': '{ "name": "@acme/beta" }',
        'packages/c/package.json': '{ "name": "c", "dependencies": { "@acme/alpha": "*" } }',
      },
    });
    begin = await thread.work.sha();
  });
  afterAll(async () => {
    await thread[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** Queues a change of one file up, which its own run has found good: nothing lands meanwhile. */
  async function queueUp(name: string, path = `docs/${name}.md`, trailer = '') {
    await thread.work.branch(name, begin);
    await thread.work.commit({ files: { [path]: name }, message: `Write ${name}${trailer}` });
    await thread.push(name);
    await thread.settle({ lands: false });
    return thread.change(name);
  }
  const onMain = (revision = 'main') =>
    thread.work.git('--git-dir', thread.bare, 'rev-parse', revision);
  const statesOf = async (...names: string[]) =>
    (await Promise.all(names.map(thread.change))).map(({ state }) => state);
  const lane = async () => (await thread.landing.show())[0]!;

  interface Tested {
    kind: string;
    changes: string[];
    assumed: string[];
    attempt: number;
    outcome: string;
  }
  let seen = 0;
  /** What was tested since somebody last asked. */
  async function tested(): Promise<Tested[]> {
    const { items } = await thread.ledger.list({
      ref: repository,
      type: 'landing.tested',
      order: 'oldest',
      limit: 200,
    });
    const fresh = items.slice(seen);
    seen = items.length;
    return fresh.map(({ data }) => data as unknown as Tested);
  }

  test('what is tested on top of a change that then fails is tested again without it; of a failed group the good land', async () => {
    const session = await startSession(thread, { branch: 'right' });
    await queueUp('left');
    const right = await queueUp('right', 'docs/right.md', `\n\nLoom-Session: ${session.id}`);
    const free = await queueUp('free');
    const bad = await queueUp('bad', 'docs/right.md');
    const good = await queueUp('good');

    await thread.settle();

    expect(await statesOf('left', 'right', 'free', 'bad', 'good')).toEqual([
      'merged',
      'open',
      'merged',
      'open',
      'merged',
    ]);
    const builds = await tested();
    const of = (...ids: string[]) => builds.filter(({ changes }) => changes.join() === ids.join());
    expect(of(right.id).map(({ outcome, attempt }) => [outcome, attempt])).toEqual([
      ['failed', 0],
      ['failed', 1],
    ]);
    expect(of(free.id).map(({ assumed, outcome }) => [assumed, outcome])).toEqual([
      [[right.id], 'failed'],
      [[], 'passed'],
    ]);
    expect(of(bad.id, good.id)[0]).toMatchObject({ outcome: 'failed' });
    const merge = (await thread.run(right)).steps.find(({ kind }) => kind === 'merge')!;
    expect(merge.message).toMatch(/git merge --no-edit[^]*both are there/);
    expect(await eventTypes(thread.ledger, right.id)).toContain('landing.returned');
    const notes = await thread.db.query(
      'select session_id, note from loom.returned_notes where change_id = $1',
      [right.id],
    );
    expect(notes).toMatchObject([
      { session_id: session.id, note: expect.stringContaining('both are there') as string },
    ]);
  });

  test('a failure that does not come again is a flake; a check of the host that fails after a merge stops the branch', async () => {
    const key = { repository, baseBranch: 'main', check: 'ci' };
    const green = await onMain();
    await queueUp('later');
    const flaky = await queueUp('flaky');

    await thread.settle();

    expect((await tested()).map(({ outcome, attempt }) => [outcome, attempt])).toEqual([
      ['failed', 0],
      ['passed', 1],
    ]);
    expect(await statesOf('later', 'flaky')).toEqual(['merged', 'merged']);
    expect(await eventTypes(thread.ledger, flaky.id)).toContain('landing.flaked');
    expect((await lane()).ended.find(({ changeId }) => changeId === flaky.id)).toMatchObject({
      isFlaky: true,
    });

    const { mergeSha } = await thread.change('later');
    await thread.landing.noteHostCheck({ ...key, sha: green, verdict: 'pass' });
    await thread.landing.noteHostCheck({ ...key, sha: mergeSha!, verdict: 'fail' });
    await thread.landing.noteHostCheck({ ...key, sha: await onMain(), verdict: 'fail' });
    await queueUp('waits');
    expect(await lane()).toMatchObject({
      red: { source: 'host', check: 'ci', culprit: mergeSha, suspects: 2 },
    });
    await thread.settle();
    expect(await statesOf('waits')).toEqual(['open']);
    const revert = `loom/revert-${mergeSha!.slice(0, 12)}`;
    expect(await statesOf(revert)).toEqual(['merged']);

    await thread.landing.noteHostCheck({ ...key, sha: await onMain(), verdict: 'pass' });
    await thread.settle();
    expect((await lane()).red).toBeNull();
    expect(await statesOf('waits')).toEqual(['merged']);
  });

  test('with lanes nobody is tested again for what lands far away, and what two far changes break together is taken back', async () => {
    const actor = { kind: 'person', id: 'usr_019abc00000070008000000000000009' } as const;
    const key = { repository, baseBranch: 'main' };
    await thread.landing.setStrategy(key, { strategy: 'lanes', reason: 'packages', actor });
    await tested();
    await queueUp('first', 'packages/a/left.md');
    const far = await queueUp('far', 'packages/b/right.md');
    const near = await queueUp('near', 'packages/c/near.md');

    await thread.settle();

    const builds = await tested();
    expect(builds.filter(({ changes }) => changes.includes(far.id))).toEqual([]);
    expect(builds.filter(({ changes }) => changes.includes(near.id))).not.toEqual([]);
    expect(await statesOf('first', 'far', 'near')).toEqual(['merged', 'merged', 'merged']);
    expect(await eventTypes(thread.ledger, near.id)).not.toContain('landing.returned');
    const { mergeSha } = await thread.change('far');
    expect(await statesOf(`loom/revert-${mergeSha!.slice(0, 12)}`)).toEqual(['merged']);
    expect(await lane()).toMatchObject({ strategy: 'lanes', red: null, greenSha: await onMain() });
  });
});

test('changes of one commit land once, and the one that waits for a person holds up nobody', async () => {
  await using thread = await testThread(await testDatabase());
  const { work } = thread;
  const main = await work.sha();
  await work.branch('one', main);
  await work.commit({ files: { 'docs/one.md': 'One\n' } });
  await thread.push('one');
  await thread.push('twin');
  await work.branch('other', main);
  await work.commit({ files: { 'docs/other.md': 'Other\n' } });
  await thread.push('other');
  await thread.settle();

  const [one, twin, other] = await Promise.all(['one', 'twin', 'other'].map(thread.change));
  const attempts = await thread.db.query(`select from loom.steps where attempt > 1`);
  expect(other).toMatchObject({ state: 'merged' });
  // Once one of them is in, nothing is left of the other that a rule could let through.
  expect([one!.state, twin!.state].sort()).toEqual(['merged', 'open']);
  expect(attempts).toEqual([]);
});

test('a change that conflicts with its base is held, with the paths, until it is rebased', async () => {
  await using thread = await testThread(await testDatabase());
  const { work } = thread;
  await work.branch('one');
  await work.commit({ files: { 'docs/guide.md': 'One\n' } });
  await work.branch('two', 'main');
  await work.commit({ files: { 'docs/guide.md': 'Two\n' } });
  await thread.push('two');
  await thread.settle();
  await work.switchTo('one');
  await thread.push('one');
  await thread.settle();

  const change = await thread.change('one');
  const run = await thread.run(change);
  expect(await thread.change('two')).toMatchObject({ state: 'merged' });
  expect(change).toMatchObject({ state: 'open', lane: 'hold' });
  expect(run.steps.find(({ name }) => name === 'check')).toMatchObject({
    output: { checks: 'failed', conflicts: ['docs/guide.md'] },
  });
});

test('news of one branch in any order ends in its newest head, with one run at work', async () => {
  await using thread = await testThread(await testDatabase());
  const { work } = thread;
  thread.setDeaf(true);
  await work.branch('total');
  for (const text of ['1', '2', '3']) {
    await work.commit({ files: { 'src/total.js': `${text}\n` } });
    await thread.push('total');
  }
  const head = await work.sha();
  const opened = thread.heard.filter(({ type }) => type.startsWith('change.'));

  for (const [index, signal] of [...opened.toReversed(), ...opened].entries()) {
    const told = { ...signal, dedupeKey: `${signal.dedupeKey}:${index}` };
    await thread.intake.receive({ source: 'local', deliveryId: `d${index}`, signals: [told] });
    await thread.intake.processOnce();
  }
  await thread.settle();

  const change = await thread.change('total');
  expect(opened).toHaveLength(3);
  expect(change).toMatchObject({ headSha: head, state: 'open' });
  const running = await thread.workflow.list({ changeId: change.id, state: 'running', limit: 10 });
  expect(running.items.map(({ id }) => id)).toEqual([change.runId]);
  expect((await thread.changes.list({ repository, limit: 10 })).items).toHaveLength(1);
});

test('a closed change is not woken by late news, and is opened again by newer', async () => {
  await using thread = await testThread(await testDatabase());
  const { work } = thread;
  await work.branch('total');
  await work.commit({ files: { 'src/total.js': '1\n' } });
  await thread.push('total');
  await thread.settle();
  const first = thread.heard.find(({ type }) => type === 'change.opened');
  await work.git('push', '--quiet', 'forge', ':refs/heads/total');
  await thread.forge.sweep();
  await thread.settle();
  const closed = await thread.change('total');

  const late = { ...first!, type: 'change.updated', dedupeKey: 'late' } as Signal;
  await thread.intake.receive({ source: 'local', deliveryId: 'late', signals: [late] });
  await thread.settle();
  const afterLate = await thread.change('total');
  await thread.push('total');
  await thread.settle();
  const opened = await thread.change('total');

  expect([closed.state, afterLate.state, opened.state]).toEqual(['closed', 'closed', 'open']);
  expect((await thread.run(closed)).state).toBe('cancelled');
  expect(opened.id).toBe(closed.id);
  expect(opened.runId).not.toBe(closed.runId);
});

test('a push whose news was lost is found by comparing branches with changes', async () => {
  await using thread = await testThread(await testDatabase());
  const { work } = thread;
  await work.branch('lost');
  await work.commit({ files: { 'docs/guide.md': 'Lost\n' } });
  thread.setDeaf(true);
  await thread.push('lost');
  await thread.settle();
  const before = await thread.changes.resolve(`${repository}:lost`);
  thread.setDeaf(false);

  const found = await thread.intake.sweep(repository);
  const again = await thread.intake.sweep(repository);
  await thread.settle();
  const later = await thread.intake.sweep(repository);

  expect([before, found, again, later]).toEqual([undefined, 1, 0, 0]);
  expect(await thread.change('lost')).toMatchObject({ state: 'merged', title: 'change' });
});

test('a merge past us is written down as such, and its run ends', async () => {
  await using thread = await testThread(await testDatabase());
  const { work } = thread;
  await work.branch('total');
  const headSha = await work.commit({ files: { 'src/total.js': '9\n' } });
  await thread.push('total');
  await thread.settle();
  const waiting = await thread.change('total');
  await thread.forge.host.merge({
    change: { repository, branch: 'total', baseBranch: 'main', headSha },
    message: 'Merged by hand',
    expectedHeadSha: headSha,
    idempotencyKey: 'by hand',
  });
  await thread.settle();

  const merged = await thread.change('total');
  expect(merged).toMatchObject({ id: waiting.id, state: 'merged' });
  expect((await thread.run(waiting)).state).toBe('cancelled');
  const { items } = await thread.ledger.list({ type: 'change.merged', ref: waiting.id, limit: 5 });
  expect(items).toMatchObject([{ data: { via: 'host' } }]);
});

test('a change is found by branch, commit, merge and id, and unknown words find none', async () => {
  await using thread = await testThread(await testDatabase());
  await thread.work.branch('guide');
  const head = await thread.work.commit({ files: { 'docs/guide.md': 'Better\n' } });
  await thread.push('guide');
  await thread.settle();
  const change = await thread.change('guide');

  for (const reference of [change.id, head, head.slice(0, 10), change.mergeSha!.slice(0, 8)]) {
    expect((await thread.changes.resolve(reference))?.id).toBe(change.id);
  }
  for (const reference of ['', 'zzz', `${repository}#12`, 'acme/other:guide', 'abc']) {
    expect(await thread.changes.resolve(reference)).toBeUndefined();
  }
});

/** The push as its host tells it: sent by these people, whatever its commits say. */
async function pushAs(thread: Thread, branch: string, ...people: { id: string }[]): Promise<void> {
  thread.setDeaf(true);
  await thread.push(branch);
  const told = thread.heard.findLast(({ type }) => type.startsWith('change.'));
  if (told === undefined || !('change' in told)) throw new Error('nothing was told');
  const signal = { ...told, change: { ...told.change, pushers: people.map(({ id }) => ({ id })) } };
  await thread.intake.receive({
    source: 'local',
    deliveryId: told.dedupeKey,
    signals: [signal as Signal],
  });
  thread.setDeaf(false);
  await thread.settle();
}

test('who pushed commits under a foreign name cannot approve them', async () => {
  await using thread = await testThread(await testDatabase());
  const mallory = await thread.person('Mallory', ['developer', 'approver']);
  const trent = await thread.person('Trent', ['developer', 'approver']);
  await thread.work.branch('forged');
  const headSha = await thread.work.commit({ files: { 'src/total.js': '666\n' } });
  await pushAs(thread, 'forged', trent, mallory);
  const change = await thread.change('forged');
  const review = { decision: 'approve' as const, headSha, reason: 'looks right' };

  for (const pusher of [mallory, trent]) {
    await expect(thread.changes.review(change.id, review, pusher)).rejects.toMatchObject({
      code: 'governance.in_custody',
    });
  }
  expect(change.custody).toContain(`person:${mallory.id}`);
});

test('who pushed becomes known later and is in custody from then on, though the head is the same', async () => {
  await using thread = await testThread(await testDatabase());
  const mallory = await thread.person('Mallory', ['developer', 'approver']);
  await thread.work.branch('forged');
  const headSha = await thread.work.commit({ files: { 'src/total.js': '666\n' } });
  thread.setDeaf(true);
  await thread.push('forged');
  thread.setDeaf(false);
  await thread.intake.sweep(repository);
  await thread.settle();
  const before = await thread.change('forged');
  const told = thread.heard.findLast(({ type }) => type === 'change.opened');

  const change = { ...(told as { change: object }).change, pushers: [{ id: mallory.id }] };
  const later = { ...told, change, occurredAt: new Date() } as Signal;
  await thread.intake.receive({ source: 'local', deliveryId: 'late', signals: [later] });
  await thread.settle();

  const after = await thread.change('forged');
  expect(before.custody).not.toContain(`person:${mallory.id}`);
  expect(after).toMatchObject({ id: before.id, headSha, runId: before.runId });
  expect(after.custody).toContain(`person:${mallory.id}`);
});

test("naming somebody else's session neither takes its claims nor hides one's own", async () => {
  await using thread = await testThread(await testDatabase());
  const ada = await thread.person('Ada', ['developer', 'approver']);
  const mallory = await thread.person('Mallory', ['developer', 'approver']);
  const theirs = await startSession(thread, { branch: 'elsewhere' }, ada);
  const own = await startSession(thread, { branch: 'spoofed' }, mallory);
  await thread.claims.acquire({ sessionId: theirs.id, repository, paths: ['src/total.js'] });
  await thread.work.branch('spoofed');
  await thread.work.commit({
    files: { 'docs/guide.md': 'Guide, spoofed\n' },
    message: `Explain\n\nLoom-Session: ${theirs.id}`,
  });

  await pushAs(thread, 'spoofed', mallory);

  const change = await thread.change('spoofed');
  const held = await thread.claims.list({ sessionId: theirs.id, state: 'held', limit: 5 });
  expect(change).toMatchObject({ state: 'merged', sessionId: own.id, authorKind: 'agent' });
  expect(change.custody).toEqual(
    expect.arrayContaining([`person:${mallory.id}`, `session:${own.id}`, `session:${theirs.id}`]),
  );
  expect(held.items).toHaveLength(1);
});

test('a node whose mirror is behind or gone fetches before it judges', async () => {
  await using thread = await testThread(await testDatabase());
  const { work, bare } = thread;
  const old = await work.sha('main');
  const base = await work.commit({ message: 'Move on', files: { 'src/total.js': '2\n' } });
  await work.git('push', '--quiet', 'forge', 'HEAD:refs/heads/landed');
  await work.git('--git-dir', bare, 'update-ref', 'refs/heads/main', base);
  await work.branch('behind');
  await work.commit({ files: { 'docs/guide.md': 'Better\n' } });
  await thread.push('behind');
  while ((await thread.intake.processOnce()) > 0);

  // As on another node, which heard of neither push.
  await work.git('--git-dir', await thread.mirror(), 'update-ref', 'refs/heads/main', old);
  await work.git('--git-dir', await thread.mirror(), 'update-ref', '-d', 'refs/heads/behind');
  await thread.settle();
  await work.branch('gone');
  await work.commit({ files: { 'docs/guide.md': 'Best\n' } });
  await thread.push('gone');
  while ((await thread.intake.processOnce()) > 0);
  await rm(await thread.mirror(), { recursive: true });
  await thread.settle();

  for (const branch of ['behind', 'gone']) {
    const change = await thread.change(branch);
    const { items } = await thread.policy.listDecisions({ changeId: change.id, limit: 10 });
    expect(items.map(({ baseSha }) => baseSha)).not.toContain(old);
    expect(change.state).toBe('merged');
  }
});

test('a base that was pushed back to an earlier commit is judged against where it is now', async () => {
  await using thread = await testThread(await testDatabase());
  const { work, bare } = thread;
  const first = await work.sha('main');
  const second = await work.commit({ message: 'Too early', files: { 'src/total.js': '2\n' } });
  await work.git('push', '--quiet', 'forge', 'HEAD:refs/heads/landed');
  for (const sha of [second, first]) {
    await work.git('--git-dir', bare, 'update-ref', 'refs/heads/main', sha);
    await thread.forge.sweep();
    await thread.settle();
  }

  const main = await work.git('--git-dir', await thread.mirror(), 'rev-parse', 'main');

  expect(main).toBe(first);
});

test('a refused change is not merged though it might ship alone, nor by taking its run up again', async () => {
  await using thread = await testThread(await testDatabase());
  const reviewer = await thread.person('Grace', ['approver']);
  await thread.work.branch('guide');
  const headSha = await thread.work.commit({ files: { 'docs/guide.md': 'Worse\n' } });
  await thread.push('guide');
  // The news is taken, but no step has run yet.
  while ((await thread.intake.processOnce()) > 0);
  const change = await thread.change('guide');
  await thread.changes.review(
    change.id,
    { decision: 'decline', headSha, reason: 'worse than before' },
    reviewer,
  );

  await thread.settle();
  const refused = await thread.run(change);
  await thread.workflow.retry(change.runId!, undefined, { kind: 'person', id: 'usr_x' });
  await thread.settle();

  const again = await thread.run(change);
  expect([refused.state, again.state]).toEqual(['failed', 'failed']);
  expect(again.steps.find(({ name }) => name === 'approve')?.message).toBe(
    'Declined by Grace: worse than before',
  );
  expect(await thread.change('guide')).toMatchObject({ state: 'open', lane: 'ship' });
});

/** Moves the protected branch the way a host's own merge does. */
async function landPastUs(thread: Thread, files: Record<string, string>): Promise<void> {
  const { work, bare } = thread;
  await work.switchTo('main');
  const sha = await work.commit({ files });
  await work.git('push', '--quiet', 'forge', `HEAD:refs/heads/landed-${sha.slice(0, 8)}`);
  await work.git('--git-dir', bare, 'update-ref', 'refs/heads/main', sha);
  await work.git('--git-dir', bare, 'update-ref', '-d', `refs/heads/landed-${sha.slice(0, 8)}`);
  await thread.forge.sweep();
  await thread.settle();
}

const SURVIVING = `version: 1
approvals: { stale_on: code-change, keep_on: [rebase-without-diff, update-merge] }
rules: [{ id: two, when: { paths: "src/**" }, require: { reviewers: 2 } }]
`;

test('a consent lives on a rebase that changes no line where policy says so, and dies with one that does', async () => {
  await using thread = await testThread(await testDatabase());
  const { work } = thread;
  await landPastUs(thread, { '.loom/policy.yaml': SURVIVING });
  const grace = await thread.person('Grace', ['approver'], ['email:grace@example.org']);
  await work.branch('total');
  const first = await work.commit({ files: { 'src/total.js': 'export const total = 2;\n' } });
  await thread.push('total');
  await thread.settle();
  const change = await thread.change('total');
  const consent = { decision: 'approve' as const, headSha: first, reason: 'two is right' };
  await thread.changes.review(change.id, consent, grace);
  await thread.settle();
  const counted = async (headSha: string) => {
    const { custody } = await thread.change('total');
    const facts = await thread.db.transaction((tx) =>
      thread.governance.approvalFacts(tx, { changeId: change.id, headSha, custody }),
    );
    return facts.map(({ person }) => person);
  };

  await landPastUs(thread, { 'docs/guide.md': 'Another guide\n' });
  await work.switchTo('total');
  await work.git('rebase', '--quiet', 'main');
  const rebased = await work.sha('HEAD');
  await thread.push('total');
  await thread.settle();
  const afterRebase = await counted(rebased);
  const other = await work.commit({ files: { 'src/total.js': 'export const total = 2 ;\n' } });
  await thread.push('total');
  await thread.settle();

  expect(rebased).not.toBe(first);
  expect(afterRebase).toEqual([grace.id]);
  expect(await counted(other)).toEqual([]);
  expect(await eventTypes(thread.ledger, change.id)).toEqual(
    expect.arrayContaining(['approval.carried', 'approval.voided']),
  );
});

const OVERRIDABLE = `version: 1
override: { by: [role:admin], needs: [second-person], expires: 4h }
`;

const PAY = `version: 1
rules: [{ id: pay, when: { paths: "src/**" }, require: { reviewers: 1, from: team:pay } }]
`;

test('nobody behind a change satisfies its rule: not by a bot, a trailer, a team joined later or a second identity', async () => {
  await using thread = await testThread(await testDatabase());
  const { work } = thread;
  await landPastUs(thread, { '.loom/policy.yaml': PAY });
  const { person: owner } = await thread.governance.ensureOwner();
  const byOwner: Principal = { ...owner, kind: 'person', scopes: 'all' };
  const operator = await thread.person('Olga', ['approver', 'developer'], ['local:olga']);
  const named = await thread.person('Nils', ['approver'], ['email:nils@example.org']);
  const late = await thread.person('Lena', ['approver']);
  const outsider = await thread.person('Otto', ['approver'], ['email:otto@example.org']);
  const session = await startSession(thread, { branch: 'total' }, operator);
  await work.branch('total');
  const headSha = await work.commit({
    files: { 'src/total.js': 'export const total = 4;\n' },
    message: `Total\n\nLoom-Session: ${session.id}\nCo-authored-by: Nils <nils@example.org>\nCo-authored-by: Lena <lena@bots.example.org>`,
  });
  await thread.push('total');
  await thread.settle();
  const change = await thread.change('total');
  const review = { decision: 'approve' as const, headSha, reason: 'mine, and fine' };
  const joins = (id: Principal['id']) =>
    thread.governance.updatePerson(id as `usr_${string}`, { teams: ['pay'] }, byOwner);
  const outcome = async () => {
    await thread.settle();
    const page = await thread.policy.listDecisions({ changeId: change.id, limit: 1 });
    return page.items[0]?.outcome;
  };

  // The person behind the agent and the one a trailer names: refused, whatever team they join.
  for (const principal of [operator, named]) {
    await joins(principal.id);
    await expect(thread.changes.review(change.id, review, principal)).rejects.toMatchObject({
      code: 'governance.in_custody',
    });
  }
  // An agent's own session, and a person who consents in its name.
  const agent: Principal = { ...operator, kind: 'agent', id: session.id, onBehalfOf: operator.id };
  await expect(thread.changes.review(change.id, review, agent)).rejects.toMatchObject({
    code: 'governance.agent_cannot_approve',
  });
  const delegate: Principal = { ...late, onBehalfOf: operator.id };
  await expect(thread.changes.review(change.id, review, delegate)).rejects.toMatchObject({
    code: 'governance.in_custody',
  });
  // A consent from outside the team is none of the rule's; the same person in the team later is.
  await thread.changes.review(change.id, review, outsider);
  const fromOutside = await outcome();
  // Whoever turns out to be the bot of a trailer loses the consent that was given before.
  await joins(late.id);
  await thread.changes.review(change.id, review, late);
  await thread.governance.updatePerson(
    late.id as `usr_${string}`,
    { identities: ['email:lena@bots.example.org'] },
    byOwner,
  );
  const facts = await thread.db.transaction((tx) =>
    thread.governance.approvalFacts(tx, { changeId: change.id, headSha, custody: change.custody }),
  );

  expect(fromOutside).toBe('escalate');
  expect(facts.map(({ person }) => person)).toEqual([outsider.id]);
});

test('open changes are judged again when the organisation publishes, and once only', async () => {
  await using thread = await testThread(await testDatabase());
  await thread.work.branch('total');
  await thread.work.commit({ files: { 'src/total.js': 'export const total = 5;\n' } });
  await thread.push('total');
  await thread.settle();
  const watch = createMomentWatch(thread);
  await watch();
  await thread.settle();
  const before = await thread.change('total');
  const text = 'version: 1\nrules: [{ id: eyes, require: { reviewers: 2 } }]\n';
  const leader = { id: 'usr_1', name: 'Lea', roles: ['admin'], teams: [], identities: [] };

  const idle = await watch();
  await thread.policy.proposeOrganisationPolicy(
    { text, reason: 'Two people see everything' },
    leader,
    { kind: 'system', id: 'test' },
  );
  const told = await watch();
  await thread.settle();
  const after = await thread.change('total');

  expect([before.lane, after.lane]).toEqual(['one-reviewer', 'two-person']);
  expect([idle, told, await watch()]).toEqual([0, 1, 0]);
});

test('a commit that stays away is held, and never lands by accident', async () => {
  await using thread = await testThread(await testDatabase());
  const { work } = thread;
  await work.branch('docs');
  await work.commit({ files: { 'docs/guide.md': 'Guide, again\n' } });
  await thread.push('docs');
  await thread.intake.processOnce();
  const change = await thread.change('docs');
  await thread.db.query('update loom.changes set head_sha = $2 where id = $1', [
    change.id,
    'f'.repeat(40),
  ]);
  const run = await thread.run(change);
  const step = { ...run.steps.find(({ name }) => name === 'decide')!, attempt: 3 };
  const decide = createStepHandlers({
    ...thread,
    folder: tmpdir(),
    commandTimeoutMs: 1_000,
  }).find(({ kind }) => kind === 'policy.decide')!;

  const context = {
    run,
    step,
    inputs: { check: { checks: 'passed' } },
    idempotencyKey: 'k',
    cause: undefined,
    signal: new AbortController().signal,
  };
  const early = decide.run({ ...context, step: { ...step, attempt: 1 } });
  await expect(early).rejects.toMatchObject({ code: 'changes.commit_missing' });
  const late = await decide.run(context);

  expect(late).toMatchObject({ outcome: 'waiting', on: 'review' });
  const page = await thread.policy.listDecisions({ changeId: change.id, limit: 1 });
  expect(page.items[0]).toMatchObject({ lane: 'hold', outcome: 'block', score: 100 });
});

const EXAMPLE = new URL('../../docs/examples/leader-policy.yaml', import.meta.url);
/** All services of the example: one that a catalog does not know is a typo, and stops the file. */
const CATALOG = [
  'payments-api',
  'identity',
  'checkout-web',
  'ledger',
  'docs-site',
  'internal-tools',
]
  .map((name) => {
    const paths = name === 'internal-tools' ? 'tools/**' : `services/${name}/**`;
    return `kind: Component\nmetadata: { name: ${name} }\nspec: { paths: ["${paths}"] }\n`;
  })
  .join('---\n');
const WITH_TESTS = {
  'tools/report.js': 'export const report = () => "sum";\n',
  'tools/report.test.js': 'import "./report.js";\n',
};

test.each([
  { taken: 'nothing', files: WITH_TESTS, word: 'approve', state: 'merged', lane: 'ship' },
  {
    taken: 'the review by a second agent',
    files: WITH_TESTS,
    word: null,
    state: 'open',
    lane: 'one-reviewer',
  },
  {
    taken: 'the consent of the second agent',
    files: WITH_TESTS,
    word: 'decline',
    state: 'open',
    lane: 'one-reviewer',
  },
  {
    taken: 'the tests',
    files: { 'tools/report.js': WITH_TESTS['tools/report.js'] },
    word: 'approve',
    state: 'open',
    lane: 'one-reviewer',
  },
  {
    taken: 'a check of the workflow',
    files: { ...WITH_TESTS, broken: '' },
    word: 'approve',
    state: 'open',
    lane: 'hold',
  },
  {
    taken: 'a check of the host',
    files: WITH_TESTS,
    word: 'approve',
    hostCheck: 'failure',
    state: 'open',
    lane: 'hold',
  },
  {
    taken: 'the end of a check of the host',
    files: WITH_TESTS,
    word: 'approve',
    hostCheck: 'cancelled',
    state: 'open',
    lane: 'one-reviewer',
  },
] as const)(
  'under the example policy a change of an agent ships alone on its evidence; taken away: $taken',
  async ({ files, word, state, lane, ...rest }) => {
    await using thread = await testThread(await testDatabase(), {
      files: {
        '.loom/policy.yaml': await readFile(EXAMPLE, 'utf8'),
        '.loom/catalog.yaml': CATALOG,
      },
      // A Wednesday: the example freezes weekends.
      policyClock: { ...systemClock, now: () => new Date('2026-06-03T12:00:00Z') },
    });
    const maker = await startSession(thread, { branch: 'report' });
    const reviewer = await startSession(thread, { agent: 'codex' });
    await thread.work.branch('report');
    const headSha = await thread.work.commit({
      files,
      message: `Report\n\nLoom-Session: ${maker.id}`,
    });
    await thread.push('report');
    await thread.settle();
    const change = await thread.change('report');
    const review = { headSha, reason: 'Read and run.' };
    const as = (id: typeof maker.id) => thread.governance.agentPrincipal(operator(), id, 'codex');
    const tell = (
      sessionId: typeof maker.id,
      decision: 'approve' | 'decline',
      by = as(sessionId),
    ) => thread.changes.recordAgentReview(change.id, { ...review, sessionId, decision }, by);

    expect(change.state).toBe('open');
    await expect(tell(maker.id, 'approve')).rejects.toMatchObject({ code: 'changes.own_session' });
    await expect(tell(reviewer.id, 'approve', as(maker.id))).rejects.toMatchObject({
      code: 'changes.review_needs_session',
    });
    if ('hostCheck' in rest) {
      await thread.intake.receive({
        source: 'local',
        deliveryId: 'check-1',
        signals: [
          {
            type: 'check.completed',
            source: 'local',
            dedupeKey: 'check-1',
            occurredAt: new Date(),
            repository,
            headSha,
            name: 'build',
            conclusion: rest.hostCheck,
          },
        ],
      });
      await thread.settle();
    }
    if (word !== null) await tell(reviewer.id, word);
    await thread.settle();

    expect(await thread.change('report')).toMatchObject({ state, lane });
    expect(await thread.governance.listApprovals(null, change.id)).toEqual([]);
  },
);
