/**
 * Goal: rules only add requirements, only grants lower a lane, approvals only help, nobody counts
 * twice, and the same facts give the same bytes.
 * Method: examples over a small policy; properties over random rules, changes and approvals.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FileChange } from '#git';
import { canonicalJson } from '#kernel';
import { buildFacts, Facts, type FactSources } from './facts.ts';
import { judge, type Verdict } from './judge.ts';
import { BUILT_IN_POLICY, loadPolicy } from './load-policy.ts';
import type { CompiledPolicy } from './compile.ts';
import { type ApprovalFact, LANES } from './schema.ts';

const HEAD = 'a'.repeat(40);
const NOW = new Date('2026-06-01T12:00:00Z');

function aFile(path: string, fields: Partial<FileChange> = {}): FileChange {
  return {
    status: 'modified',
    path,
    addedLines: 5,
    deletedLines: 1,
    isSubmodule: false,
    ...fields,
  };
}

function sources(fields: Partial<FactSources> = {}): FactSources {
  return {
    files: [aFile('src/a.ts')],
    headSha: HEAD,
    policyVersion: 'v1',
    authorKind: 'human',
    checks: 'passed',
    owners: new Map(),
    approvals: [],
    editedPolicyProblem: null,
    isPolicyUnreadable: false,
    now: NOW,
    ...fields,
  };
}

function aPolicy(text: string): CompiledPolicy {
  const { policy, problems } = loadPolicy(`version: 1\n${text}`);
  if (policy === null) throw new Error(JSON.stringify(problems));
  return policy;
}

function verdict(policy: CompiledPolicy, fields: Partial<FactSources> = {}): Verdict {
  return judge(policy, buildFacts(policy.document, policy.matchers, sources(fields)));
}

function approval(person: string, fields: Partial<ApprovalFact> = {}): ApprovalFact {
  return { person, roles: ['approver'], teams: [], headSha: HEAD, ...fields };
}

const ids = ({ rules }: Verdict) => rules.map(({ id }) => id);

test('without a policy everything asks for one reviewer, and one is enough', () => {
  expect(verdict(BUILT_IN_POLICY)).toMatchObject({ lane: 'one-reviewer', outcome: 'escalate' });
  expect(verdict(BUILT_IN_POLICY, { approvals: [approval('usr_1')] })).toMatchObject({
    lane: 'one-reviewer',
    outcome: 'ship',
    missing: [],
  });
});

test('a test that is renamed to something else is a test removed', () => {
  const moved = aFile('src/a.txt', { status: 'renamed', oldPath: 'src/a.test.ts' });
  const kept = aFile('src/b.test.ts', { status: 'renamed', oldPath: 'src/a.test.ts' });
  const tags = (file: FileChange) =>
    buildFacts(BUILT_IN_POLICY.document, BUILT_IN_POLICY.matchers, sources({ files: [file] })).tags;

  expect(tags(moved)).toContain('tests-removed');
  expect(tags(kept)).not.toContain('tests-removed');
});

const GRANT = aPolicy(`autonomy:
  site: { paths: ["site/**"], max_score: 30, because: The site ships alone. }
`);

test('a grant that covers every file ships, in the leader’s words', () => {
  const shipped = verdict(GRANT, { files: [aFile('site/a.ts'), aFile('site/b.ts')] });

  expect(shipped).toMatchObject({ lane: 'ship', outcome: 'ship', missing: [] });
  expect(shipped.rules).toMatchObject([
    { kind: 'grant', line: 3, file: '.loom/policy.yaml', because: 'The site ships alone.' },
  ]);
});

test.each([
  ['one file is outside', { files: [aFile('site/a.ts'), aFile('src/a.ts')] }],
  [
    'a file came from outside',
    { files: [aFile('site/a.ts', { status: 'renamed', oldPath: 'src/a.ts' })] },
  ],
  ['an agent wrote it', { files: [aFile('site/a.ts')], authorKind: 'agent' }],
  ['no check has spoken', { files: [aFile('site/a.ts')], checks: 'unknown' }],
  ['it is too large', { files: [aFile('site/a.ts', { addedLines: 3_000 })] }],
  ['it touches nothing at all', { files: [] }],
] satisfies [string, Partial<FactSources>][])('a grant does not apply when %s', (_what, fields) => {
  expect(verdict(GRANT, fields)).toMatchObject({ lane: 'one-reviewer', outcome: 'escalate' });
});

test.each([
  ['checks failed', { checks: 'failed' }, 'built-in.checks-failed'],
  ['the diff cannot be read', { files: null }, 'built-in.diff-unreadable'],
  [
    'its policy file is invalid',
    { editedPolicyProblem: 'line 1: no' },
    'built-in.edited-policy-invalid',
  ],
] satisfies [string, Partial<FactSources>, string][])(
  'a change is held when %s, whoever approves',
  (_what, fields, rule) => {
    const approvals = ['usr_1', 'usr_2', 'usr_3'].map((person) => approval(person));

    const held = verdict(GRANT, { ...fields, approvals });

    expect(held).toMatchObject({ lane: 'hold', outcome: 'block' });
    expect(ids(held)).toContain(rule);
    expect(held.missing.map((each) => each.rule)).toContain(rule);
  },
);

test.each([
  ['.loom/policy.yaml', 'two-person'],
  ['.loom/workflows/change.yaml', 'two-person'],
  ['.github/CODEOWNERS', 'two-person'],
  ['CLAUDE.md', 'one-reviewer'],
  ['packages/x/AGENTS.md', 'one-reviewer'],
  ['.claude/settings.json', 'one-reviewer'],
  ['.github/workflows/ci.yml', 'one-reviewer'],
])('no grant lets a change of %s ship alone', (path, lane) => {
  const everything = aPolicy('autonomy:\n  all: { paths: ["**"], max_score: 100, agents: true }\n');

  const judged = verdict(everything, { files: [aFile(path)] });

  expect(judged).toMatchObject({ lane, outcome: 'escalate' });
  expect(judged.rules.some(({ file, line }) => file === 'built-in' && line === 0)).toBe(true);
});

test('where the policy was never readable everything needs two people', () => {
  expect(verdict(BUILT_IN_POLICY, { isPolicyUnreadable: true })).toMatchObject({
    lane: 'two-person',
    outcome: 'escalate',
  });
});

const FREEZE = aPolicy(`services:
  pay: ["pay/**"]
tiers:
  tier0: [pay]
freeze:
  - { id: june, from: 2026-06-01T00:00, to: 2026-06-02T00:00, tiers: [tier0] }
`);

test('a freeze holds what it covers while it lasts, and says when it ends', () => {
  const files = [aFile('pay/a.ts')];
  const approvals = [approval('usr_1')];

  const during = verdict(FREEZE, { files, approvals });
  const after = verdict(FREEZE, { files, approvals, now: new Date('2026-06-02T00:00:00Z') });
  const elsewhere = verdict(FREEZE, { approvals });

  expect(during).toMatchObject({ lane: 'hold', outcome: 'block', missing: [{ rule: 'june' }] });
  expect(during.missing[0]?.what).toContain('2026-06-02T00:00:00.000Z');
  expect(after.outcome).toBe('ship');
  expect(elsewhere.outcome).toBe('ship');
});

const TEAMS = aPolicy(`rules:
  - { id: pay, require: { reviewers: 1, from: team:pay } }
  - { id: pay-again, require: { reviewers: 1, from: team:pay } }
  - { id: security, require: { reviewers: 1, from: [role:security, "person:eve@example.com"] } }
`);

test('one person stands for one group only, however many they are in', () => {
  const both = approval('usr_1', { teams: ['pay', 'security'] });

  const alone = verdict(TEAMS, { approvals: [both] });
  const withEve = verdict(TEAMS, {
    approvals: [both, approval('usr_2', { identities: ['email:Eve@example.com'] })],
  });

  expect(alone).toMatchObject({ lane: 'two-person', outcome: 'escalate' });
  expect(alone.missing).toMatchObject([
    { rule: 'security', who: ['person:eve@example.com', 'role:security'] },
  ]);
  expect(withEve).toMatchObject({ lane: 'two-person', outcome: 'ship' });
});

test('people are assigned so that as many groups as possible are satisfied', () => {
  const approvals = [
    approval('usr_1', { teams: ['pay', 'security'] }),
    approval('usr_2', { teams: ['pay'] }),
  ];

  expect(verdict(TEAMS, { approvals })).toMatchObject({ outcome: 'ship', missing: [] });
});

test('every list of owners gives its own consent', () => {
  const policy = aPolicy('rules:\n  - { id: owned, require: { reviewers: 1, from: owners } }\n');
  const files = [aFile('a/x.ts'), aFile('b/y.ts')];
  const owners = new Map([
    ['a/x.ts', ['@acme/alpha']],
    ['b/y.ts', ['@Bob', 'carol@example.com']],
  ]);
  const alpha = approval('usr_1', { teams: ['alpha'] });
  const bob = approval('usr_2', { identities: ['github:bob'] });

  const outcome = (approvals: ApprovalFact[]) =>
    verdict(policy, { files, owners, approvals }).outcome;

  expect(outcome([alpha])).toBe('escalate');
  expect(outcome([bob])).toBe('escalate');
  expect(outcome([alpha, bob])).toBe('ship');
  expect(outcome([approval('usr_3', { teams: ['alpha'], identities: ['github:bob'] })])).toBe(
    'ship',
  );
  expect(verdict(policy, { files, owners }).missing[0]?.who).toEqual([
    '@acme/alpha',
    '@bob',
    'carol@example.com',
  ]);
});

test('an approval counts for its head and policy, and while it is fresh', () => {
  const policy = aPolicy('approvals: { valid_for: 1h }\n');
  const outcome = (fields: Partial<ApprovalFact>) =>
    verdict(policy, { approvals: [approval('usr_1', fields)] }).outcome;

  expect(outcome({ givenAt: new Date('2026-06-01T11:30:00Z') })).toBe('ship');
  expect(outcome({ givenAt: new Date('2026-06-01T10:30:00Z') })).toBe('escalate');
  expect(outcome({})).toBe('escalate');
  expect(outcome({ givenAt: NOW, policyVersion: 'v2' })).toBe('escalate');
  expect(outcome({ givenAt: NOW, policyVersion: 'v1' })).toBe('ship');
  expect(outcome({ givenAt: NOW, headSha: 'b'.repeat(40) })).toBe('escalate');
});

test('a change too large to match file by file counts as touching everything', () => {
  const files = Array.from({ length: 2_500 }, (_, index) => aFile(`site/${index}.ts`));
  const policy = aPolicy(`autonomy:
  site: { paths: ["site/**"], max_score: 100 }
rules:
  - { id: elsewhere, when: { paths: "src/**" }, require: { reviewers: 2 } }
`);

  expect(ids(verdict(policy, { files }))).toContain('elsewhere');
});

// Properties. A world of few names, so that rules, files and people meet often.
const path = fc.constantFrom(
  'src/a.ts',
  'src/auth/login.ts',
  'pay/card/b.ts',
  'site/index.ts',
  'docs/guide.md',
  'db/migrations/1.sql',
  'package.json',
  '.github/workflows/ci.yml',
  '.loom/policy.yaml',
  'AGENTS.md',
);
const file = fc
  .record({ path, added: fc.nat(600), deleted: fc.nat(300) })
  .map((each) => aFile(each.path, { addedLines: each.added, deletedLines: each.deleted }));
const files = fc.uniqueArray(file, { selector: (each) => each.path, maxLength: 6 });
const rule = fc
  .record({
    when: fc.constantFrom(
      'paths: "src/**"',
      'paths: ["pay/**", "docs/**"]',
      'tier: tier0',
      'service: site',
      'data: pci',
      'tags: [auth, migration]',
      'tags: unmapped',
      'author: agent',
      'changed_lines: ">200"',
      'files: ">=3"',
      'score: ">30"',
      'paths: "src/**", files: ">1"',
    ),
    require: fc.constantFrom(
      'reviewers: 1',
      'reviewers: 2',
      'from: team:pay',
      'reviewers: 2, from: [team:pay, role:admin]',
      'from: owners',
      'lane: hold',
    ),
  })
  .map((each) => `when: { ${each.when} }, require: { ${each.require} }`);
const grant = fc
  .record({
    covers: fc.constantFrom('paths: ["**"]', 'paths: ["src/**", "docs/**"]', 'tiers: [tier3]'),
    score: fc.constantFrom(10, 40, 100),
    agents: fc.boolean(),
    lane: fc.constantFrom('ship', 'ship-and-watch'),
  })
  .map(
    (each) =>
      `${each.covers}, max_score: ${each.score}, agents: ${each.agents}, lane: ${each.lane}`,
  );

function compose(grants: readonly string[], rules: readonly string[]): CompiledPolicy {
  return aPolicy(`services: { pay: "pay/**", site: "site/**" }
tiers: { tier0: [pay], tier3: [site] }
data: { pci: { paths: "**/card/**" } }
autonomy:
  none: { paths: "nowhere", max_score: 0 }
${grants.map((each, index) => `  g${index}: { ${each} }`).join('\n')}
rules:
  - { id: none, when: { paths: "nowhere" }, require: { reviewers: 1 } }
${rules.map((each, index) => `  - { id: r${index}, ${each} }`).join('\n')}
`);
}

const author = fc.constantFrom('human' as const, 'assisted' as const, 'agent' as const);
const person = fc
  .record({
    name: fc.constantFrom('usr_1', 'usr_2', 'usr_3', 'usr_4'),
    teams: fc.subarray(['pay', 'site']),
    roles: fc.subarray(['approver', 'admin']),
  })
  .map(({ name, ...rest }) => approval(name, rest));
const people = fc.uniqueArray(person, { selector: (each) => each.person });
const OWNERS = new Map([
  ['src/a.ts', ['@pay']],
  ['site/index.ts', ['usr_2', 'usr_3']],
]);
const STRICTNESS = { ship: 0, escalate: 1, block: 2 };
const laneRank = ({ lane }: Verdict) => LANES.indexOf(lane);

test('adding a rule never yields a milder lane or outcome', () => {
  fc.assert(
    fc.property(
      fc.array(grant, { maxLength: 2 }),
      fc.array(rule, { maxLength: 4 }),
      rule,
      files,
      author,
      people,
      (grants, rules, extra, touched, authorKind, approvals) => {
        const fields = { files: touched, authorKind, approvals, owners: OWNERS };

        const before = verdict(compose(grants, rules), fields);
        const after = verdict(compose(grants, [...rules, extra]), fields);

        expect(laneRank(after)).toBeGreaterThanOrEqual(laneRank(before));
        expect(STRICTNESS[after.outcome]).toBeGreaterThanOrEqual(STRICTNESS[before.outcome]);
      },
    ),
    { numRuns: 40 },
  );
});

test('touching one more path never yields a milder lane or outcome, nor a lower score', () => {
  fc.assert(
    fc.property(
      fc.array(grant, { maxLength: 2 }),
      fc.array(rule, { maxLength: 4 }),
      files.filter((list) => list.length > 0),
      file,
      author,
      (grants, rules, touched, extra, authorKind) => {
        fc.pre(touched.every((each) => each.path !== extra.path));
        const policy = compose(grants, rules);

        const before = verdict(policy, { files: touched, authorKind });
        const after = verdict(policy, { files: [...touched, extra], authorKind });

        expect(laneRank(after)).toBeGreaterThanOrEqual(laneRank(before));
        expect(STRICTNESS[after.outcome]).toBeGreaterThanOrEqual(STRICTNESS[before.outcome]);
        expect(after.score).toBeGreaterThanOrEqual(before.score);
      },
    ),
    { numRuns: 40 },
  );
});

test('one more approval never makes an outcome stricter, and never changes the lane', () => {
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 4 }),
      files,
      people,
      person,
      (rules, touched, approvals, extra) => {
        fc.pre(approvals.every((each) => each.person !== extra.person));
        const policy = compose([], rules);
        const fields = { files: touched, owners: OWNERS };

        const before = verdict(policy, { ...fields, approvals });
        const after = verdict(policy, { ...fields, approvals: [...approvals, extra] });

        expect(after.lane).toBe(before.lane);
        expect(STRICTNESS[after.outcome]).toBeLessThanOrEqual(STRICTNESS[before.outcome]);
        expect(after.missing.length).toBeLessThanOrEqual(before.missing.length);
      },
    ),
    { numRuns: 40 },
  );
});

test('points are whole, sum to the score, and never pass 100', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ path, lines: fc.option(fc.nat(100_000)) }), { maxLength: 200 }),
      fc.constantFrom('passed' as const, 'failed' as const, 'unknown' as const),
      (touched, checks) => {
        const changed = touched.map((each, index) =>
          aFile(`${index}/${each.path}`, { addedLines: each.lines, deletedLines: each.lines }),
        );

        const { score, factors } = verdict(BUILT_IN_POLICY, { files: changed, checks });

        expect(factors.reduce((sum, { points }) => sum + points, 0)).toBe(score);
        expect(factors.every(({ points }) => Number.isInteger(points) && points >= 0)).toBe(true);
        expect(score).toBeLessThanOrEqual(100);
      },
    ),
  );
});

test('facts that were stored and read again give the same bytes', () => {
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 4 }),
      files,
      people,
      author,
      (rules, touched, approvals, authorKind) => {
        const policy = compose(['paths: ["**"], max_score: 40'], rules);
        const fields = { files: touched, approvals, authorKind, owners: OWNERS };
        const facts = buildFacts(policy.document, policy.matchers, sources(fields));

        const stored = Facts.parse(JSON.parse(JSON.stringify(facts)));

        expect(canonicalJson(judge(policy, stored))).toBe(canonicalJson(judge(policy, facts)));
      },
    ),
    { numRuns: 40 },
  );
});
