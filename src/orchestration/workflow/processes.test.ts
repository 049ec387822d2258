/**
 * Goal: two worker processes share the runs, and when one is killed with SIGKILL the other finishes
 * all of them, each step's effect recorded once.
 * Method: real processes on one real database; the kill comes while the victim holds steps.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testDatabase, waitFor } from '#testing';
import { aGraph, testEngine } from './test-engine.ts';

const RUNS = 20;

function startWorker(url: string, name: string): ChildProcess & AsyncDisposable {
  const script = join(import.meta.dirname, 'test-worker.ts');
  const child = spawn(process.execPath, [script, url, name], { stdio: 'ignore' });
  return Object.assign(child, {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  });
}

test('runs of a killed process are finished by the other, and no effect is recorded twice', async () => {
  await using engine = testEngine(await testDatabase());
  await engine.db.query('create table workers (name text)');
  await engine.db.query('create table effects (run_id text, name text, worker text)');
  await engine.db.query(
    'create table calls (key text primary key, worker text, repeated int not null default 0)',
  );
  const graph = aGraph({ a: [], b: ['a'], c: ['a'], d: ['b', 'c'], e: ['d'] });
  await using victim = startWorker(engine.url, 'victim');
  await using _survivor = startWorker(engine.url, 'survivor');
  await waitFor('both processes to be up', async () => {
    const workers = await engine.db.query('select name from workers');
    return workers.length === 2;
  });
  await Promise.all(Array.from({ length: RUNS }, () => engine.start(graph)));

  await waitFor(
    'both to have finished a step, and the victim to hold one',
    async () => {
      const [row] = await engine.db.query<{ finished: number; held: number }>(
        `select (select count(distinct worker)::int from effects) as finished,
         (select count(*)::int from loom.steps where state = 'running' and worker = 'victim') as held`,
      );
      return row !== undefined && row.finished === 2 && row.held > 0;
    },
    { everyMs: 5 },
  );
  victim.kill('SIGKILL');
  await once(victim, 'exit');
  await waitFor('all runs to end', async () => {
    const [row] = await engine.db.query<{ open: number }>(
      `select count(*)::int as open from loom.runs where state <> 'done'`,
    );
    return row?.open === 0;
  });

  const effects = await engine.db.query<{ count: number; distinct: number }>(
    `select count(*)::int as count, count(distinct (run_id, name))::int as distinct from effects`,
  );
  expect(effects).toEqual([{ count: RUNS * 5, distinct: RUNS * 5 }]);
  const completed = await engine.db.query<{ count: number; distinct: number }>(
    `select count(*)::int as count, count(distinct subject)::int as distinct
     from loom.events where type = 'step.completed'`,
  );
  expect(completed).toEqual([{ count: RUNS * 5, distinct: RUNS * 5 }]);
  const calls = await engine.db.query('select key from calls');
  expect(calls).toHaveLength(RUNS * 5);
});
