/**
 * Goal: worker processes are killed with SIGKILL at random moments of random workflows, and every run
 * ends as a simple model says, each effect recorded once.
 * Method: real processes on one real database; graphs with repeats, fan-outs and shared limits.
 * `LOOM_TEST_KILLS=200 vitest run src/orchestration/workflow/kills.test.ts` kills more often.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { testDatabase, waitFor } from '#testing';
import { testEngine } from './test-engine.ts';
import { drawn, PART } from './test-graphs.ts';

const KILLS = Number(process.env['LOOM_TEST_KILLS'] ?? 6);
const WORKERS = 3;
const SCRIPT = join(import.meta.dirname, 'test-worker.ts');

test('every run ends as the model says, wherever its workers are killed', async () => {
  await using engine = testEngine(await testDatabase());
  await engine.db.query('create table workers (name text)');
  await engine.db.query('create table effects (run_id text, name text, worker text)');
  await engine.db.query(
    'create table calls (key text primary key, worker text, repeated int not null default 0)',
  );
  let started = 0;
  const start = () => {
    started += 1;
    const name = `worker-${started}`;
    return spawn(process.execPath, [SCRIPT, engine.url, name], { stdio: 'ignore' });
  };
  const workers: ChildProcess[] = Array.from({ length: WORKERS }, start);
  const kill = async (worker: ChildProcess) => {
    if (worker.exitCode !== null || worker.signalCode !== null) return;
    worker.kill('SIGKILL');
    await once(worker, 'exit');
  };
  const isOver = async () => {
    const open = await engine.db.query(`select 1 from loom.runs where state <> 'done' limit 1`);
    return open.length === 0;
  };
  const runs: { id: string; names: string[] }[] = [];
  // Drawn anew each time; fast-check would shrink what takes minutes to repeat.
  const draw = async () => {
    for (const parts of fc.sample(fc.array(PART, { minLength: 2, maxLength: 5 }), 4)) {
      const { graph, names } = drawn(parts);
      runs.push({ id: (await engine.start(graph)).id, names });
    }
  };

  try {
    await draw();
    for (let killed = 0; killed < KILLS; killed += 1) {
      await waitFor('a worker to be at work', async () => {
        if (await isOver()) await draw();
        const held = await engine.db.query(
          `select 1 from loom.steps where state = 'running' and lease_until > now() limit 1`,
        );
        return held.length > 0;
      });
      await delay(Math.random() * 100);
      const victim = Math.floor(Math.random() * WORKERS);
      await kill(workers[victim]!);
      workers[victim] = start();
    }
    await waitFor('all runs to end', isOver, { timeoutMs: 120_000 });
  } finally {
    await Promise.all(workers.map(kill));
  }

  const rows = await engine.db.query<{ run_id: string; name: string }>(
    'select run_id, name from effects',
  );
  const done = Map.groupBy(rows, ({ run_id: runId }) => runId);
  for (const { id, names } of runs) {
    expect((done.get(id) ?? []).map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  }
  const calls = await engine.db.query('select key from calls');
  expect(calls).toHaveLength(rows.length);
}, 900_000);
