/**
 * Goal: loops are cut early, work is never cut. Method: small sessions of one kind each, and properties
 * over generated ones.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backtestTrace } from './backtest.ts';
import { createBreaker } from './breaker.ts';
import { NO_BUDGET } from './budget.ts';
import { decodeState, encodeState } from './codec.ts';
import { emptyState } from './state.ts';
import type { BreakerStep, Verdict } from './step.ts';

const stopOf = (steps: BreakerStep[]) => backtestTrace({ id: 't', steps });
const bash = (command: string, result: string, ok = true): BreakerStep => ({
  tool: 'Bash',
  args: { command },
  ok,
  result,
});
const times = <Item>(count: number, make: (index: number) => Item) =>
  Array.from({ length: count }, (_, index) => make(index));

/** Steps as they come: any tool, few distinct calls and results, so that loops do occur. */
const anyStep: fc.Arbitrary<BreakerStep> = fc.record({
  tool: fc.constantFrom('Bash', 'Read', 'Edit', 'Grep', 'say', 'poll', 'TodoWrite', 'user', ''),
  args: fc.oneof(
    fc.record({ command: fc.constantFrom('npm test', 'make', 'ls', 'node a.js', 'sleep 5') }),
    fc.record({
      file_path: fc.constantFrom('a.ts', 'b.ts'),
      old_string: fc.constantFrom('x', 'y'),
      new_string: fc.constantFrom('x', 'y', 'z'),
    }),
    fc.constant(undefined),
    fc.jsonValue(),
  ),
  ok: fc.constantFrom(true, false, undefined),
  result: fc.oneof(
    fc.constantFrom('', 'ok', 'FAIL a\n1 failed', 'error: no such file', undefined),
    fc.jsonValue(),
  ),
  tokens: fc.constantFrom(undefined, 100, 90_000),
});

describe('properties', () => {
  test('a verdict depends on nothing that comes later, and a saved breaker goes on as if never saved', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), fc.nat(60), (steps, cut) => {
        const whole = createBreaker();
        const verdicts = steps.map((step) => whole.observe(step));

        const first = createBreaker();
        const before = steps.slice(0, cut).map((step) => first.observe(step));
        const second = createBreaker({ state: decodeState(encodeState(first.save())) });
        const after = steps.slice(cut).map((step) => second.observe(step));

        expect([...before, ...after]).toEqual(verdicts);
      }),
      { numRuns: 200 },
    );
  });

  test('what it remembers does not grow with the session', () => {
    const breaker = createBreaker();
    let largest = 0;
    for (let index = 0; index < 1_500; index += 1) {
      breaker.observe({
        tool: ['Bash', 'Edit', 'Read', 'say'][index % 4]!,
        args: { command: `run ${index}`, file_path: `f${index}`, content: `c${index}` },
        ok: index % 3 !== 0,
        result: `error ${'abcdefgh'[index % 8]} number ${'x'.repeat(index % 50)}`,
        tokens: index,
      });
      largest = Math.max(largest, encodeState(breaker.save()).length);
    }

    expect(largest).toBeLessThan(12_000);
  });

  test('work in which every step is new and every edit is another is never stopped', () => {
    const work = fc.array(fc.constantFrom('read', 'search', 'edit', 'test', 'act'), {
      maxLength: 150,
    });
    fc.assert(
      fc.property(work, (kinds) => {
        const steps = kinds.map((kind, index): BreakerStep => {
          const name = `module-${index}.ts`;
          if (kind === 'read')
            return { tool: 'Read', args: { file_path: name }, result: `the ${name}` };
          if (kind === 'search')
            return { tool: 'Grep', args: { pattern: name }, result: `hit ${name}` };
          if (kind === 'test') return bash(`npx vitest run ${name}`, `Tests  ${index + 1} passed`);
          if (kind === 'act') return bash(`node build-${index}.js`, `built ${name}`);
          return { tool: 'Write', args: { file_path: name, content: `v${index}` }, result: 'done' };
        });

        expect(stopOf(steps).step).toBeNull();
      }),
      { numRuns: 100 },
    );
  });
});

test.each(['\n', '1', 'FAIL a in ', 'gradlew ', 'node a ', ' --v', '/a', "'a", 'tmp-', '× '])(
  'a long text of %j, made to be slow to read, is judged like any other',
  (part) => {
    const text = part.repeat(30_000 / part.length);

    const judged = [bash('npm test', text, false), bash(text, text, false)].map((step) =>
      createBreaker().observe(step),
    );

    expect(judged).toEqual([{ stage: 'go-on' }, { stage: 'go-on' }]);
  },
);

describe('stages', () => {
  const again = bash('npm install left-pad', 'npm ERR! code E404', false);

  test('a loop is met by a nudge, a refused call, the end of the turn and the end of the session', () => {
    const breaker = createBreaker();
    const stages: Verdict['stage'][] = [];
    for (let trip = 0; trip < 3; trip += 1) {
      stages.push(breaker.observe(again).stage, breaker.observe(again).stage);
      stages.push(breaker.judgeCall(again).stage, breaker.judgeCall(again).stage);
    }

    expect(stages.filter((stage) => stage !== 'go-on')).toEqual(
      'nudge block-call end-turn block-call end-turn block-call end-session'.split(' '),
    );
  });

  test('a call is allowed again once something was changed', () => {
    const breaker = createBreaker();
    times(2, () => breaker.observe(again));
    breaker.observe({
      tool: 'Write',
      args: { file_path: 'package.json', content: '{}' },
      result: 'ok',
    });

    expect(breaker.judgeCall(again)).toEqual({ stage: 'go-on' });
  });

  test('a person who lifts it gives the session all its chances again', () => {
    const breaker = createBreaker({ thresholds: { tripsToEndSession: 1 } });
    times(2, () => breaker.observe(again));
    expect(breaker.observe(again)).toMatchObject({ stage: 'end-session', rule: 'same-call' });

    breaker.lift();

    expect(breaker.observe(again)).toEqual({ stage: 'go-on' });
  });

  test('a verdict names its steps and what to try', () => {
    const verdict = times(3, () => again).map(
      (
        (breaker) => (step: BreakerStep) =>
          breaker.observe(step)
      )(createBreaker()),
    )[2];

    expect(verdict).toEqual({
      stage: 'end-turn',
      rule: 'same-call',
      reason: expect.stringContaining('3 times'),
      advice: expect.stringContaining('Read the error'),
      evidence: [0, 1, 2],
    });
  });
});

describe('budgets', () => {
  test.each([
    ['tokens', { tokens: 1_000 }],
    ['money', { costUsdMicros: 1_000 }],
    ['calls', { calls: 10 }],
    ['minutes', { minutes: 9 }],
  ])('end the session however good the work is: %s', (_what, budget) => {
    const breaker = createBreaker({ budget: { ...NO_BUDGET, ...budget } });
    const stages = times(10, (index) =>
      breaker.observe({
        tool: 'Read',
        args: { file_path: `${index}` },
        result: `${index}`,
        tokens: 100,
        costUsdMicros: 100,
        atMs: index * 60_000,
      }),
    ).map(({ stage }) => stage);

    expect(stages.at(-1)).toBe('end-session');
    expect(stages).toContain('nudge');
    expect(stages.filter((stage) => stage === 'end-session')).toHaveLength(1);
  });

  test('an empty state has spent nothing', () => {
    expect(emptyState().spent).toEqual({
      tokens: 0,
      costUsdMicros: 0,
      calls: 0,
      startedAtMs: null,
    });
  });
});
