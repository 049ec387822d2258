/**
 * Goal: a change is decided once per question, by the policy of the protected base, and a policy that
 * cannot be trusted never takes force.
 * Method: the real service on a real database, over real repositories; time is injected.
 */
import { expect, test } from 'vitest';
import { openRepository } from '#git';
import { canonicalJson, createLogger, createNewId } from '#kernel';
import { createLedger } from '#ledger';
import { testClock, testDatabase, testRepository } from '#testing';
import { type ChangeToJudge, createPolicyService } from './service.ts';

const POLICY = `version: 1
autonomy:
  docs: { paths: ["docs/**"], max_score: 40, agents: true, because: Documentation ships alone. }
rules:
  - id: payments
    when: { paths: "pay/**" }
    require: { reviewers: 1, from: team:pay }
    because: Money needs the payments team.
`;
const REPOSITORY = 'acme/shop';

async function open() {
  const database = await testDatabase();
  const made = await testRepository();
  const clock = testClock();
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db: database.db, clock, newId, log, tenant: 'test' });
  const policy = createPolicyService({ db: database.db, ledger, clock, newId, log });
  const git = openRepository(made.dir);

  /** Commits to main and gives the tip. */
  const onMain = (files: Record<string, string | null>) => made.commit({ files });
  /** A change of these files against a base. */
  async function aChange(
    baseSha: string,
    files: Record<string, string | null>,
    fields: Partial<ChangeToJudge> = {},
  ): Promise<ChangeToJudge> {
    await made.branch(newId('chg'), baseSha);
    const headSha = await made.commit({ files });
    await made.switchTo('main');
    return {
      changeId: newId('chg'),
      repository: REPOSITORY,
      git,
      baseSha,
      headSha,
      authorKind: 'agent',
      owners: new Map(),
      approvals: [],
      checks: 'passed',
      ...fields,
    };
  }

  return {
    db: database.db,
    clock,
    git,
    ledger,
    policy,
    newId,
    onMain,
    aChange,
    decide: (change: ChangeToJudge) => policy.decide(change, { correlationId: change.changeId }),
    async typesAbout(subject: string) {
      const page = await ledger.list({ subject, order: 'oldest' });
      return page.items.map(({ type }) => type);
    },
    async [Symbol.asyncDispose]() {
      await made[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

test('a change is judged by the policy of its base, not by its own', async () => {
  await using app = await open();
  const base = await app.onMain({ '.loom/policy.yaml': POLICY, 'docs/a.md': 'one\n' });
  const docs = await app.aChange(base, { 'docs/a.md': 'two\n' });
  const generous = POLICY.replace('docs/**', '**');
  const own = await app.aChange(base, { '.loom/policy.yaml': generous, 'src/a.ts': 'x\n' });

  const shipped = await app.decide(docs);
  const edited = await app.decide(own);

  expect(shipped).toMatchObject({
    lane: 'ship',
    outcome: 'ship',
    policySource: `.loom/policy.yaml@${base}`,
    rules: [{ id: 'autonomy.docs', line: 3, because: 'Documentation ships alone.' }],
  });
  expect(edited).toMatchObject({ lane: 'two-person', outcome: 'escalate' });
});

test('one question gets one decision and one event, however often and concurrently it is asked', async () => {
  await using app = await open();
  const base = await app.onMain({ '.loom/policy.yaml': POLICY });
  const change = await app.aChange(base, { 'src/a.ts': 'x\n' });

  const decisions = await Promise.all([1, 2, 3].map(() => app.decide(change)));

  expect(new Set(decisions.map(({ id }) => id)).size).toBe(1);
  expect(await app.typesAbout(change.changeId)).toEqual(['decision.made']);
  expect(await app.typesAbout(REPOSITORY)).toEqual(['policy.activated']);
});

test('an approval is another question, and what holds again is the latest again', async () => {
  await using app = await open();
  const base = await app.onMain({ '.loom/policy.yaml': POLICY });
  const change = await app.aChange(base, { 'src/a.ts': 'x\n' });
  const approvals = [{ person: 'usr_1', roles: ['approver'], teams: [], headSha: change.headSha }];
  const latest = () => app.db.transaction((tx) => app.policy.latestDecision(tx, change.changeId));

  const asked = await app.decide(change);
  const approved = await app.decide({ ...change, approvals });
  const whenApproved = await latest();
  const withdrawn = await app.decide(change);

  expect(asked).toMatchObject({ outcome: 'escalate', missing: [{ rule: 'default' }] });
  expect(approved).toMatchObject({ outcome: 'ship', lane: 'one-reviewer' });
  expect(whenApproved?.id).toBe(approved.id);
  expect(withdrawn.id).toBe(asked.id);
  expect((await latest())?.id).toBe(asked.id);
  const page = await app.policy.listDecisions({ changeId: change.changeId, limit: 1 });
  expect(page.items).toEqual([asked]);
  expect(
    await app.policy.listDecisions({
      changeId: change.changeId,
      limit: 1,
      cursor: page.nextCursor!,
    }),
  ).toEqual({ items: [approved], nextCursor: null });
});

test('checking a branch gives the same judgement and writes nothing', async () => {
  await using app = await open();
  const base = await app.onMain({ '.loom/policy.yaml': 'version: 1\nrulez: []\n' });
  const { changeId, ...change } = await app.aChange(base, { 'pay/a.ts': 'x\n' });

  const checked = await app.policy.check(change);

  expect(await app.ledger.list({})).toMatchObject({ items: [] });
  const { id: _id, changeId: _changeId, ...decided } = await app.decide({ ...change, changeId });
  expect(checked).toEqual(decided);
});

test('a typo on the base leaves the last good policy in force, visibly', async () => {
  await using app = await open();
  const good = await app.onMain({ '.loom/policy.yaml': POLICY });
  await app.decide(await app.aChange(good, { 'src/a.ts': 'x\n' }));
  const bad = await app.onMain({ '.loom/policy.yaml': POLICY.replace('rules:', 'ruels:') });
  const change = await app.aChange(bad, { 'pay/a.ts': 'x\n' });

  const decision = await app.decide(change);
  await app.decide({ ...change, checks: 'unknown' });
  const summary = await app.policy.activePolicy(REPOSITORY, app.git, bad);

  expect(decision).toMatchObject({
    policySource: `.loom/policy.yaml@${good}`,
    rules: expect.arrayContaining([
      expect.objectContaining({ id: 'payments', line: 5 }),
    ]) as unknown,
  });
  expect(summary).toMatchObject({
    version: decision.policyVersion,
    refused: {
      source: `.loom/policy.yaml@${bad}`,
      problems: [{ line: 4, column: 1, suggestion: 'rules' }],
    },
  });
  expect(await app.typesAbout(REPOSITORY)).toEqual(['policy.activated', 'policy.refused']);
});

test('a first policy with a typo makes everything ask for two people, its correction included', async () => {
  await using app = await open();
  const bad = await app.onMain({ '.loom/policy.yaml': 'version: 1\nruels: []\n' });

  const other = await app.decide(await app.aChange(bad, { 'docs/a.md': 'x\n' }));
  const correction = await app.aChange(bad, { '.loom/policy.yaml': POLICY });
  const approvals = ['usr_1', 'usr_2'].map((person) => ({
    person,
    roles: ['approver'],
    teams: [],
    headSha: correction.headSha,
  }));

  expect(other).toMatchObject({
    lane: 'two-person',
    outcome: 'escalate',
    policySource: 'built-in',
  });
  expect(await app.decide({ ...correction, approvals })).toMatchObject({ outcome: 'ship' });
});

test('a change that would break the policy is held, and told where', async () => {
  await using app = await open();
  const base = await app.onMain({ '.loom/policy.yaml': POLICY });
  const broken = POLICY.replace('reviewers: 1', 'reviewer: 1');

  const decision = await app.decide(await app.aChange(base, { '.loom/policy.yaml': broken }));

  expect(decision).toMatchObject({ lane: 'hold', outcome: 'block' });
  expect(decision.missing[0]?.what).toContain('line 7');
  expect(decision.missing[0]?.what).toContain('Did you mean reviewers?');
});

test('a policy file that is removed takes its rules and grants with it', async () => {
  await using app = await open();
  const first = await app.onMain({ '.loom/policy.yaml': POLICY, 'a.txt': 'a\n' });
  await app.decide(await app.aChange(first, { 'src/a.ts': 'x\n' }));
  const second = await app.onMain({ '.loom/policy.yaml': null });

  const decision = await app.decide(await app.aChange(second, { 'docs/a.md': 'x\n' }));

  expect(decision).toMatchObject({ lane: 'one-reviewer', policySource: 'built-in' });
  expect(await app.typesAbout(REPOSITORY)).toEqual(['policy.activated', 'policy.removed']);
});

test('a policy file of megabytes is refused without being read', async () => {
  await using app = await open();
  const base = await app.onMain({ '.loom/policy.yaml': `version: 1\n#${'x'.repeat(3_000_000)}` });

  const summary = await app.policy.activePolicy(REPOSITORY, app.git, base);

  expect(summary.refused?.problems[0]?.message).toContain('at most');
});

test('two commits that cannot be compared hold the change', async () => {
  await using app = await open();
  const base = await app.onMain({ 'a.txt': 'a\n' });
  const change = await app.aChange(base, { 'src/a.ts': 'x\n' });

  const decision = await app.decide({ ...change, headSha: 'f'.repeat(40) });

  expect(decision).toMatchObject({ lane: 'hold', outcome: 'block', score: 100 });
});

test('any past decision can be made again, byte for byte', async () => {
  await using app = await open();
  const base = await app.onMain({ '.loom/policy.yaml': POLICY });
  const change = await app.aChange(base, { 'pay/a.ts': 'x\n', 'docs/b.md': 'y\n' });
  const decision = await app.decide(change);
  const later = await app.onMain({ '.loom/policy.yaml': POLICY.replace('team:pay', 'team:money') });
  await app.decide(await app.aChange(later, { 'pay/a.ts': 'z\n' }));
  app.clock.advance(400 * 86_400_000);

  const { isIdentical, recorded, replayed } = await app.policy.replay(decision.id);

  expect(isIdentical).toBe(true);
  expect(canonicalJson(replayed)).toBe(canonicalJson(recorded));
  expect(replayed.missing).toMatchObject([{ rule: 'payments', who: ['team:pay'] }]);
});

test('a decision that was altered in the database is found by replaying it', async () => {
  await using app = await open();
  const base = await app.onMain({ 'a.txt': 'a\n' });
  const decision = await app.decide(await app.aChange(base, { 'src/a.ts': 'x\n' }));
  await app.db.query(`update loom.decisions set lane = 'ship', outcome = 'ship' where id = $1`, [
    decision.id,
  ]);

  expect(await app.policy.replay(decision.id)).toMatchObject({ isIdentical: false });
});
