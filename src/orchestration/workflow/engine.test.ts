/**
 * Goal: a run moves step by step to its end, survives waiting, failing, cancelling and retrying, and
 * tells the ledger of each move in the same transaction.
 * Method: the real service, worker and ledger on a real database; the worker moves only when told.
 */
import { expect, test } from 'vitest';
import { testDatabase, waitFor } from '#testing';
import { READY_STEPS } from './claim.ts';
import { aGraph, testEngine } from './test-engine.ts';

test('a chain runs in order and each step reads what the one before it gave', async () => {
  const seen: unknown[] = [];
  await using engine = testEngine(await testDatabase(), {
    notify: async ({ step, inputs, idempotencyKey, run }) => {
      seen.push([step.name, inputs, idempotencyKey === `${run.id}/${step.name}`]);
      return { outcome: 'done', output: { from: step.name } };
    },
  });
  const run = await engine.start(aGraph({ a: [], b: ['a'], c: ['b'] }));

  await engine.worker.runOnce();

  expect(seen).toEqual([
    ['a', {}, true],
    ['b', { a: { from: 'a' } }, true],
    ['c', { b: { from: 'b' } }, true],
  ]);
  const after = await engine.service.find(run.id);
  expect(after).toMatchObject({ state: 'done', endedAt: expect.any(Date) });
  expect(after?.steps.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
  expect(await engine.eventTypes(run.correlationId)).toEqual([
    'run.started',
    'step.completed',
    'step.completed',
    'step.completed',
    'run.completed',
  ]);
});

test('a step that takes its time is told while it is at work, a quick one only at its end', async () => {
  const gate = Promise.withResolvers<void>();
  await using engine = testEngine(await testDatabase());
  engine.newWorker(
    'busy',
    {
      notify: async ({ step }) => {
        if (step.name === 'slow') await gate.promise;
        return { outcome: 'done' };
      },
    },
    { isManual: false },
  );

  const run = await engine.start(aGraph({ quick: [], slow: ['quick'] }));

  const told = async () => engine.eventTypes(run.correlationId);
  await waitFor('the start is told', async () => (await told()).includes('step.started'));
  expect(await told()).toEqual(['run.started', 'step.completed', 'step.started']);
  gate.resolve();
  await waitFor('the run ends', async () => (await told()).includes('run.completed'));
  const { items } = await engine.ledger.list({ correlationId: run.correlationId, order: 'oldest' });
  const [quick, slow] = items.filter(({ type }) => type === 'step.completed');
  expect(quick?.data).toMatchObject({ attempt: 1, worker: 'busy' });
  const started = items.find(({ type }) => type === 'step.started');
  expect(slow?.data).toMatchObject({ startedAt: started?.occurredAt.toISOString() });
});

test('branches run side by side, and their join waits for all of them', async () => {
  const order: string[] = [];
  await using engine = testEngine(await testDatabase(), {
    notify: async ({ step }) => {
      order.push(step.name);
      return { outcome: 'done' };
    },
  });
  const run = await engine.start(
    aGraph({
      open: [],
      left: ['open'],
      middle: ['open'],
      right: ['open'],
      join: ['left', 'middle', 'right'],
    }),
  );

  await engine.worker.runOnce();

  expect(order[0]).toBe('open');
  expect(order.slice(1, 4).toSorted()).toEqual(['left', 'middle', 'right']);
  expect(order.slice(4)).toEqual(['join']);
  expect(await engine.service.find(run.id)).toMatchObject({ state: 'done' });
});

test('what a step hands in is written with its new state: events, messages and rows', async () => {
  await using engine = testEngine(await testDatabase(), {
    notify: async ({ run }) => ({
      outcome: 'done',
      message: 'told',
      events: [{ type: 'note.sent', subject: run.id, actor: { kind: 'system', id: 'test' } }],
      outbox: [{ target: 'test.note', payload: {}, idempotencyKey: `note:${run.id}` }],
      write: async (tx) => {
        await tx.query('insert into effects (what) values ($1)', [run.id]);
      },
    }),
  });
  await engine.db.query('create table effects (what text)');
  const run = await engine.start(aGraph({ tell: [] }));

  await engine.worker.runOnce();

  expect(await engine.db.query('select what from effects')).toEqual([{ what: run.id }]);
  expect(await engine.db.query('select target from loom.outbox_messages')).toHaveLength(1);
  const { items } = await engine.ledger.list({ type: 'note.sent' });
  const completed = await engine.ledger.list({ type: 'step.completed' });
  expect(items[0]).toMatchObject({
    correlationId: run.correlationId,
    cause: completed.items[0]?.id,
    refs: { run: run.id },
  });
});

test('rows that cannot be written fail that step and not its neighbour', async () => {
  await using engine = testEngine(await testDatabase(), {
    notify: async ({ step }) => ({
      outcome: 'done',
      ...(step.name === 'bad'
        ? { write: async (tx) => void (await tx.query('insert into nowhere values (1)')) }
        : {}),
    }),
  });
  const bad = await engine.start(aGraph({ bad: [] }, { bad: { maxAttempts: 1 } }));
  const good = await engine.start(aGraph({ good: [] }));

  await engine.worker.runOnce();

  expect(await engine.service.find(good.id)).toMatchObject({ state: 'done' });
  expect(await engine.service.find(bad.id)).toMatchObject({
    state: 'failed',
    steps: [{ state: 'failed', message: expect.stringContaining('could not be written') }],
  });
});

test('a failing step is tried again as often as it may, then fails its run', async () => {
  let attempts = 0;
  await using engine = testEngine(await testDatabase(), {
    notify: async ({ step }) => {
      attempts += step.name === 'shaky' ? 1 : 0;
      if (step.name === 'shaky') throw new Error('a secret place');
      return { outcome: 'done' };
    },
  });
  const run = await engine.start(aGraph({ first: [], shaky: ['first'], after: ['shaky'] }));

  await engine.worker.runOnce();

  expect(attempts).toBe(3);
  const after = await engine.service.find(run.id);
  expect(after?.state).toBe('failed');
  expect(after?.steps.map(({ state }) => state)).toEqual(['done', 'failed', 'cancelled']);
  expect(after?.steps[1]?.message).not.toContain('secret');
  const types = await engine.eventTypes(run.correlationId);
  expect(types.filter((type) => type === 'step.failed')).toHaveLength(3);
  expect(types.at(-1)).toBe('run.failed');
});

test('a permanent failure is not tried again, and a retry revives the run from there', async () => {
  let isBroken = true;
  const ran: string[] = [];
  await using engine = testEngine(await testDatabase(), {
    notify: async ({ step }) => {
      ran.push(step.name);
      return step.name === 'b' && isBroken
        ? { outcome: 'failed', message: 'no such branch', isPermanent: true }
        : { outcome: 'done' };
    },
  });
  const run = await engine.start(aGraph({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'] }));
  await engine.worker.runOnce();
  expect(await engine.service.find(run.id)).toMatchObject({ state: 'failed' });
  const actor = { kind: 'person' as const, id: 'usr_test' };

  const wrong = engine.service.retry(run.id, 'nowhere', actor);
  await expect(wrong).rejects.toMatchObject({ code: 'workflow.step_unknown' });
  isBroken = false;
  const revived = await engine.service.retry(run.id, 'b', actor);
  await engine.worker.runOnce();

  expect(revived.state).toBe('running');
  expect(revived.steps.find(({ name }) => name === 'd')).toMatchObject({ state: 'blocked' });
  const after = await engine.service.find(run.id);
  expect(after).toMatchObject({ state: 'done' });
  expect(after?.steps.every(({ state }) => state === 'done')).toBe(true);
  expect(ran.filter((name) => name === 'a')).toHaveLength(1);
  expect(await engine.eventTypes(run.correlationId)).toContain('run.retried');
  const again = engine.service.retry(run.id, undefined, actor);
  await expect(again).rejects.toMatchObject({ code: 'workflow.run_not_failed' });
});

test('a step whose condition does not hold is skipped, and what needs it goes on', async () => {
  const ran: string[] = [];
  await using engine = testEngine(await testDatabase(), {
    notify: async ({ step }) => {
      ran.push(step.name);
      return { outcome: 'done', output: { lane: 'hold' } };
    },
  });
  const graph = aGraph(
    { decide: [], ship: ['decide'], hold: ['decide'], end: ['ship', 'hold'] },
    {
      ship: { when: { decide: { lane: ['ship', 'ship-and-watch'] } } },
      hold: { when: { decide: { lane: 'hold' }, input: { isReal: true } } },
    },
  );
  const run = await engine.start(graph, { input: { isReal: true } });

  await engine.worker.runOnce();

  expect(ran).toEqual(['decide', 'hold', 'end']);
  const after = await engine.service.find(run.id);
  expect(after).toMatchObject({ state: 'done' });
  expect(after?.steps[1]).toMatchObject({
    state: 'skipped',
    message: 'Skipped: decide.lane is "hold", and the step is for "ship" or "ship-and-watch".',
  });
});

test('a signal completes the step that waits for it, once, with its body', async () => {
  await using engine = testEngine(await testDatabase(), {
    'wait.signal': async () => ({ outcome: 'waiting', on: 'merged', message: 'Waits.' }),
  });
  const graph = aGraph({ wait: [] }, { wait: { kind: 'wait.signal' } });
  const run = await engine.start(graph);
  await engine.worker.runOnce();
  expect((await engine.service.find(run.id))?.steps[0]).toMatchObject({
    state: 'waiting',
    message: 'Waits.',
  });

  expect(await engine.signal(run, 'something-else', 'key-0')).toBe(0);
  expect(await engine.signal(run, 'merged', 'key-1', { sha: 'abc' })).toBe(1);
  expect(await engine.signal(run, 'merged', 'key-1', { sha: 'def' })).toBe(0);
  await engine.worker.runOnce();

  expect((await engine.service.find(run.id))?.steps[0]).toMatchObject({
    state: 'done',
    output: { sha: 'abc' },
  });
  const types = await engine.eventTypes(run.correlationId);
  expect(types.filter((type) => type === 'step.resumed')).toHaveLength(1);
});

test('a signal that comes before the step waits is kept for it', async () => {
  await using engine = testEngine(await testDatabase(), {
    'wait.signal': async () => ({ outcome: 'waiting', on: 'merged', message: 'Waits.' }),
  });
  const run = await engine.start(aGraph({ wait: [] }, { wait: { kind: 'wait.signal' } }));

  expect(await engine.signal(run, 'merged', 'early', { sha: 'abc' })).toBe(0);
  await engine.worker.runOnce();

  expect(await engine.service.find(run.id)).toMatchObject({
    state: 'done',
    steps: [{ state: 'done', output: { sha: 'abc' } }],
  });
});

test('every signal is heard in its order, also those that come while one is being handled', async () => {
  const heard: unknown[] = [];
  await using engine = testEngine(await testDatabase(), {
    'approval.request': {
      run: async () => ({ outcome: 'waiting', on: 'review', message: 'Waits.' }),
      onSignal: async (_context, { body }) => {
        heard.push(body['number']);
        return heard.length < 3
          ? { outcome: 'waiting', on: 'review', message: 'Waits for more.' }
          : { outcome: 'done' };
      },
    },
  });
  const graph = aGraph({ ask: [] }, { ask: { kind: 'approval.request', maxAttempts: 1 } });
  const run = await engine.start(graph);
  await engine.worker.runOnce();

  for (const number of [1, 2, 3]) await engine.signal(run, 'review', `key-${number}`, { number });
  await engine.worker.runOnce();

  expect(heard).toEqual([1, 2, 3]);
  expect(await engine.service.find(run.id)).toMatchObject({ state: 'done' });
});

test('a signal for a run that is not there is refused', async () => {
  await using engine = testEngine(await testDatabase());
  const run = await engine.start(aGraph({ a: [] }));
  const stranger = Object.assign({ ...run }, { id: `run_${'0'.repeat(32)}` as const });

  const telling = engine.signal(stranger, 'merged', 'key');

  await expect(telling).rejects.toMatchObject({ code: 'workflow.run_unknown' });
});

test('a timer wakes its step, which is told that its time has come', async () => {
  const calls: unknown[] = [];
  await using engine = testEngine(await testDatabase(), {
    'wait.timer': async ({ isDue }) => {
      calls.push(isDue);
      return isDue === true
        ? { outcome: 'done' }
        : { outcome: 'waiting', on: 'timer', message: 'Sleeps.', dueAt: new Date() };
    },
  });
  const run = await engine.start(aGraph({ wait: [] }, { wait: { kind: 'wait.timer' } }));
  await engine.worker.runOnce();

  await waitFor('the timer', async () => {
    await engine.worker.runOnce();
    return (await engine.service.find(run.id))?.state === 'done';
  });

  expect(calls).toEqual([false, true]);
  const types = await engine.eventTypes(run.correlationId);
  expect(types.filter((type) => type === 'step.resumed')).toHaveLength(1);
});

test('a cancelled run aborts what is at work, and nothing of it is written any more', async () => {
  const started = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  await using engine = testEngine(await testDatabase());
  await using _worker = engine.newWorker(
    'busy',
    {
      notify: async ({ signal }) => {
        started.resolve();
        signal.addEventListener('abort', () => aborted.resolve());
        await aborted.promise;
        return { outcome: 'done', output: { late: true } };
      },
    },
    { isManual: false },
  );
  const run = await engine.start(aGraph({ slow: [], next: ['slow'] }));
  await started.promise;
  const actor = { kind: 'person' as const, id: 'usr_test' };

  const cancelled = await engine.service.cancel(run.id, 'the head moved', actor);
  await aborted.promise;

  expect(cancelled.steps.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  expect(await engine.service.cancel(run.id, 'again', actor)).toMatchObject({ state: 'cancelled' });
  await engine.worker.runOnce();
  const after = await engine.service.find(run.id);
  expect(after?.steps[0]).toMatchObject({ state: 'cancelled', output: null });
  const types = await engine.eventTypes(run.correlationId);
  expect(types.filter((type) => type === 'run.cancelled')).toHaveLength(1);
  expect(types).not.toContain('step.completed');
});

test('a step that takes longer than its timeout is aborted and has failed', async () => {
  let wasAborted = false;
  await using engine = testEngine(await testDatabase(), {
    notify: ({ signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          wasAborted = true;
          resolve({ outcome: 'done' });
        });
      }),
  });
  const graph = aGraph({ slow: [] }, { slow: { timeoutMs: 20, maxAttempts: 1 } });
  const run = await engine.start(graph);

  await engine.worker.runOnce();

  expect(wasAborted).toBe(true);
  expect(await engine.service.find(run.id)).toMatchObject({
    state: 'failed',
    steps: [{ message: 'Took longer than 20 ms.' }],
  });
});

test('a stopping worker hands unfinished steps back, and another one takes them at once', async () => {
  const started = Promise.withResolvers<void>();
  await using engine = testEngine(await testDatabase(), {
    notify: async ({ step }) => ({ outcome: 'done', output: { attempt: step.attempt } }),
  });
  const stopping = engine.newWorker(
    'stopping',
    {
      notify: ({ signal }) =>
        new Promise((_resolve, reject) => {
          started.resolve();
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    },
    { isManual: false },
  );
  const run = await engine.start(aGraph({ slow: [] }));
  await started.promise;

  await stopping[Symbol.asyncDispose]();
  await engine.worker.runOnce();

  expect(await engine.service.find(run.id)).toMatchObject({
    state: 'done',
    steps: [{ output: { attempt: 1 } }],
  });
});

test('a worker that lost its lease changes nothing, and the step costs no attempt', async () => {
  const gate = Promise.withResolvers<void>();
  await using engine = testEngine(await testDatabase(), {
    notify: async ({ step }) => ({ outcome: 'done', output: { by: 'second', at: step.attempt } }),
  });
  const slow = engine.newWorker(
    'slow',
    {
      notify: async () => {
        await gate.promise;
        return { outcome: 'done', output: { by: 'first' } };
      },
    },
    { leaseMs: 1 },
  );
  const run = await engine.start(aGraph({ a: [] }));
  const late = slow.runOnce();

  await waitFor('the second worker to finish the step', async () => {
    await engine.worker.runOnce();
    return (await engine.service.find(run.id))?.state === 'done';
  });
  gate.resolve();
  await late;

  expect((await engine.service.find(run.id))?.steps[0]?.output).toEqual({ by: 'second', at: 1 });
  const types = await engine.eventTypes(run.correlationId);
  expect(types.filter((type) => type === 'step.completed')).toHaveLength(1);
  expect(types).toContain('step.reclaimed');
});

test('a step whose workers keep dying is given up and fails its run', async () => {
  await using engine = testEngine(await testDatabase(), {
    notify: async () => ({ outcome: 'done' }),
  });
  const run = await engine.start(aGraph({ deadly: [] }));
  await engine.db.query(
    `update loom.steps set state = 'running', worker = 'dead', fence = 7, lost_leases = 20,
       lease_until = now() - interval '1 second' where run_id = $1`,
    [run.id],
  );

  await engine.worker.runOnce();

  expect(await engine.service.find(run.id)).toMatchObject({ state: 'failed' });
});

test('a long step keeps its lease as long as its worker lives', async () => {
  const gate = Promise.withResolvers<void>();
  await using engine = testEngine(await testDatabase(), {
    notify: async () => ({ outcome: 'done', output: { by: 'thief' } }),
  });
  const started = Promise.withResolvers<void>();
  await using _holder = engine.newWorker(
    'holder',
    {
      notify: async () => {
        started.resolve();
        await gate.promise;
        return { outcome: 'done', output: { by: 'holder' } };
      },
    },
    { isManual: false, leaseMs: 2_000 },
  );
  const run = await engine.start(aGraph({ long: [] }));
  await started.promise;
  const leases = async () =>
    (await engine.db.query<{ until: Date }>('select lease_until as until from loom.steps'))[0]!
      .until;
  const first = await leases();

  await waitFor('a renewal', async () => (await leases()) > first);
  gate.resolve();
  await waitFor('the end', async () => (await engine.service.find(run.id))?.state === 'done');

  expect((await engine.service.find(run.id))?.steps[0]?.output).toEqual({ by: 'holder' });
});

test('runs are listed newest first, by state and change, in pages that miss none', async () => {
  await using engine = testEngine(await testDatabase());
  const runs = [];
  for (let number = 0; number < 5; number += 1) runs.push(await engine.start(aGraph({ a: [] })));
  const ids = runs.map(({ id }) => id);

  const first = await engine.service.list({ limit: 3 });
  const second = await engine.service.list({ limit: 3, cursor: first.nextCursor ?? '' });

  expect([...first.items, ...second.items].map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  expect(second.nextCursor).toBeNull();
  expect((await engine.service.list({ limit: 3, state: 'done' })).items).toEqual([]);
});

test('runs started side by side are each told of, and one that cannot run fails alone', async () => {
  await using engine = testEngine(await testDatabase(), {
    notify: async ({ run, step }) => ({ outcome: 'done', output: { of: run.title + step.name } }),
  });
  const graphs = [aGraph({ a: [], b: ['a'] }), aGraph({ c: [] }), aGraph({ d: ['d'] })];

  const started = await Promise.allSettled(
    [0, 1, 2, 0].map((graph, index) =>
      engine.write((tx) =>
        engine.service.start(tx, {
          definition: graphs[graph]!,
          title: `run ${index} `,
          input: { index },
          correlationId: `evt_thread_${index}`,
        }),
      ),
    ),
  );
  await engine.worker.runOnce();

  expect(started[2]).toMatchObject({ reason: { code: 'workflow.invalid_graph' } });
  for (const [index, names] of [
    [0, ['a', 'b']],
    [1, ['c']],
    [3, ['a', 'b']],
  ] as const) {
    const outcome = started[index];
    if (outcome?.status !== 'fulfilled') throw new Error(`run ${index} did not start`);
    const run = await engine.service.find(outcome.value.id);
    expect(run).toMatchObject({ ...outcome.value, state: 'done', endedAt: expect.any(Date) });
    expect(run).toMatchObject({ title: `run ${index} `, input: { index } });
    expect(run?.steps.map(({ name, output }) => [name, output])).toEqual(
      names.map((name) => [name, { of: `run ${index} ${name}` }]),
    );
    expect((await engine.eventTypes(`evt_thread_${index}`)).toSorted()).toEqual(
      ['run.completed', 'run.started', ...names.map(() => 'step.completed')].toSorted(),
    );
  }
});

test('a graph the engine could not end is refused', async () => {
  await using engine = testEngine(await testDatabase());

  const starting = engine.start(aGraph({ a: ['b'], b: ['a'] }));

  await expect(starting).rejects.toMatchObject({ code: 'workflow.invalid_graph' });
});

test('ten thousand parked runs are not read by a claim', async () => {
  await using engine = testEngine(await testDatabase());
  await engine.db.query(
    `with r as (
       insert into loom.runs (id, workflow, graph_hash, definition_source, title, input, correlation_id)
       select 'run_' || n, 'parked', '', 'built-in', '', '{}', 'evt_' || n
       from generate_series(1, 10000) n returning id)
     insert into loom.steps (run_id, name, id, position, kind, state, needs, next, unmet, origin,
       options, max_attempts, backoff_ms, waiting_on)
     select id, 'ask', 'stp_' || id, 0, 'notify', 'waiting', '{}', '{}', 0, '', '{}', 3, 0, 'review'
     from r`,
  );
  await engine.db.query('analyze loom.steps');
  await engine.start(aGraph({ a: [] }));

  const plan = await engine.write(async (tx) =>
    tx.query<{ 'QUERY PLAN': string }>(
      `explain (analyze, timing off, costs off, summary off) ${READY_STEPS}`,
      [['notify'], 16],
    ),
  );

  const text = plan.map((row) => row['QUERY PLAN']).join('\n');
  expect(text).toContain('Index Scan using steps_ready on steps (actual rows=1');
  expect(text).not.toContain('Rows Removed by Filter');
});
