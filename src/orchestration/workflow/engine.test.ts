/**
 * Goal: a run moves step by step to its end, survives waiting, failing, cancelling and retrying, and
 * tells the ledger of each move in the same transaction.
 * Method: the real service, worker and ledger on a real database; the worker moves only when told.
 */
import { expect, test } from 'vitest';
import { testDatabase } from '#testing';
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
    'step.started',
    'step.completed',
    'step.started',
    'step.completed',
    'step.started',
    'step.completed',
    'run.completed',
  ]);
});
