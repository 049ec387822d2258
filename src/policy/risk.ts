/**
 * Risk score in whole points from 0 to 100: the learned one where the model judged the change, else a
 * sum of a few counted things, for repositories with a short past and changes without production code.
 * No personal factor. More of anything counted never lowers it, except tests, which are evidence.
 */
import type { Facts } from './facts.ts';
import type { RiskFactor } from './schema.ts';

/** Grows fast at first and reaches `most` at `full`. */
function rising(value: number, full: number, most: number): number {
  return Math.min(most, Math.round((most * Math.log2(1 + value)) / Math.log2(1 + full)));
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
      points: rising(facts.codeLinesAdded, 1_000, 30),
      explanation: `${counted(facts.codeLinesAdded, 'line')} of code added; size is the best single sign of risk.`,
    },
    {
      name: 'files',
      value: facts.files,
      points: rising(Math.max(0, facts.files - 1), 60, 12),
      explanation: `${counted(facts.files, 'file')} touched.`,
    },
    {
      name: 'directories',
      value: facts.directories,
      points: rising(Math.max(0, facts.directories - 1), 30, 8),
      explanation: `Spread over ${counted(facts.directories, 'directory', 'directories')}.`,
    },
    {
      name: 'code-lines-deleted',
      value: facts.codeLinesDeleted,
      points: rising(facts.codeLinesDeleted, 1_000, 10),
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
