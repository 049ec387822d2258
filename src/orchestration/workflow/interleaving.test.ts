/**
 * Goal: whatever the graph, the order of two workers, and where one of them dies, every step is done
 * exactly once, after all it needs, and every run ends. The same with repeats, fan-outs, limits, signals,
 * pauses and steps that are taken up again: what is done is what a simple model says, and never more
 * steps are inside a limit than it has places.
 * Method: fast-check draws graphs and a script of turns, crashes and failures; the real statements
 * run against a real database. A crash is a worker that claims and never answers; its leases are
 * ended by hand, so that nobody waits for them. Effects are rows in one half of the cases and events
 * in the other: with events alone a turn is one trip, and the database says what counted.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { testDatabase } from '#testing';
import { createNewId, systemClock } from '#kernel';
import type { WorkflowGraph } from '../service.ts';
import { type FinishedStep, takeTurn } from './advance.ts';
import { admitSteps } from './admit.ts';
import { createAnnouncer } from './announce.ts';
import { considerGrowth } from './control.ts';
import type { ClaimedStep } from './rows.ts';
import type { StepEffects } from '../steps.ts';
import { aGraph, testEngine, type TestEngine } from './test-engine.ts';
import { drawn, PART, withPatience } from './test-graphs.ts';
import { keepTime } from './timekeeping.ts';

const GRAPH = fc
  .array(fc.array(fc.nat(5), { maxLength: 3 }), { minLength: 1, maxLength: 7 })
  .map((needs) =>
    aGraph(
      Object.fromEntries(
        needs.map((list, index) => [
          `s${index}`,
          // Only earlier steps are needed, so that every graph drawn can be run.
          [...new Set(list.filter((need) => need < index))].map((need) => `s${need}`),
        ]),
      ),
    ),
  );

const ACTION = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant('turn'),
      worker: fc.nat(1),
      size: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('crash'), worker: fc.nat(1), size: fc.constant(0) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('fail'), worker: fc.nat(1), size: fc.constant(1) }),
  },
);
/** More by hand: `LOOM_TEST_CASES=2000 vitest run src/orchestration/workflow/interleaving.test.ts`. */
const CASES = Number(process.env['LOOM_TEST_CASES'] ?? 15);
type Action = { what: string; worker: number; size: number };

type Effect = 'row' | 'event';

function effectOf({ run, step }: ClaimedStep, effect: Effect): StepEffects {
  if (effect === 'event') {
    const actor = { kind: 'system', id: 'test' } as const;
    return { events: [{ type: 'effect.made', subject: run.id, actor, data: { name: step.name } }] };
  }
  return {
    write: async (tx) => {
      await tx.query('insert into effects (run_id, name) values ($1, $2)', [run.id, step.name]);
    },
  };
}

/** Two workers made of the real statements, moved one action at a time. */
class Model {
  readonly #engine: TestEngine;
  readonly #effect: Effect;
  readonly #hands: ClaimedStep[][] = [[], []];
  readonly #newId = createNewId(systemClock);
  #lives = [0, 0];

  constructor(engine: TestEngine, effect: Effect) {
    this.#engine = engine;
    this.#effect = effect;
  }

  async act({ what, worker, size }: Action): Promise<void> {
    if (what === 'crash') {
      // The next life has another name and an empty hand; the leases of the last one run out.
      this.#hands[worker] = [];
      await this.#engine.db.query(
        `update loom.steps set lease_until = now() - interval '1 second'
         where state = 'running' and worker = $1`,
        [this.#name(worker)],
      );
      this.#lives[worker] = this.#lives[worker]! + 1;
      await keepTime(this.#deps());
    } else {
      await this.#turn(worker, size, what === 'fail');
    }
  }

  /** Both workers at once, so that their transactions really meet. */
  async together(size: number): Promise<number> {
    const counts = await Promise.all([this.#turn(0, size, false), this.#turn(1, size, false)]);
    return counts[0]! + counts[1]! + this.#hands.flat().length;
  }

  async #turn(worker: number, size: number, isFailing: boolean): Promise<number> {
    const hand = this.#hands[worker]!;
    const finished = hand.splice(0, size).map((claimed): FinishedStep => ({
      claimed,
      startedAt: systemClock.now(),
      result: this.#resultOf(claimed, isFailing),
    }));
    const deps = {
      ...this.#deps(),
      worker: this.#name(worker),
      kinds: ['notify', 'repeat', 'for-each'],
      leaseMs: 60_000,
    };
    const order = { finished, started: [], capacity: size, mayClaim: true };
    const { claimed, isGateTouched } = await takeTurn(this.#engine.db, deps, order);
    hand.push(...claimed);
    if (!isGateTouched) return claimed.length;
    return claimed.length + (await admitSteps(this.#deps()));
  }

  #resultOf(claimed: ClaimedStep, isFailing: boolean): FinishedStep['result'] {
    if (isFailing) return { outcome: 'failed', message: 'drawn to fail' };
    if (claimed.terms?.control !== undefined) return considerGrowth(claimed);
    const turn = Number(/\/(?<turn>\d+)\/[^/]+$/.exec(claimed.step.name)?.groups?.['turn'] ?? 0);
    return { outcome: 'done', output: { turn }, ...effectOf(claimed, this.#effect) };
  }

  /** Lets in whom nobody else has let in, as the timekeeper does. */
  async admit(): Promise<number> {
    return admitSteps(this.#deps());
  }

  #name(worker: number): string {
    return `worker-${worker}-${this.#lives[worker]}`;
  }

  #deps() {
    const { db, ledger } = this.#engine;
    const announcer = createAnnouncer(db);
    return { db, ledger, clock: systemClock, newId: this.#newId, announcer };
  }
}

test('every step is done exactly once, after what it needs, however two workers interleave', async () => {
  await using engine = testEngine(await testDatabase());
  await engine.db.query(
    `create table effects (number bigint generated always as identity, run_id text, name text)`,
  );

  await fc.assert(
    fc.asyncProperty(
      fc.array(GRAPH, { minLength: 1, maxLength: 4 }),
      fc.array(ACTION, { maxLength: 25 }),
      fc.constantFrom<Effect>('row', 'event'),
      async (graphs, script, effect) => {
        await engine.db.query(`truncate effects, loom.steps, loom.run_signals, loom.runs`);
        const model = new Model(engine, effect);
        const runs = await Promise.all(graphs.map((graph) => engine.start(withPatience(graph))));

        for (const action of script) await model.act(action);
        let rounds = 0;
        while ((await model.together(4)) > 0) {
          rounds += 1;
          expect(rounds, 'a run is stuck').toBeLessThan(500);
        }

        for (const [index, run] of runs.entries()) await expectDone(engine, run.id, graphs[index]!);
      },
    ),
    { numRuns: CASES * 2 },
  );
});

const TWIST = fc.oneof(
  { weight: 4, arbitrary: ACTION },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('pause'), run: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('resume'), run: fc.nat(3) }) },
);

test('repeats, fan-outs, limits and pauses do what a simple model says, wherever workers die', async () => {
  await using engine = testEngine(await testDatabase());
  await engine.db.query(
    `create table effects (number bigint generated always as identity, run_id text, name text)`,
  );
  const actor = { kind: 'person' as const, id: 'usr_test' };

  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(PART, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
      fc.array(TWIST, { maxLength: 20 }),
      async (drafts, script) => {
        await engine.db.query(`truncate effects, loom.steps, loom.run_signals, loom.runs`);
        const model = new Model(engine, 'row');
        const wanted = drafts.map(drawn);
        const runs = [];
        for (const { graph } of wanted) runs.push(await engine.start(graph));
        await model.admit();

        for (const action of script) {
          if ('worker' in action) await model.act(action);
          else {
            const { id } = runs[action.run % runs.length]!;
            const isOver = (await engine.service.find(id))?.state === 'done';
            if (isOver) continue;
            if (action.what === 'pause') await engine.service.pause(id, 'drawn', actor);
            else await engine.service.resume(id, actor);
          }
          await expectLimitsHold(engine);
        }
        for (const { id } of runs) {
          if ((await engine.service.find(id))?.state === 'paused') {
            await engine.service.resume(id, actor);
          }
        }
        let rounds = 0;
        while ((await model.together(4)) + (await model.admit()) > 0) {
          rounds += 1;
          expect(rounds, 'a run is stuck').toBeLessThan(500);
          await expectLimitsHold(engine);
        }

        for (const [index, { id }] of runs.entries()) {
          expect(await engine.service.find(id)).toMatchObject({ state: 'done' });
          const rows = await engine.db.query<{ name: string }>(
            'select name from effects where run_id = $1 order by number',
            [id],
          );
          expect(rows.map(({ name }) => name).toSorted()).toEqual(wanted[index]!.names.toSorted());
        }
      },
    ),
    { numRuns: CASES },
  );
}, 600_000);

/** Steps that are at work, wait or will at once be, against the places of their limit. */
async function expectLimitsHold(engine: TestEngine): Promise<void> {
  const over = await engine.db.query(
    `select limit_key, count(*)::int as inside, min(limit_places) as places from loom.steps
     where limit_key is not null and state in ('ready', 'running', 'waiting')
     group by limit_key having count(*) > min(limit_places)`,
  );
  expect(over).toEqual([]);
}

async function expectDone(engine: TestEngine, runId: `run_${string}`, graph: WorkflowGraph) {
  const run = await engine.service.find(runId);
  expect(run).toMatchObject({ state: 'done', endedAt: expect.any(Date) });
  expect(run?.steps.every(({ state }) => state === 'done')).toBe(true);

  const rows = await engine.db.query<{ name: string }>(
    'select name from effects where run_id = $1 order by number',
    [runId],
  );
  const told = await engine.ledger.list({ type: 'effect.made', subject: runId, order: 'oldest' });
  const order = [...rows, ...told.items.map(({ data }) => data)].map((effect) => effect?.['name']);
  expect(order.toSorted()).toEqual(graph.steps.map(({ name }) => name).toSorted());
  for (const { name, needs } of graph.steps) {
    for (const need of needs) expect(order.indexOf(need)).toBeLessThan(order.indexOf(name));
  }

  const types = await engine.eventTypes(run!.correlationId);
  const count = (type: string) => types.filter((one) => one === type).length;
  expect(count('step.completed')).toBe(graph.steps.length);
  expect(count('run.completed')).toBe(1);
}
