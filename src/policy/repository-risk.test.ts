/**
 * Goal: where only a clone is at hand, a change is judged by the same learned model as on the server, and
 * past changes by what was known when they landed. Method: a made repository with a past long enough.
 */
import { expect, onTestFinished, test } from 'vitest';
import { openRepository } from '#git';
import { testRepository } from '#testing';
import { backtestOffline, judgeOffline, shipsAloneUnderBound } from './offline.ts';
import { createRepositoryRisk } from './repository-risk.ts';

const LANDED = 110;
const POLICY = `version: 1
autonomy:
  bound: 10%
  src: { paths: ["src/**"], max_score: 100 }
`;

async function madeRepository() {
  const made = await testRepository();
  onTestFinished(() => made[Symbol.asyncDispose]());
  const shas: string[] = [];
  for (let index = 0; index < LANDED; index += 1) {
    const lines = Array.from({ length: 1 + ((index * 7) % 23) }, (_, line) => line + index);
    shas.push(
      await made.commit({
        message: index % 5 === 4 ? 'Fix a wrong value' : 'Add values',
        files: {
          [`src/part${index % 9}/values.ts`]: lines
            .map((line) => `export const value${line} = ${line};\n`)
            .join(''),
          ...(index === 0 ? { '.loom/policy.yaml': POLICY } : {}),
        },
      }),
    );
  }
  const headSha = shas.at(-1)!;
  return { made, shas, headSha, git: openRepository(made.dir) };
}

test('a clone alone gives the learned score: to a branch, a backtest and the share under the bound', async () => {
  const { made, shas, headSha, git } = await madeRepository();
  await made.branch('work');
  const branch = await made.commit({ message: 'Tidy', files: { 'src/new.ts': 'export {};\n' } });

  const answer = await judgeOffline({
    git,
    repository: 'local',
    baseSha: headSha,
    headSha: branch,
    authorKind: 'human',
    checks: 'passed',
    owners: new Map(),
    now: new Date(),
  });
  const report = await backtestOffline({
    git,
    baseSha: headSha,
    text: POLICY,
    since: new Date(0),
    authorKindOf: () => 'human',
    ownersOf: async () => new Map(),
  });
  const found = await shipsAloneUnderBound(git, { repository: 'local', headSha, shas });

  if (answer.isRefused) throw new Error('the policy was refused');
  const { factors, score, facts } = answer.verdict;
  expect(factors[0]).toMatchObject({ name: 'typical-change', value: LANDED });
  expect(factors.reduce((sum, { points }) => sum + points, 0)).toBe(score);
  expect(facts['ceiling']).toBeLessThan(100);
  expect(report.notes.at(-1)).toMatch(/^Risk of \d+ of 110 changes is the learned one/);
  expect(found).toMatchObject({ bound: 0.1, isDeclared: true });
  expect(found.judged).toBeGreaterThan(0);
  expect(found.judged).toBeLessThan(LANDED);
  expect(found.slipped).toBeLessThanOrEqual(found.defects);

  // Begun in the middle, only the end counts, and lines that stood there are nobody's defect.
  const late = createRepositoryRisk('local', 50);
  const defective = new Set<string>();
  await late.catchUp(git, headSha, { newest: 30, onDefect: ({ sha }) => defective.add(sha) });
  expect(late.calibration().changes).toBe(30);
  expect(late.isUsable()).toBe(false);
  expect(shas.slice(0, -30).filter((sha) => defective.has(sha))).toEqual([]);
});
