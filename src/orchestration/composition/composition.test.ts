/**
 * Goal: what happens starts its workflow once, however often and in whatever order it is told; what
 * starts nothing is written down, and a person who may not start work starts none.
 * Method: the real services over one database and a real repository with workflow files.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testApp, type TestApp } from '#testing/app';
import { testRepository } from '#testing';
import { fireSchedules, syncSchedules } from './schedules.ts';

type Repository = Awaited<ReturnType<typeof testRepository>>;
let app: TestApp;
let work: Repository;
const repository = 'acme/shop';
const OWN = `name: tidy
on:
  - workItem: { labels: [tidy] }
  - incident: { severity: [critical] }
  - mainFailed: { check: [ci] }
  - comment: { command: tidy }
priority: 10
steps:
  - { name: warn, kind: notify }
  - { name: wait, kind: wait.signal, needs: [warn], with: { signal: landed } }
`;

beforeAll(async () => {
  app = await testApp();
  work = await testRepository();
  await work.commit({
    files: {
      '.loom/workflows/tidy.yaml': OWN,
      '.loom/workflows/broken.yaml': 'name: broken\nsteps: [{ name: a, knid: notify }]\n',
    },
  });
  const { services } = app;
  await services.context.importRepository(
    { url: work.dir, name: repository },
    { kind: 'system', id: 'test' },
  );
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await work[Symbol.asyncDispose]();
});

const owner = async () => {
  const { person } = await app.services.governance.ensureOwner();
  return { ...person, kind: 'person' as const, scopes: 'all' as const };
};
const actor = { kind: 'system' as const, id: 'test' };
const outcomes = async () => {
  const { items } = await app.services.composition.list({ limit: 50 });
  return items.map(({ kind, outcome, workflow }) => [kind, outcome, workflow]);
};
const runsOf = async (workItemId: string) =>
  (await app.services.workflows.list({ limit: 100 })).items.filter(
    (run) => run.workItemId === workItemId,
  );
const composed = async () =>
  (await app.services.ledger.list({ type: 'workflow.composed', limit: 50 })).items;

test('a work item starts its workflow once, and the graph is told before it runs', async () => {
  const { composition, work: items } = app.services;
  const item = await items.create({ title: 'Tidy up', repository, labels: ['tidy'] }, actor);
  const plain = await items.create({ title: 'Nothing', repository, labels: ['other'] }, actor);

  const preview = await composition.preview({ workItemId: item.id });
  expect(preview).toMatchObject({ outcome: 'chosen', workflow: 'tidy', hint: null });
  expect(preview.graph?.steps.map(({ origin }) => origin)).toEqual([
    expect.stringMatching(/^\.loom\/workflows\/tidy\.yaml@[0-9a-f]{12}:9$/),
    expect.stringMatching(/:10$/),
  ]);
  expect(await runsOf(item.id)).toEqual([]);

  await Promise.all([composition.considerWorkItems(10), composition.considerWorkItems(10)]);
  await composition.considerWorkItems(10);

  const runs = await runsOf(item.id);
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({ workflow: 'tidy', repository, graphHash: preview.graphHash });
  expect(await runsOf(plain.id)).toEqual([]);
  const [event] = await composed();
  expect(event).toMatchObject({ subject: runs[0]?.id, correlationId: item.correlationId });
  expect(event?.data).toMatchObject({ workflow: 'tidy', stepCount: 2 });
  const started = await app.services.ledger.list({ type: 'run.started', limit: 10 });
  expect(started.items[0]).toMatchObject({ cause: event?.id });
  expect(await outcomes()).toEqual(
    expect.arrayContaining([
      ['workItem', 'chosen', 'tidy'],
      ['workItem', 'none', null],
    ]),
  );
  expect(await composition.considerWorkItems(10)).toBe(0);
});

const incident = (key: string, severity: 'low' | 'critical') => ({
  type: 'incident.reported' as const,
  source: 'pager',
  dedupeKey: `pager:${key}`,
  occurredAt: new Date('2026-01-01T00:00:00Z'),
  title: 'Checkout is down',
  severity,
  state: 'open' as const,
  externalKey: key,
  repository,
});

test('an alert told a hundred times starts one run with a work item of its own', async () => {
  const { composition, newId } = app.services;
  const cause = newId('evt');

  for (let time = 0; time < 100; time += 1) {
    await composition.considerSignal(incident('42', 'critical'), cause);
  }

  const events = (await composed()).filter(({ data }) => data?.['about'] === 'incident:pager:42');
  expect(events).toHaveLength(1);
  const workItemId = events[0]?.refs.workItem ?? '';
  expect(await runsOf(workItemId)).toHaveLength(1);
  expect(await app.services.work.find(workItemId as `wrk_${string}`)).toMatchObject({
    title: 'Incident: Checkout is down',
    state: 'open',
  });
});

test('an alert that matches nothing is written down with what to do about it', async () => {
  const { composition, newId, ledger } = app.services;

  const answer = await composition.considerSignal(incident('43', 'low'), newId('evt'));

  expect(answer).toMatchObject({ outcome: 'none', hint: expect.stringContaining('severity low') });
  const { items } = await ledger.list({ type: 'workflow.unmatched', limit: 10 });
  expect(items[0]).toMatchObject({ subject: 'incident:pager:43', data: { outcome: 'none' } });
});

test('a check that fails on the newest commit of main starts one run until that has ended', async () => {
  const { composition, newId, context, workflows } = app.services;
  const headSha = (await context.findRepository(repository))?.headSha ?? '';
  const failed = (sha: string) => ({
    type: 'check.completed' as const,
    source: 'github',
    dedupeKey: `check:${sha}`,
    occurredAt: new Date('2026-01-01T00:00:00Z'),
    repository,
    headSha: sha,
    name: 'ci',
    conclusion: 'failure' as const,
  });

  expect(await composition.considerSignal(failed('0'.repeat(40)), newId('evt'))).toBeUndefined();
  expect(await composition.considerSignal(failed(headSha), newId('evt'))).toMatchObject({
    outcome: 'chosen',
    workflow: 'tidy',
  });
  const next = await work.commit({ files: { 'a.txt': 'a' } });
  await context.refreshRepository(repository);
  expect(await composition.considerSignal(failed(next), newId('evt'))).toMatchObject({
    outcome: 'standing',
  });

  const run = (await workflows.list({ limit: 10 })).items.find(({ title }) => title.includes('ci'));
  await workflows.cancel(run!.id, 'mended', actor);
  expect(await composition.considerSignal(failed(next), newId('evt'))).toMatchObject({
    outcome: 'chosen',
  });
});

test('a command in a comment starts work only for somebody who may', async () => {
  const { composition, newId, governance } = app.services;
  const command = (login: string, number: number) => ({
    type: 'command.given' as const,
    source: 'github',
    dedupeKey: `comment:${number}`,
    occurredAt: new Date('2026-01-01T00:00:00Z'),
    repository,
    number,
    isChange: false,
    word: 'tidy',
    argument: 'the kitchen',
    author: { login },
  });
  await governance.createPerson(
    { name: 'Ada', roles: ['developer'], teams: [], identities: ['github:ada'] },
    await owner(),
  );

  const stranger = await composition.considerSignal(command('mallory', 1), newId('evt'));
  const developer = await composition.considerSignal(command('ada', 2), newId('evt'));

  expect(stranger).toMatchObject({ outcome: 'refused', graph: null });
  expect(stranger?.hint).toContain('github:mallory may not start work here');
  expect(developer).toMatchObject({ outcome: 'chosen', workflow: 'tidy' });
});

test('the library shows own files above the shipped ones, and what was refused', async () => {
  const library = await app.services.composition.library(repository);

  const tidy = library.workflows.find(({ name }) => name === 'tidy');
  expect(tidy).toMatchObject({ isShipped: false, priority: 10 });
  expect(library.workflows.map(({ name }) => name)).toContain('feature');
  expect(library.refused).toEqual([
    {
      path: '.loom/workflows/broken.yaml',
      problems: expect.arrayContaining([
        expect.objectContaining({ code: 'workflow.unknown_key', suggestion: 'kind' }),
      ]) as unknown[],
    },
  ]);
});

test('a shipped template whose steps no worker can do says so instead of waiting for ever', async () => {
  const { composition, work: items } = app.services;
  const item = await items.create(
    { title: 'A feature', repository, labels: ['loom', 'feature'] },
    actor,
  );

  const answer = await composition.preview({ workItemId: item.id });

  expect(answer).toMatchObject({ outcome: 'refused', graph: null });
  expect(answer.hint).toContain('agent.run');
});

test('a schedule fires once for all nodes, leaves out a firing while its run is open, and stops', async () => {
  const { composition, context, workflows, db, ledger } = app.services;
  const deps = { ...app.services, workflow: workflows, composition };
  const file = `name: nightly
on:
  - schedule: { cron: "0 3 * * *", zone: Europe/Berlin, stop: { afterRuns: 2 } }
steps: [{ name: wait, kind: wait.signal, with: { signal: go } }]
`;
  await work.commit({ files: { '.loom/workflows/nightly.yaml': file } });
  await context.refreshRepository(repository);
  await syncSchedules(deps, repository);
  const runs = async () =>
    (await workflows.list({ limit: 100 })).items.filter((run) => run.workflow === 'nightly');
  const becomeDue = () => db.query(`update loom.schedules set next_at = now() - interval '1 day'`);
  await fireSchedules(deps);
  expect(await runs()).toHaveLength(0);

  await becomeDue();
  await Promise.all([fireSchedules(deps), fireSchedules(deps), fireSchedules(deps)]);
  await syncSchedules(deps, repository);
  expect(await runs()).toHaveLength(1);
  await becomeDue();
  await fireSchedules(deps);
  expect(await runs()).toHaveLength(1);
  await workflows.cancel((await runs())[0]!.id, 'done with', actor);
  for (let time = 0; time < 3; time += 1) {
    await becomeDue();
    await fireSchedules(deps);
  }

  expect(await runs()).toHaveLength(2);
  const types = ['schedule.fired', 'schedule.skipped', 'schedule.stopped'];
  const told = await Promise.all(types.map((type) => ledger.list({ type, limit: 10 })));
  expect(told.map(({ items }) => items.length)).toEqual([2, 1, 1]);
});
