/**
 * Goal: whatever arrives and however builds end, nothing lands untested, nothing near another lands
 * without having been tested with it, and nothing waits for ever.
 * Method: random queues driven to their end by random results; examples for the single rules.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bisect } from './bisect.ts';
import {
  type Build,
  DEFAULT_SETTINGS,
  type Decision,
  emptyMemory,
  type QueueMemory,
  type QueueView,
  schedule,
} from './scheduler.ts';

type Verdict = 'pass' | 'fail' | undefined;

function aView(over: Partial<QueueView<string>> & { ids?: string[] } = {}): QueueView<string> {
  const { ids = [], ...rest } = over;
  return {
    slots: 1,
    flakeRate: 0.03,
    conflictRate: 0.02,
    waiting: ids.map((id) => ({
      id,
      waitedMinutes: 0,
      failureChance: 0.05,
      touchesEverything: false,
    })),
    near: () => true,
    verdict: () => undefined,
    isRunning: () => false,
    ...rest,
  };
}

test('with one slot changes are tested one after the other, in order, on the main that will be', () => {
  const view = aView({ ids: ['a', 'b'] });

  const serial = { ...DEFAULT_SETTINGS, maxGroup: 1 };
  const { builds, land, eject } = schedule(emptyMemory<string>(), view, serial);

  expect({ builds, land, eject }).toEqual({
    builds: [{ changes: ['a'], assumed: [], attempt: 0 }],
    land: [],
    eject: [],
  });
});

test('a failure that is probably a flake is tested once more, and marked', () => {
  const view = aView({
    ids: ['a'],
    flakeRate: 0.1,
    verdict: ({ attempt }) => (attempt === 0 ? 'fail' : 'pass'),
  });

  const first = schedule(emptyMemory<string>(), view);
  const second = schedule(first.memory, view);

  expect([first.retry, first.eject]).toEqual([['a'], []]);
  expect(second.land).toEqual(['a']);
});

test('a failure that is probably a fault goes back at once', () => {
  const view = aView({ ids: ['a'], flakeRate: 0.001, verdict: () => 'fail' });

  expect(schedule(emptyMemory<string>(), view).eject).toEqual(['a']);
});

test('a failed group is split: what is suspected does not hold up the rest', () => {
  const waiting = [0.02, 0.2, 0.02].map((failureChance, at) => ({
    id: 'abc'[at]!,
    waitedMinutes: 0,
    failureChance,
    touchesEverything: false,
  }));
  const memory: QueueMemory<string> = { groups: [['a', 'b', 'c']], retried: [] };
  const view = aView({
    waiting,
    flakeRate: 0,
    verdict: ({ changes }) => (changes.length === 3 ? 'fail' : undefined),
  });

  expect(schedule(memory, view).memory.groups).toEqual([['a', 'c'], ['b']]);
});

test('what touches nothing of another does not wait for it', () => {
  const view = aView({
    ids: ['a', 'b'],
    slots: 2,
    near: () => false,
    verdict: ({ changes }) => (changes[0] === 'b' ? 'pass' : undefined),
  });

  expect(schedule(emptyMemory<string>(), view).land).toEqual(['b']);
});

/** Drives a queue to its end with results that `decide` gives; counts what must never happen. */
function drive(
  count: number,
  slots: number,
  isNear: (a: number, b: number) => boolean,
  decide: (build: Build<number>) => boolean,
) {
  const results = new Map<string, 'pass' | 'fail'>();
  const landed: number[] = [];
  const ejected: number[] = [];
  let waiting = Array.from({ length: count }, (_, id) => id);
  let memory = emptyMemory<number>();
  const keyOf = ({ changes, assumed, attempt }: Build<number>) => {
    const near = [...landed, ...assumed].filter((id) => changes.some((one) => isNear(one, id)));
    return JSON.stringify([changes, near.sort((a, b) => a - b), attempt]);
  };
  for (let turn = 0; waiting.length > 0; turn += 1) {
    if (turn > 40 * count) return { landed, ejected, waiting, untested: 0 };
    const decision: Decision<number> = schedule(memory, {
      slots,
      flakeRate: 0.05,
      conflictRate: 0.02,
      waiting: waiting.map((id) => ({
        id,
        waitedMinutes: turn,
        failureChance: (id % 7) / 12,
        touchesEverything: id % 11 === 0,
      })),
      near: isNear,
      verdict: (build): Verdict => results.get(keyOf(build)),
      isRunning: () => false,
    });
    ({ memory } = decision);
    for (const id of decision.land) {
      expect(results.size).toBeGreaterThan(0);
      landed.push(id);
    }
    ejected.push(...decision.eject);
    const gone = new Set([...decision.land, ...decision.eject]);
    waiting = waiting.filter((id) => !gone.has(id));
    if (gone.size > 0 || decision.retry.length > 0) continue;
    expect(decision.builds.length).toBeLessThanOrEqual(slots);
    for (const build of decision.builds) {
      // Everything near that waits ahead is either assumed to land or was judged unlikely to.
      expect(new Set([...build.assumed, ...build.changes]).size).toBe(
        build.assumed.length + build.changes.length,
      );
      results.set(keyOf(build), decide(build) ? 'pass' : 'fail');
    }
  }
  return { landed, ejected, waiting };
}

test('every change lands or goes back, once, whatever the results', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 25 }),
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 6 }),
      fc.infiniteStream(fc.boolean()),
      (count, slots, targets, chances) => {
        const isNear = (a: number, b: number) => a % targets === b % targets;

        const { landed, ejected, waiting } = drive(
          count,
          slots,
          isNear,
          () => chances.next().value ?? true,
        );

        expect(waiting).toEqual([]);
        expect([...landed, ...ejected].sort((a, b) => a - b)).toEqual(
          Array.from({ length: count }, (_, id) => id),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('a change with a fault never lands, and takes no good one back with it when nothing is flaky', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 25 }),
      fc.integer({ min: 1, max: 8 }),
      fc.uniqueArray(fc.integer({ min: 0, max: 24 }), { maxLength: 6 }),
      (count, slots, bad) => {
        const faulty = new Set(bad.filter((id) => id < count));
        const isNear = (a: number, b: number) => a % 3 === b % 3;

        const { landed, ejected } = drive(count, slots, isNear, ({ changes, assumed }) =>
          [...changes, ...assumed].every((id) => !faulty.has(id)),
        );

        expect(landed.filter((id) => faulty.has(id))).toEqual([]);
        expect(ejected.filter((id) => !faulty.has(id))).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});

test('a culprit is found by halving, whatever the order of answers, and asks for few of the suspects', () => {
  fc.assert(
    fc.property(
      fc
        .integer({ min: 1, max: 200 })
        .chain((count) => fc.tuple(fc.constant(count), fc.nat(count - 1))),
      ([count, culprit]) => {
        const suspects = Array.from({ length: count }, (_, place) => `c${place}`);
        const known = new Map<string, 'pass' | 'fail'>([[suspects.at(-1)!, 'fail']]);
        let asked = 0;
        for (;;) {
          const next = bisect(suspects, (sha) => known.get(sha));
          if (next === undefined) throw new Error('nobody to ask');
          if ('culprit' in next) {
            expect(next.culprit).toBe(suspects[culprit]);
            break;
          }
          expect(known.has(next.ask)).toBe(false);
          known.set(next.ask, suspects.indexOf(next.ask) < culprit ? 'pass' : 'fail');
          asked += 1;
        }
        expect(asked).toBeLessThanOrEqual(Math.ceil(Math.log2(count)) + 1);
      },
    ),
  );
  expect(bisect([], () => undefined)).toBeUndefined();
});
