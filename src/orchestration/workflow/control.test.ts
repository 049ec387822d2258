/**
 * Goal: a run may repeat, fan out, run another workflow, pause, keep to limits and undo what it did,
 * and does each of them once however often its steps are asked.
 * Method: the real engine on one real database; the worker moves only when told.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '#kernel';
import { testDatabase } from '#testing';
import type { StepContext } from '../steps.ts';
import { archiveOldRuns } from './archive.ts';
import { parseWorkflow } from './definition.ts';
import { linkWorkflow } from './link.ts';
import { testEngine, type TestEngine } from './test-engine.ts';

const actor = { kind: 'person' as const, id: 'usr_test' };
let engine: TestEngine;
/** What each step did, in order, and what it is told to give. */
let ran: string[] = [];
let answer: (context: StepContext) => Record<string, never> | object;

beforeAll(async () => {
  engine = testEngine(await testDatabase(), {
    notify: async (context) => {
      const { step } = context;
      ran.push(
        `${step.name}${step.with['say'] === undefined ? '' : ` ${textOf(step.with['say'])}`}`,
      );
      const output = answer(context);
      if ('fail' in output) return { outcome: 'failed', message: 'told to', isPermanent: true };
      return {
        outcome: 'done',
        output: JSON.parse(JSON.stringify(output)) as Record<string, never>,
      };
    },
    'wait.signal': async ({ step }) => ({
      outcome: 'waiting',
      on: textOf(step.with['signal']),
      message: 'Waits.',
    }),
  });
});
afterAll(() => engine[Symbol.asyncDispose]());

async function start(file: string, input = {}) {
  ran = [];
  answer = () => ({});
  const { graph } = parseWorkflow(`name: test\nsteps:\n${file}`, 'test.yaml');
  return engine.start(graph, { input });
}
const textOf = (value: unknown) => (typeof value === 'string' ? value : '');
const find = async (id: `run_${string}`) => (await engine.service.find(id))!;

test('a repeat begins its steps again until its condition holds', async () => {
  const run = await start(`
  - name: rework
    repeat:
      max: 5
      until: { check: { score: ">= 3" } }
      steps:
        - { name: fix, kind: notify, with: { say: "turn {iteration}" } }
        - { name: check, kind: notify, needs: [fix] }
  - { name: after, kind: notify, needs: [rework] }
`);
  const heard: unknown[] = [];
  answer = ({ step, inputs }) => {
    if (step.name.endsWith('/fix')) heard.push(Object.keys(inputs));
    return step.name.endsWith('check') ? { score: Number(step.name.split('/')[1]) } : {};
  };

  await engine.worker.runOnce();

  expect(ran).toEqual([
    'rework/1/fix turn 1',
    'rework/1/check',
    'rework/2/fix turn 2',
    'rework/2/check',
    'rework/3/fix turn 3',
    'rework/3/check',
    'after',
  ]);
  expect(heard).toEqual([[], ['rework/1/check'], ['rework/2/check']]);
  const after = await find(run.id);
  expect(after.state).toBe('done');
  const rework = after.steps.find(({ name }) => name === 'rework');
  expect(rework?.output).toEqual({ score: 3, iterations: 3, isMet: true });
  const types = await engine.eventTypes(run.correlationId);
  expect(types.filter((type) => type === 'run.grown')).toHaveLength(3);
  expect(types.filter((type) => type === 'step.completed')).toHaveLength(8);
});

test('a repeat that is never met fails after its last turn, or goes on where it may', async () => {
  const file = (more: string) => `
  - name: rework
    repeat:
      max: 2
      ${more}
      until: { fix: { isGood: true } }
      steps:
        - { name: fix, kind: notify }
`;
  const failing = await start(file('onExhausted: fail'));
  await engine.worker.runOnce();
  expect(await find(failing.id)).toMatchObject({ state: 'failed' });
  expect(ran).toEqual(['rework/1/fix', 'rework/2/fix']);

  const revived = await engine.service.retry(failing.id, undefined, actor);
  expect(revived.state).toBe('running');
  answer = ({ step }) => ({ isGood: step.name === 'rework/3/fix' });
  await engine.worker.runOnce();
  expect(ran.slice(2)).toEqual(['rework/3/fix']);
  expect(await find(failing.id)).toMatchObject({ state: 'done' });

  const going = await start(file('onExhausted: continue'));
  await engine.worker.runOnce();
  const after = await find(going.id);
  expect(after.state).toBe('done');
  expect(after.steps[0]?.output).toMatchObject({ isMet: false, iterations: 2 });
});

test('a fan-out does its steps for every item of a list, so many at once, and joins', async () => {
  const run = await start(`
  - { name: scan, kind: notify }
  - name: each
    needs: [scan]
    forEach:
      from: scan.files
      atOnce: 2
      steps:
        - { name: test, kind: notify, with: { say: "{item} {index}" } }
        - { name: tell, kind: notify, needs: [test] }
  - { name: join, kind: notify, needs: [each] }
`);
  answer = ({ step }) =>
    step.name === 'scan'
      ? { files: ['a', 'b', 'c'] }
      : step.name.endsWith('test')
        ? { checks: step.name === 'each/1/test' ? 'failed' : 'passed' }
        : {};

  await engine.worker.runOnce();

  expect(ran.filter((name) => name.includes('test')).toSorted()).toEqual([
    'each/0/test a 0',
    'each/1/test b 1',
    'each/2/test c 2',
  ]);
  // The third item waits for the first one to end.
  expect(ran.indexOf('each/2/test c 2')).toBeGreaterThan(ran.indexOf('each/0/tell'));
  expect(ran.at(-1)).toBe('join');
  const after = await find(run.id);
  expect(after.state).toBe('done');
  expect(after.steps.find(({ name }) => name === 'each')?.output).toEqual({
    count: 3,
    checks: 'failed',
    results: [
      { item: 'a', checks: 'passed' },
      { item: 'b', checks: 'failed' },
      { item: 'c', checks: 'passed' },
    ],
  });
});

test('an empty list is done at once, and what is no list fails its step in words', async () => {
  const file = `
  - name: each
    forEach: { from: input.files, steps: [{ name: test, kind: notify }] }
`;
  const empty = await start(file, { files: [] });
  const none = await start(file, { files: 'all' });

  await engine.worker.runOnce();

  expect(await find(empty.id)).toMatchObject({ state: 'done' });
  expect(await find(none.id)).toMatchObject({
    state: 'failed',
    steps: [{ message: 'input.files is not a list.' }],
  });
});

test('a workflow within a workflow is part of its graph, and gives what its last step gave', async () => {
  ran = [];
  answer = ({ step }) => ({ by: step.name });
  const inner = parseWorkflow(
    'name: inner\nsteps: [{ name: a, kind: notify }, { name: b, kind: notify, needs: [a] }]',
    'inner.yaml',
  );
  const outer = parseWorkflow(
    'name: outer\nsteps: [{ name: sub, workflow: inner }, { name: end, kind: notify, needs: [sub] }]',
    'outer.yaml',
  );
  await expect(engine.start(outer.graph)).rejects.toMatchObject({ code: 'workflow.invalid_graph' });
  const { definition } = linkWorkflow(outer, () => inner.graph, ['inner']);

  const run = await engine.start(definition!.graph);
  await engine.worker.runOnce();

  expect(ran).toEqual(['sub/a', 'sub/b', 'end']);
  const after = await find(run.id);
  expect(after.steps.find(({ name }) => name === 'sub')?.output).toEqual({ by: 'sub/b' });
  expect(after.steps.find(({ name }) => name === 'sub/a')?.origin).toBe('inner.yaml:2');
  expect(await engine.service.findGraph(run.graphHash)).toMatchObject({ name: 'outer' });
});

test('a paused run begins nothing, hears signals when it goes on, and ends as if never paused', async () => {
  const run = await start(`
  - { name: first, kind: notify }
  - { name: wait, kind: wait.signal, with: { signal: go } }
  - name: loop
    needs: [first, wait]
    repeat:
      max: 2
      until: { turn: { isGood: true } }
      steps: [{ name: turn, kind: notify }]
`);
  const paused = await engine.service.pause(run.id, 'a freeze', actor);
  expect(paused.state).toBe('paused');
  await engine.worker.runOnce();
  expect(ran).toEqual([]);
  await engine.service.resume(run.id, actor);
  await engine.worker.runOnce();
  expect(ran).toEqual(['first']);

  await engine.service.pause(run.id, 'again', actor);
  expect(await engine.signal(run, 'go', 'go-1', {})).toBe(0);
  await engine.worker.runOnce();
  expect((await find(run.id)).steps[1]).toMatchObject({ state: 'waiting' });
  await engine.service.resume(run.id, actor);
  answer = ({ step }) => ({ isGood: step.name === 'loop/2/turn' });
  await engine.worker.runOnce();

  expect(ran).toEqual(['first', 'loop/1/turn', 'loop/2/turn']);
  expect(await find(run.id)).toMatchObject({ state: 'done' });
  const over = engine.service.pause(run.id, 'too late', actor);
  await expect(over).rejects.toMatchObject({ code: 'workflow.run_over' });
});

test('steps of one key share its places, whichever run they belong to', async () => {
  const file = `
  - { name: a, kind: wait.signal, with: { signal: go }, limit: { key: "deploy-{repository}", atOnce: 2 } }
`;
  const runs = [await start(file), await start(file), await start(file)];
  await engine.worker.runOnce();
  const states = async () => {
    const all = await Promise.all(runs.map(({ id }) => find(id)));
    return all.map(({ steps }) => steps[0]?.state).toSorted();
  };
  expect(await states()).toEqual(['blocked', 'waiting', 'waiting']);
  const held = (await Promise.all(runs.map(({ id }) => find(id)))).find(
    ({ steps }) => steps[0]?.state === 'blocked',
  );
  expect(held?.steps[0]?.message).toContain('the limit deploy- is reached');

  const free = runs.find(({ id }) => id !== held?.id)!;
  await engine.signal(free, 'go', 'go-1', {});
  await engine.worker.runOnce();

  expect(await states()).toEqual(['done', 'waiting', 'waiting']);
});

test('a rate lets so many begin within its window', async () => {
  const file = `
  - { name: a, kind: notify, limit: { key: api, rate: 2/1h } }
`;
  const runs = [await start(file), await start(file), await start(file)];

  await engine.worker.runOnce();

  const ended = await Promise.all(runs.map(({ id }) => find(id)));
  expect(ended.filter(({ state }) => state === 'done')).toHaveLength(2);
});

test('a run that fails is undone by a run of its own, the latest step first', async () => {
  const run = await start(`
  - { name: one, kind: notify, undo: { kind: notify, with: { say: undone } } }
  - { name: two, kind: notify, needs: [one], undo: { kind: notify } }
  - { name: three, kind: notify, needs: [two] }
  - { name: four, kind: notify, needs: [three], undo: { kind: notify } }
`);
  answer = ({ step }) => (step.name === 'three' ? { fail: true } : {});

  await engine.worker.runOnce();

  expect(ran).toEqual(['one', 'two', 'three', 'undo/two', 'undo/one undone']);
  const failed = await find(run.id);
  expect(failed.state).toBe('failed');
  const undoing = await find(failed.undoneBy!);
  expect(undoing).toMatchObject({ state: 'done', workflow: 'test/undo', undoOf: run.id });
  expect(undoing.input['undone']).toMatchObject({ one: { state: 'done' } });
  const again = engine.service.retry(run.id, undefined, actor);
  await expect(again).rejects.toMatchObject({ code: 'workflow.run_undone' });
});

test('a cancelled run undoes what it had begun', async () => {
  const run = await start(`
  - { name: wait, kind: wait.signal, with: { signal: go }, undo: { kind: notify } }
  - { name: never, kind: notify, needs: [wait], undo: { kind: notify } }
`);
  await engine.worker.runOnce();

  await engine.service.cancel(run.id, 'not wanted', actor);
  await engine.worker.runOnce();

  expect(ran).toEqual(['undo/wait']);
});

test('a run is taken up again from a step that was done, with another idempotency key', async () => {
  const keys: string[] = [];
  const run = await start(`
  - { name: a, kind: notify }
  - name: each
    needs: [a]
    forEach: { items: [x, y], steps: [{ name: do, kind: notify }] }
  - { name: c, kind: notify, needs: [each] }
`);
  answer = ({ step, idempotencyKey }) => {
    keys.push(idempotencyKey.slice(run.id.length + 1));
    return step.name === 'c' && keys.length < 6 ? { fail: true } : {};
  };
  await engine.worker.runOnce();
  expect(await find(run.id)).toMatchObject({ state: 'failed' });

  await engine.service.retry(run.id, 'a', actor);
  await engine.worker.runOnce();

  expect(keys.slice(0, 4).toSorted()).toEqual(['a', 'c', 'each/0/do', 'each/1/do']);
  expect(keys.slice(4).toSorted()).toEqual(['a#1', 'c', 'each/2~0/do', 'each/2~1/do']);
  expect(await find(run.id)).toMatchObject({ state: 'done' });
});

test('a step that may fail does not end its run', async () => {
  const run = await start(`
  - { name: a, kind: notify, onFailure: continue }
  - { name: b, kind: notify, needs: [a], when: { a: { isFailed: true } } }
`);
  answer = ({ step }) => (step.name === 'a' ? { fail: true } : {});

  await engine.worker.runOnce();

  expect(ran).toEqual(['a', 'b']);
  expect(await find(run.id)).toMatchObject({ state: 'done' });
});

test('a run that takes longer than its workflow allows has failed', async () => {
  ran = [];
  const { graph } = parseWorkflow(
    'name: late\ntimeout: 1h\nsteps: [{ name: wait, kind: wait.signal, with: { signal: go } }]',
    'late.yaml',
  );
  const run = await engine.start(graph);
  await engine.worker.runOnce();
  expect((await find(run.id)).deadlineAt).toBeInstanceOf(Date);

  await engine.db.query(`update loom.runs set deadline_at = now() where id = $1`, [run.id]);
  await engine.worker.runOnce();

  expect(await find(run.id)).toMatchObject({ state: 'failed', steps: [{ state: 'cancelled' }] });
});

test('runs that ended long ago are put away, shown as before, and come back when they are taken up', async () => {
  const settings = { archiveAfterDays: 30, forgetAfterDays: 400 };
  const deps = { db: engine.db, ledger: engine.ledger, log: createLogger({ level: 'silent' }) };
  const age = (id: string, days: number) =>
    engine.db.query(
      `update loom.runs set created_at = created_at - $2 * interval '1 day',
         ended_at = ended_at - $2 * interval '1 day' where id = $1`,
      [id, days],
    );
  const file = `
  - { name: first, kind: notify, with: { say: "hello" } }
  - { name: ask, kind: wait.signal, needs: [first], with: { signal: answer } }
  - { name: last, kind: notify, needs: [ask] }`;
  const done = await start(file);
  const failing = await start(file);
  const parked = await start(file);
  await engine.worker.runOnce();
  await engine.signal(done, 'answer', 'k1');
  await engine.signal(failing, 'answer', 'k2');
  answer = ({ run, step }) => (run.id === failing.id && step.name === 'last' ? { fail: true } : {});
  await engine.worker.runOnce();
  const before = { done: await find(done.id), failing: await find(failing.id) };
  expect([before.done.state, before.failing.state]).toEqual(['done', 'failed']);
  for (const { id } of [done, failing, parked]) await age(id, 100);
  const listed = await engine.service.list({ limit: 200 });
  const [{ count: eventsBefore } = { count: 0 }] = await engine.db.query<{ count: number }>(
    `select count(*)::int from loom.events where type not like 'runs.%'`,
  );

  const first = await archiveOldRuns(deps, settings);

  expect(first).toEqual({ archived: 2, forgotten: 0 });
  expect(await engine.db.query('select id from loom.runs where id = $1', [done.id])).toEqual([]);
  expect(await engine.db.query('select from loom.steps where run_id = $1', [done.id])).toEqual([]);
  const shown = await find(done.id);
  expect(shown.archivedAt).toBeInstanceOf(Date);
  const { createdAt, endedAt } = listed.items.find(({ id }) => id === done.id)!;
  expect({ ...shown, archivedAt: null }).toEqual({ ...before.done, createdAt, endedAt });
  const ids = async (limit: number) => {
    const found: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await engine.service.list({ limit, cursor });
      found.push(...page.items.map(({ id }) => id));
      if (page.nextCursor === null) return found;
      cursor = page.nextCursor;
    }
  };
  expect(await ids(2)).toEqual(listed.items.map(({ id }) => id));
  expect(await engine.signal(done, 'answer', 'late')).toBe(0);
  expect(await engine.eventTypes(done.correlationId)).toContain('run.completed');
  const [{ count: eventsAfter } = { count: 0 }] = await engine.db.query<{ count: number }>(
    `select count(*)::int from loom.events where type not like 'runs.%'`,
  );
  expect(eventsAfter).toBe(eventsBefore);

  answer = () => ({});
  const retried = await engine.service.retry(failing.id, undefined, actor);
  await engine.worker.runOnce();
  expect([retried.archivedAt, retried.state]).toEqual([null, 'running']);
  expect((await find(failing.id)).state).toBe('done');

  await engine.db.query(
    `update loom.archived_runs set ended_at = now() - interval '500 days' where id = $1`,
    [done.id],
  );
  expect(await archiveOldRuns(deps, settings)).toEqual({ archived: 0, forgotten: 1 });
  expect(await engine.service.find(done.id)).toBeUndefined();
  const told = await engine.db.query<{ type: string; count: number }>(
    `select e.type, (convert_from(p.value, 'utf8')::jsonb->>'count')::int as count from loom.events e
     join loom.event_payloads p on p.position = e.position and p.field = 'data'
     where e.type like 'runs.%' order by e.position`,
  );
  expect(told).toEqual([
    { type: 'runs.archived', count: 2 },
    { type: 'runs.forgotten', count: 1 },
  ]);
});
