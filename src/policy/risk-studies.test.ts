/**
 * Goal: a repository's own history gives its changes a learned score, in the background, once, and a
 * verdict made by it is made again without the model.
 * Method: a real repository of enough commits, a real database, and the policy service over both.
 */
import { expect, onTestFinished, test } from 'vitest';
import { openRepository } from '#git';
import { createLogger, createNewId } from '#kernel';
import { createLedger } from '#ledger';
import { testClock, testDatabase, testRepository } from '#testing';
import { createRiskStudies } from './risk-studies.ts';
import { createPolicyService } from './service.ts';

const file = (index: number, lines: number) =>
  Array.from({ length: lines }, (_, line) => `export const v${index}_${line} = ${line};\n`).join(
    '',
  );

async function setUp() {
  const database = await testDatabase();
  const clock = testClock();
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db: database.db, clock, newId, log, tenant: 'acme' });
  const deps = { db: database.db, ledger, clock, newId, log };
  const repository = await testRepository();
  const risk = createRiskStudies(deps);
  onTestFinished(async () => {
    await risk[Symbol.asyncDispose]();
    await repository[Symbol.asyncDispose]();
  });
  for (let index = 0; index < 104; index += 1)
    await repository.commit({
      message: index % 5 === 4 ? 'Fix a wrong value' : 'Add values',
      files: { [`src/part${index % 9}/values.ts`]: file(index, 1 + ((index * 7) % 23)) },
    });
  const base = await repository.sha();
  await repository.branch('small');
  const small = await repository.commit({ message: 'Tidy', files: { 'src/x.ts': file(1, 1) } });
  await repository.branch('docs', base);
  const docs = await repository.commit({ message: 'Say more', files: { 'README.md': 'More\n' } });
  const git = openRepository(repository.dir);
  const change = (headSha: string) => ({ repository: 'acme/shop', git, baseSha: base, headSha });
  return { deps, risk, change, small, docs, policy: createPolicyService({ ...deps, risk }) };
}

test('a history is learned in the background; then its changes are judged by it, and replay', async () => {
  const { deps, risk, change, small, docs, policy } = await setUp();

  expect(await risk.assess(change(small))).toBeNull();
  await risk.idle();
  const assessed = await risk.assess(change(small));

  expect(assessed?.risk.changes).toBeGreaterThanOrEqual(100);
  const points = assessed!.risk.factors.reduce((sum, factor) => sum + factor.points, 0);
  expect(points).toBe(assessed!.risk.score);
  expect(assessed!.ceiling(0.2)).toBeGreaterThanOrEqual(assessed!.ceiling(0.05));
  expect(await risk.assess(change(docs))).toBeNull();
  const events = await deps.db.query(
    `select 1 from loom.events where type = 'risk.calibrated' and subject = 'acme/shop'`,
  );
  expect(events).toHaveLength(1);

  const decision = await policy.decide(
    {
      ...change(small),
      changeId: deps.newId('chg'),
      authorKind: 'human',
      owners: new Map(),
      approvals: [],
      checks: 'passed',
    },
    { correlationId: 'test' },
  );
  expect(decision.score).toBe(assessed!.risk.score);
  expect(decision.factors[0]?.name).toBe('typical-change');
  const explanation = await policy.explain(decision.id);
  expect(explanation?.kind).toBe('learned');
  expect(explanation?.ranks?.changes).toBe(assessed!.risk.changes);
  expect(explanation!.factors.map(({ points }) => points)).toEqual(
    decision.factors.map(({ points }) => points),
  );
  for (const { name, curve } of explanation!.factors)
    expect([name, curve === null]).toEqual([name, name === 'typical-change']);
  expect(explanation?.reliability).toMatchObject({ bins: [], error: null });
  expect((await createPolicyService(deps).replay(decision.id)).isIdentical).toBe(true);
});
