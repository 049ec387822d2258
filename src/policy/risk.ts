/**
 * Risk score in whole points from 0 to 100: the learned one where the model judged the change, else a
 * sum of a few counted things, for repositories with a short past and changes without production code.
 * No personal factor. More of anything counted never lowers it, except tests, which are evidence.
 */
import type { Facts } from './facts.ts';
import type { RiskFactor } from './schema.ts';

export interface CountedCurve {
  /** Most points, reached at `full`. */
  most: number;
  full: number;
  /** How many cost nothing. */
  free: number;
}

/** Counted factors that grow with a number. */
export const COUNTED_CURVES = {
  'code-lines-added': { most: 30, full: 1_000, free: 0 },
  files: { most: 12, full: 60, free: 1 },
  directories: { most: 8, full: 30, free: 1 },
  'code-lines-deleted': { most: 10, full: 1_000, free: 0 },
} as const satisfies Record<string, CountedCurve>;

/** How far along its curve a value is, 0 to 1: fast at first, at the end at `full` and beyond. */
export function placeOnCurve(value: number, { full, free }: CountedCurve): number {
  return Math.min(1, Math.log2(1 + Math.max(0, value - free)) / Math.log2(1 + full));
}

function rising(name: keyof typeof COUNTED_CURVES, value: number): number {
  const curve = COUNTED_CURVES[name];
  return Math.round(curve.most * placeOnCurve(value, curve));
}

const SENSITIVE_TAGS = ['auth', 'migration', 'infrastructure', 'dependency', 'ci'] as const;

/** The most points of all factors together are 100. */
export function scoreRisk(facts: Facts): { score: number; factors: RiskFactor[] } {
  if (facts.signals.includes('diff-unreadable')) {
    const explanation = 'The diff cannot be read, so it counts as the riskiest.';
    return {
      score: 100,
      factors: [{ name: 'unreadable-diff', value: true, points: 100, explanation }],
    };
  }
  if (facts.risk !== null) return { score: facts.risk.score, factors: facts.risk.factors };
  const sensitive = [...SENSITIVE_TAGS.filter((tag) => facts.tags.includes(tag)), ...facts.data];
  const unseen = (['binary', 'submodule'] as const).filter((tag) => facts.tags.includes(tag));
  const lacksTests = facts.tags.includes('code') && !facts.tags.includes('tests-added');
  const factors: RiskFactor[] = [
    {
      name: 'code-lines-added',
      value: facts.codeLinesAdded,
      points: rising('code-lines-added', facts.codeLinesAdded),
      explanation: `${counted(facts.codeLinesAdded, 'line')} of code added; size is the best single sign of risk.`,
    },
    {
      name: 'files',
      value: facts.files,
      points: rising('files', facts.files),
      explanation: `${counted(facts.files, 'file')} touched.`,
    },
    {
      name: 'directories',
      value: facts.directories,
      points: rising('directories', facts.directories),
      explanation: `Spread over ${counted(facts.directories, 'directory', 'directories')}.`,
    },
    {
      name: 'code-lines-deleted',
      value: facts.codeLinesDeleted,
      points: rising('code-lines-deleted', facts.codeLinesDeleted),
      explanation: `${counted(facts.codeLinesDeleted, 'line')} of existing code removed.`,
    },
    {
      name: 'sensitive-paths',
      value: sensitive.join(', '),
      points: Math.min(20, 7 * sensitive.length),
      explanation:
        sensitive.length === 0 ? 'No sensitive path.' : `Touches ${sensitive.join(', ')}.`,
    },
    {
      name: 'tests',
      value: !lacksTests,
      points: lacksTests ? 8 : 0,
      explanation: lacksTests
        ? 'Code changes without a test.'
        : 'Tests come with it, or no code does.',
    },
    {
      name: 'checks',
      value: facts.checks,
      points: facts.checks === 'passed' ? 0 : 10,
      explanation: facts.checks === 'passed' ? 'Checks passed.' : `Checks: ${facts.checks}.`,
    },
    {
      name: 'unseen-content',
      value: unseen.join(', '),
      points: unseen.length,
      explanation:
        unseen.length === 0
          ? 'All content can be read.'
          : `Content nobody can read: ${unseen.join(', ')}.`,
    },
  ];
  return { score: factors.reduce((sum, { points }) => sum + points, 0), factors };
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
