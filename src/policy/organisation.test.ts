/**
 * Goal: the organisation's policy is published by those the old one asks for, holds above every
 * repository, and every version stays; budgets are not overdrawn; past verdicts come out the same.
 * Method: the real service on a real database over a real repository; time is injected.
 */
import { expect, test } from 'vitest';
import { type GitRepository, openRepository } from '#git';
import { canonicalJson, createLogger, createNewId } from '#kernel';
import { createLedger } from '#ledger';
import { testClock, testDatabase, testRepository } from '#testing';
import type { Leader } from './organisation.ts';
import { type ChangeToJudge, createPolicyService } from './service.ts';

const REPOSITORY = 'acme/shop';
const ACTOR = { kind: 'system', id: 'test' } as const;

async function open() {
  const database = await testDatabase();
  const made = await testRepository();
  const clock = testClock();
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db: database.db, clock, newId, log, tenant: 'test' });
  const policy = createPolicyService({ db: database.db, ledger, clock, newId, log });
  const git = openRepository(made.dir);

  async function aChange(
    files: Record<string, string | null>,
    fields: Partial<ChangeToJudge> = {},
  ): Promise<ChangeToJudge> {
    const baseSha = await made.sha('main');
    await made.branch(newId('chg'), baseSha);
    const headSha = await made.commit({ files });
    await made.switchTo('main');
    return {
      changeId: newId('chg'),
      repository: REPOSITORY,
      git,
      baseSha,
      headSha,
      authorKind: 'human',
      owners: new Map(),
      approvals: [],
      checks: 'passed',
      ...fields,
    };
  }

  return {
    policy,
    ledger,
    newId,
    clock,
    git,
    made,
    aChange,
    onMain: (files: Record<string, string | null>) => made.commit({ files }),
    decide: (change: ChangeToJudge) => policy.decide(change, { correlationId: change.changeId }),
    async [Symbol.asyncDispose]() {
      await made[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

function leader(name: string, teams: string[] = []): Leader {
  return { id: `usr_${name}`, name, roles: ['admin'], teams, identities: [] };
}

const [ADA, BO, CY] = [leader('ada'), leader('bo'), leader('cy', ['board'])];
const findLeader = async (id: string) => [ADA, BO, CY].find((one) => one.id === id);
const GRANTING = `version: 1
autonomy: { docs: { paths: ["docs/**"], max_score: 60 } }
`;

test('the first version takes force at once, the next needs another leader, and all stay', async () => {
  await using app = await open();
  const { policy } = app;

  const first = await policy.proposeOrganisationPolicy(
    { text: GRANTING, reason: 'Documents may ship' },
    ADA,
    ACTOR,
  );
  const second = await policy.proposeOrganisationPolicy(
    { text: 'version: 1\nrules: []\n', reason: 'Nothing ships any more' },
    ADA,
    ACTOR,
  );
  const alone = policy.endorseOrganisationPolicy(second.version, ADA, ACTOR, findLeader);
  await expect(alone).rejects.toMatchObject({ code: 'policy.own_proposal' });
  const endorsed = await policy.endorseOrganisationPolicy(second.version, BO, ACTOR, findLeader);
  const versions = await policy.listOrganisationPolicies();

  expect(first.state).toBe('active');
  expect(second).toMatchObject({ state: 'proposed', judgedBy: first.version });
  expect(endorsed).toMatchObject({ state: 'active', approvals: [{ personName: 'bo' }] });
  expect(versions.map(({ state, reason, authorName }) => [state, reason, authorName])).toEqual([
    ['active', 'Nothing ships any more', 'ada'],
    ['replaced', 'Documents may ship', 'ada'],
  ]);
  const events = await app.ledger.list({ subject: 'organisation', order: 'oldest' });
  expect(events.items.map(({ type }) => type)).toEqual([
    'policy.proposed',
    'policy.published',
    'policy.proposed',
    'policy.endorsed',
    'policy.published',
  ]);
});

test('the old version says who has to agree, and a new one cannot say otherwise', async () => {
  await using app = await open();
  const { policy } = app;
  const strict = `version: 1
rules: [{ id: self, when: { paths: ".loom/policy.yaml" }, require: { reviewers: 1, from: team:board } }]
`;
  await policy.proposeOrganisationPolicy({ text: strict, reason: 'The board agrees' }, ADA, ACTOR);
  const draft = { text: 'version: 1\nrules: []\n', reason: 'Without the board' };
  const { version } = await policy.proposeOrganisationPolicy(draft, ADA, ACTOR);

  const withBo = await policy.endorseOrganisationPolicy(version, BO, ACTOR, findLeader);
  const withBoard = await policy.endorseOrganisationPolicy(version, CY, ACTOR, findLeader);

  expect(withBo.state).toBe('proposed');
  expect(withBoard.state).toBe('active');
});

test('a token made by one leader does not speak for another', async () => {
  await using app = await open();
  const { policy } = app;
  await policy.proposeOrganisationPolicy({ text: GRANTING, reason: 'Begin here' }, ADA, ACTOR);
  const draft = { text: 'version: 1\nrules: []\n', reason: 'Nothing ships any more' };
  const { version } = await policy.proposeOrganisationPolicy(draft, ADA, ACTOR);
  const borrowed = { ...BO, tokenMadeBy: app.newId('usr') };

  const endorsed = policy.endorseOrganisationPolicy(version, borrowed, ACTOR, findLeader);
  const proposed = policy.proposeOrganisationPolicy(draft, borrowed, ACTOR);

  await expect(endorsed).rejects.toMatchObject({ code: 'policy.borrowed_token' });
  await expect(proposed).rejects.toMatchObject({ code: 'policy.borrowed_token' });
});

test('a text that cannot take force is not proposed, nor one that is in force', async () => {
  await using app = await open();
  const { policy } = app;
  await policy.proposeOrganisationPolicy({ text: GRANTING, reason: 'Begin here' }, ADA, ACTOR);
  const propose = (text: string, reason = 'Because of this') =>
    policy.proposeOrganisationPolicy({ text, reason }, ADA, ACTOR);

  await expect(propose('version: 1\nrulez: []\n')).rejects.toMatchObject({
    code: 'policy.invalid',
    hint: 'Did you mean rules?',
  });
  await expect(propose(GRANTING)).rejects.toMatchObject({ code: 'policy.unchanged' });
  await expect(propose('version: 1\nrules: []\n', 'x')).rejects.toMatchObject({
    code: 'policy.bad_reason',
  });
});

test('the published policy holds where a repository has no file, and below it one only tightens', async () => {
  await using app = await open();
  const base = await app.onMain({ 'docs/a.md': 'one\n' });
  const docs = await app.aChange({ 'docs/a.md': 'two\n' });
  const before = await app.decide(docs);
  const moment = await app.policy.moment(REPOSITORY, app.git, base);
  await app.policy.proposeOrganisationPolicy({ text: GRANTING, reason: 'Ship docs' }, ADA, ACTOR);

  const published = await app.decide(docs);
  await app.onMain({
    '.loom/policy.yaml': `version: 1
rules: [{ id: eyes, when: { paths: "docs/**" }, require: { reviewers: 1 } }]
`,
  });
  const tightened = await app.decide(await app.aChange({ 'docs/a.md': 'three\n' }));

  expect(before.lane).toBe('one-reviewer');
  expect(published).toMatchObject({ lane: 'ship', policySource: 'organisation policy@1' });
  expect(await app.policy.moment(REPOSITORY, app.git, base)).not.toBe(moment);
  expect(tightened).toMatchObject({ lane: 'one-reviewer' });
  expect(tightened.rules.map(({ id, file }) => [id, file])).toEqual([
    ['autonomy.docs', 'organisation policy'],
    ['eyes', '.loom/policy.yaml'],
  ]);
  for (const decision of [before, published, tightened]) {
    expect((await app.policy.replay(decision.id)).isIdentical).toBe(true);
  }
});

test('of many changes at once no more ship than the day has room for, and each keeps its place', async () => {
  await using app = await open();
  await app.onMain({
    '.loom/policy.yaml': `version: 1
services: { docs: ["docs/**"] }
tiers: { tier3: [docs] }
autonomy: { tier3: { max_score: 100, daily_per_service: 2 } }
`,
  });
  const first = await app.aChange({ 'docs/a.md': 'a\n' });
  const changes = [1, 2, 3, 4, 5].map(() => ({ ...first, changeId: app.newId('chg') }));

  const decisions = await Promise.all(changes.map((change) => app.decide(change)));
  const again = await Promise.all(changes.map((change) => app.decide(change)));
  app.clock.advance(86_400_000);
  const tomorrow = await app.decide(changes.find((_, at) => decisions[at]?.outcome !== 'ship')!);

  const outcomes = decisions.map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome === 'ship')).toHaveLength(2);
  expect(again.map(({ outcome }) => outcome)).toEqual(outcomes);
  expect(tomorrow.outcome).toBe('ship');
});

/** The same repository, asked once for what never changes. */
function remembering(git: GitRepository): GitRepository {
  const known = new Map<string, Promise<unknown>>();
  const once = <Value>(key: string, read: () => Promise<Value>): Promise<Value> => {
    if (!known.has(key)) known.set(key, read());
    return known.get(key) as Promise<Value>;
  };
  return {
    ...git,
    changedFiles: (...args) => once(`files ${args.join()}`, () => git.changedFiles(...args)),
    patch: (...args) => once(`patch ${args.join()}`, () => git.patch(...args)),
    readText: (...args) => once(`text ${args.join()}`, () => git.readText(...args)),
  };
}

test('five hundred past verdicts come out the same, byte for byte, under the policies of their time', async () => {
  await using app = await open();
  const policyOf = (lines: number) => `version: 1
services: { pay: ["src/pay/**"], web: ["src/web/**"] }
tiers: { tier0: [pay], tier2: [web] }
autonomy: { tier0: never, tier2: { max_score: ${30 + lines}, daily_per_service: 9, agents: true } }
rules:
  - { id: big, when: { changed_lines: ">${lines}" }, require: { reviewers: 2, ticket: true } }
  - { id: eyes, when: { author: agent, tags: [tests-weakened, secrets] }, require: { reviewers: 1, from: owners } }
freeze: [{ id: weekends, cron: "Fri 14:00 - Mon 08:00", zone: Europe/Berlin }]
`;
  const git = remembering(app.git);
  const questions: ChangeToJudge[] = [];
  for (const lines of [2, 5, 40]) {
    await app.onMain({ '.loom/policy.yaml': policyOf(lines) });
    questions.push(
      await app.aChange({ 'src/web/a.ts': 'x\n'.repeat(50), 'e.txt': 'e\n' }),
      await app.aChange({ 'src/web/b.ts': 'export const b = 1;\n' }),
      await app.aChange({ 'src/pay/b.test.ts': 'it.skip("b", () => {});\n' }),
    );
  }
  const ids: Parameters<typeof app.policy.replay>[0][] = [];
  for (let index = 0; index < 500; index += 1) {
    const question = questions[index % questions.length]!;
    const { headSha } = question;
    app.clock.advance(3_600_000);
    const decision = await app.decide({
      ...question,
      git,
      changeId: app.newId('chg'),
      authorKind: (['human', 'assisted', 'agent'] as const)[index % 3]!,
      checks: (['passed', 'passed', 'unknown', 'failed'] as const)[index % 4]!,
      owners: new Map([['src/pay/b.test.ts', ['@Ada', `team:t${index % 2}`]]]),
      approvals:
        index % 5 === 0
          ? [{ person: 'usr_1', roles: ['approver'], teams: ['t1'], headSha, givenAt: new Date() }]
          : [],
      evidence: { hasTicket: index % 2 === 0, agent: `agent-${index % 3}` },
    });
    ids.push(decision.id);
  }
  const replays: Awaited<ReturnType<typeof app.policy.replay>>[] = [];
  for (const id of ids) replays.push(await app.policy.replay(id));

  expect(replays.filter(({ isIdentical }) => isIdentical)).toHaveLength(500);
  expect(
    replays.every(({ recorded, replayed }) => canonicalJson(recorded) === canonicalJson(replayed)),
  ).toBe(true);
  // The history is worth its name: it holds every kind of answer.
  const lanes = new Set(replays.map(({ recorded }) => recorded.lane));
  expect([...lanes].sort()).toEqual(['hold', 'one-reviewer', 'ship', 'two-person']);
}, 240_000);
