import { array, assert, double, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { changeClassOf, touchesOperations } from '../change-class.ts';
import { type AutonomyThreshold, ceilingByScores, limitsFor } from './thresholds.ts';

test('a change is of the class of its riskiest file', () => {
  const classOf = (...paths: string[]) => changeClassOf(paths.map((path) => ({ path })));

  expect(classOf('README.md', 'src/a.test.ts')).toBe('docs-and-tests');
  expect(classOf('README.md', '.github/workflows/ci.yml')).toBe('operations');
  expect(classOf('package.json', 'src/pay/charge.ts')).toBe('code');
  // A document that steers machines, an example that runs, and what nobody can see.
  expect(classOf('AGENTS.md')).toBe('operations');
  expect(classOf('examples/run.ts')).toBe('operations');
  expect(classOf()).toBe('code');
  expect(changeClassOf([{ path: 'docs/a.md', oldPath: 'src/a.ts' }])).toBe('code');
  expect(touchesOperations([{ path: 'src/a.ts' }, { path: 'Dockerfile' }])).toBe(true);
});

test('at most the declared share of the harmful changes lies at or below the ceiling', () => {
  assert(
    property(
      array(integer({ min: 0, max: 100 }), { minLength: 15, maxLength: 80 }),
      double({ min: 0, max: 0.6, noNaN: true }),
      (scores, bound) => {
        const sorted = scores.toSorted((a, b) => a - b);
        const ceiling = ceilingByScores(sorted, bound)!;

        const slipping = sorted.filter((score) => score <= ceiling && score > 0).length;
        expect(slipping).toBeLessThanOrEqual(bound * (sorted.length + 1));
      },
    ),
  );
  expect(ceilingByScores([1, 2, 3], 0.5)).toBeNull();
});

test('the tightest of the thresholds that concern a change counts, and none of another class', () => {
  const at = (changeClass: string, tier: string, tightening: number): AutonomyThreshold => ({
    repository: 'acme/shop',
    changeClass,
    tier,
    boundPerMille: 100,
    landed: 20,
    shippedAlone: 10,
    defects: 15,
    slipped: 5,
    tightening,
    ceiling: null,
    phase: 'warm',
    alarmSince: null,
    changedAt: new Date(0),
  });
  const assessed = {
    risk: null as never,
    knownDefects: 40,
    ceiling: (bound: number) => bound * 1e3,
  };
  const limits = (tiers: string[]) =>
    limitsFor(
      [at('*', '*', 1), at('code', '*', 0.8), at('code', 'tier1', 0.5), at('operations', '*', 0.1)],
      { changeClass: 'code', tiers, touchesOperations: false },
      { boundPerMille: 100, assessed },
    );

  expect(limits([]).ceiling).toBeCloseTo(80);
  expect(limits(['tier1', 'tier2']).ceiling).toBeCloseTo(50);
  expect(limits([]).isCold).toBe(false);
});
