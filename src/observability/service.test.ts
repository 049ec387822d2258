/**
 * Goal: reports of production are written down once, in whatever order they come, and a trace walks
 * from any end of the flow to the other without wandering into other changes.
 * Method: the real service over the real ledger; the projection is fed as its loop would feed it.
 */
import { expect, test } from 'vitest';
import { openRepository } from '#git';
import { createLogger, createNewId, type Id } from '#kernel';
import { type Actor, createLedger, type NewEvent } from '#ledger';
import { testClock, testDatabase, testRepository } from '#testing';
import { traceProjection } from './projection.ts';
import { createObservabilityService } from './service.ts';

const actor: Actor = { kind: 'system', id: 'test' };
const sha = (digit: string) => digit.repeat(40);

async function setUp() {
  const database = await testDatabase();
  const { db } = database;
  const clock = testClock();
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'test' });
  const service = createObservabilityService({ db, ledger, clock, newId, log });
  return {
    db,
    clock,
    newId,
    ledger,
    service,
    append: (event: Omit<NewEvent, 'actor'>) =>
      db.transaction((tx) => ledger.append(tx, { actor, ...event })),
    async project() {
      const { items } = await ledger.list({ order: 'oldest', limit: 200 });
      await db.transaction((tx) => traceProjection.apply(tx, items));
      await db.transaction((tx) => traceProjection.apply(tx, items));
    },
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

const deployment = {
  repository: 'acme/shop',
  environment: 'production',
  sha: sha('d'),
  externalKey: 'deploy-1',
  git: null,
};

test('a deployment reported twice, late or by many at once is one deployment with one story', async () => {
  await using app = await setUp();
  const changesByMergeSha = new Map([
    [sha('d'), { id: app.newId('chg'), correlationId: 'thread' }],
  ]);
  const report = (status: 'started' | 'succeeded') =>
    app.service.recordDeployment({ ...deployment, status, changesByMergeSha }, actor);

  await Promise.all([report('started'), report('started'), report('started')]);
  await Promise.all([report('succeeded'), report('succeeded')]);
  const late = await report('started');

  expect(late.status).toBe('succeeded');
  const { items } = await app.ledger.list({ order: 'oldest', limit: 50 });
  expect(items.map(({ type }) => type)).toEqual([
    'deployment.started',
    'change.deployment-started',
    'deployment.succeeded',
    'change.deployed',
  ]);
});

test('what is rolled back after it succeeded is told of the changes it carried', async () => {
  await using app = await setUp();
  const change = app.newId('chg');
  const changesByMergeSha = new Map([[sha('d'), { id: change, correlationId: 'thread' }]]);
  const report = (status: 'started' | 'succeeded' | 'rolled-back', minute: number) =>
    app.service.recordDeployment(
      {
        ...deployment,
        status,
        occurredAt: new Date(Date.UTC(2026, 0, 5, 9, minute)),
        changesByMergeSha,
      },
      actor,
    );

  await report('succeeded', 5);
  await report('rolled-back', 30);
  const told = await report('started', 1);

  expect(told).toMatchObject({
    status: 'rolled-back',
    startedAt: new Date(Date.UTC(2026, 0, 5, 9, 1)),
    finishedAt: new Date(Date.UTC(2026, 0, 5, 9, 30)),
  });
  const { items } = await app.ledger.list({ order: 'oldest', limit: 50 });
  expect(items.map(({ type }) => type)).toEqual([
    'deployment.succeeded',
    'change.deployed',
    'deployment.rolled-back',
    'change.deployment-rolled-back',
    'deployment.moments-corrected',
  ]);
});

test('a change that reached an environment is not delivered there again', async () => {
  await using app = await setUp();
  const first = app.newId('chg');
  const second = app.newId('chg');
  const merged = new Map([[sha('1'), { id: first, correlationId: 'a' }]]);
  await app.service.recordDeployment(
    { ...deployment, sha: sha('1'), status: 'succeeded', changesByMergeSha: merged },
    actor,
  );
  merged.set(sha('2'), { id: second, correlationId: 'b' });
  await using repository = await testRepository();
  const before = await repository.commit({ files: { 'a.ts': 'one' } });
  merged.set(before, { id: first, correlationId: 'a' });

  const later = await app.service.recordDeployment(
    {
      ...deployment,
      sha: sha('2'),
      externalKey: 'deploy-2',
      status: 'succeeded',
      changesByMergeSha: merged,
      git: openRepository(repository.dir),
    },
    actor,
  );

  expect(later.changeIds).toEqual([second]);
});

test('an incident of an unknown deployment is refused, and a resolved one is told once', async () => {
  await using app = await setUp();
  const incident = {
    title: 'Checkout answers 500',
    severity: 'high',
    externalKey: 'pager-1',
  } as const;

  const wrong = app.service.recordIncident(
    { ...incident, state: 'open', deploymentId: app.newId('dep') },
    actor,
  );
  await expect(wrong).rejects.toMatchObject({ code: 'observability.unknown_deployment' });
  await app.service.recordIncident({ ...incident, state: 'open' }, actor);
  await app.service.recordIncident({ ...incident, state: 'resolved' }, actor);
  await app.service.recordIncident({ ...incident, state: 'resolved' }, actor);

  const { items } = await app.ledger.list({ order: 'oldest' });
  expect(items.map(({ type }) => type)).toEqual(['incident.detected', 'incident.resolved']);
});

async function tellStory(
  app: Awaited<ReturnType<typeof setUp>>,
  merge: string,
  deploymentId: Id<'dep'>,
) {
  const [workItem, session, pack, change, decision] = [
    app.newId('wrk'),
    app.newId('ses'),
    app.newId('ctx'),
    app.newId('chg'),
    app.newId('dec'),
  ];
  await app.append({
    type: 'work-item.created',
    subject: workItem,
    refs: { workItem },
    data: { title: 'Round totals' },
  });
  await app.append({ type: 'session.started', subject: session, refs: { session, workItem } });
  await app.append({ type: 'context-pack.served', subject: pack, refs: { session, pack } });
  await app.append({
    type: 'change.opened',
    subject: change,
    refs: { change, session, workItem, commit: sha('c') },
    data: { title: 'Round' },
  });
  await app.append({
    type: 'decision.made',
    subject: decision,
    refs: { change, decision },
    data: { lane: 'ship' },
  });
  await app.append({
    type: 'change.merged',
    subject: change,
    refs: { change, mergeCommit: merge },
  });
  await app.append({
    type: 'change.deployed',
    subject: change,
    refs: { change, mergeCommit: merge, deployment: deploymentId },
  });
  return { workItem, session, pack, change, decision };
}

test('a trace leads from either end to the other, and to no other change of the deployment', async () => {
  await using app = await setUp();
  const dep = app.newId('dep');
  const story = await tellStory(app, sha('a'), dep);
  const other = await tellStory(app, sha('b'), dep);
  await app.project();

  const forward = await app.service.trace(story.workItem);
  const back = await app.service.trace(dep);
  const beside = await app.service.trace(story.decision);

  const refs = (trace: { nodes: { ref: string }[] }) => trace.nodes.map(({ ref }) => ref);
  expect(refs(forward)).toEqual(
    expect.arrayContaining([
      story.session,
      story.pack,
      story.change,
      story.decision,
      sha('a'),
      dep,
    ]),
  );
  expect(refs(forward)).not.toContain(other.change);
  expect(refs(back)).toEqual(expect.arrayContaining([story.workItem, other.workItem]));
  expect(refs(beside)).toEqual(expect.arrayContaining([story.workItem, dep]));
  expect(forward.nodes[0]).toMatchObject({ kind: 'workItem', title: 'Round totals' });
});

test('commits are found by their first digits, and an ambiguous prefix is said to be one', async () => {
  await using app = await setUp();
  const merge = `abcdef12${'0'.repeat(32)}`;
  await tellStory(app, merge, app.newId('dep'));
  await tellStory(app, `abcdef34${'0'.repeat(32)}`, app.newId('dep'));
  await app.project();

  expect((await app.service.trace('abcdef12')).ref).toBe(merge);
  await expect(app.service.trace('abcdef')).rejects.toMatchObject({
    code: 'observability.ambiguous_reference',
  });
  await expect(app.service.trace('chg_nothing')).rejects.toMatchObject({
    code: 'observability.unknown_reference',
  });
});

test('a line leads through its branch commit to the merge that landed it', async () => {
  await using app = await setUp();
  await using repository = await testRepository();
  await repository.commit({ files: { 'a.ts': 'one\n' }, message: 'Start' });
  await repository.branch('topic');
  await repository.commit({ files: { 'a.ts': 'one\ntwo\n' }, message: 'Add a line' });
  const merge = await mergeIntoMain(repository);
  for (let index = 0; index < 5; index += 1) {
    await repository.commit({ files: { [`later-${index}.ts`]: 'x\n' }, message: `Later ${index}` });
  }
  const story = await tellStory(app, merge, app.newId('dep'));
  await app.project();

  const answer = await app.service.why({
    repository: 'acme/shop',
    git: openRepository(repository.dir),
    path: 'a.ts',
    line: 2,
  });
  const older = await app.service.why({
    repository: 'acme/shop',
    git: openRepository(repository.dir),
    path: 'a.ts',
    line: 1,
  });

  expect(answer).toMatchObject({ text: 'two', commit: { subject: 'Add a line' } });
  expect(answer.trace?.nodes.map(({ ref }) => ref)).toContain(story.session);
  expect(older.trace).toBeNull();
  await expect(
    app.service.why({
      repository: 'acme/shop',
      git: openRepository(repository.dir),
      path: 'a.ts',
      line: 99,
    }),
  ).rejects.toMatchObject({ code: 'observability.no_such_line' });
});

async function mergeIntoMain(
  repository: Awaited<ReturnType<typeof testRepository>>,
): Promise<string> {
  await repository.switchTo('main');
  return repository.merge('topic');
}

test('a signal leads to the change it announced, and things are called what they call themselves', async () => {
  await using app = await setUp();
  const [signal, change, session, claim] = [
    app.newId('sig'),
    app.newId('chg'),
    app.newId('ses'),
    app.newId('clm'),
  ];
  const told = await app.append({
    type: 'signal.received',
    subject: signal,
    refs: { signal, commit: sha('c') },
    data: { type: 'change.opened' },
  });
  await app.append({
    type: 'session.started',
    subject: session,
    refs: { session },
    data: { intent: '' },
  });
  await app.append({
    type: 'claim.granted',
    subject: claim,
    refs: { claim, session },
    data: { path: 'src/a.ts', intent: 'Round totals' },
  });
  await app.append({
    type: 'change.opened',
    subject: change,
    cause: told.id,
    refs: { change, session },
    data: { title: 'Round' },
  });
  await app.append({
    type: 'decision.made',
    subject: change,
    cause: told.id,
    refs: { change, decision: app.newId('dec') },
    data: { lane: 'ship' },
  });
  await app.append({
    type: 'change.merged',
    subject: change,
    refs: { change, mergeCommit: sha('c') },
  });
  await app.project();

  const trace = await app.service.trace(sha('c'));

  const titles = Object.fromEntries(trace.nodes.map(({ kind, title }) => [kind, title]));
  expect(titles).toMatchObject({
    signal: 'change.opened',
    session: 'Round totals',
    claim: 'src/a.ts',
    change: 'Round',
    decision: 'ship',
    mergeCommit: 'cccccccccc',
  });
  expect(trace.nodes.filter(({ kind }) => kind === 'commit')).toEqual([]);
});
