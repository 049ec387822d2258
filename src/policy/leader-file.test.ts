/**
 * Goal: what a leader may write beyond rules and grants behaves as the guide says, and what is wrong is
 * told where it is. Method: small files, changes made for each line.
 */
import { expect, test } from 'vitest';
import type { FileChange } from '#git';
import { NO_CATALOG, parseCatalog } from './catalog.ts';
import type { CompiledPolicy } from './compile.ts';
import { buildFacts, Facts, type FactSources } from './facts.ts';
import { nextFreezeChange } from './freeze-span.ts';
import { judge, type Verdict } from './judge.ts';
import { lintPolicy } from './lint.ts';
import { loadPolicy, loadSources } from './load-policy.ts';
import { ruleInWords } from './rule-words.ts';
import type { ApprovalFact } from './schema.ts';
import { NO_WORK, UNKNOWN_WORK, workFacts } from './work-facts.ts';

const HEAD = 'a'.repeat(40);
const ALONE = { file: '.loom/policy.yaml', organisation: null, catalog: NO_CATALOG };

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

function aPolicy(text: string): CompiledPolicy {
  const { policy, problems } = loadPolicy(`version: 1\n${text}`);
  if (policy === null) throw new Error(JSON.stringify(problems));
  return policy;
}

const emptySources: FactSources = {
  files: [aFile('src/a.ts')],
  headSha: HEAD,
  policyVersion: 'v1',
  authorKind: 'human',
  checks: 'passed',
  owners: new Map(),
  approvals: [],
  editedPolicyProblem: null,
  isPolicyUnreadable: false,
  now: new Date('2026-06-03T12:00:00Z'),
};

function verdict(policy: CompiledPolicy, fields: Partial<FactSources> = {}): Verdict {
  const facts = buildFacts(policy.document, policy.matchers, { ...emptySources, ...fields });
  return judge(policy, facts);
}

function approval(person: string, fields: Partial<ApprovalFact> = {}): ApprovalFact {
  return { person, roles: ['approver'], teams: [], headSha: HEAD, ...fields };
}

const ids = ({ rules }: Verdict) => rules.map(({ id }) => id);

const CATALOG = parseCatalog([
  {
    path: 'services/pay/catalog-info.yaml',
    text: 'kind: Component\nmetadata: { name: pay }\nspec: { owner: "group:default/money" }\n',
  },
  {
    path: '.loom/catalog.yaml',
    text: `kind: Component
metadata: { name: web }
spec: { paths: ["apps/web/**"], owner: team:front, dependsOn: ["component:pay"] }
---
kind: Component
metadata: { name: mobile }
spec: { paths: ["apps/mobile/**"], owner: team:front, dependsOn: ["component:default/web", "resource:db"] }
---
kind: Group
metadata: { name: money }
`,
  },
]);

test.each([
  ['a service', 'tiers: { tier0: [pya] }', 'pay'],
  ['a team', 'rules: [{ id: r, require: { from: "team:mony" } }]', 'team:money'],
])('%s the catalog does not know stops the load with the nearest name', (_what, line, near) => {
  const { problems } = loadSources({ ...ALONE, text: `version: 1\n${line}\n`, catalog: CATALOG });

  expect(problems).toMatchObject([{ line: 2, suggestion: near }]);
  expect(problems[0]?.column).toBeGreaterThan(1);
});

test('services, owners and what depends on them come from the catalog', () => {
  const { policy } = loadSources({
    ...ALONE,
    catalog: CATALOG,
    text: `version: 1
rules:
  - { id: wide, when: { downstream_services: ">=2" }, require: { reviewers: 1, from: owners-of-downstream } }
  - { id: two, when: { services: ">1" }, require: { reviewers: 2 } }
`,
  });

  const far = verdict(policy!, { files: [aFile('services/pay/a.ts')] });
  const near = verdict(policy!, { files: [aFile('apps/web/a.ts')] });
  const both = verdict(policy!, { files: [aFile('apps/web/a.ts'), aFile('apps/mobile/b.ts')] });

  expect(ids(far)).toContain('wide');
  expect(far.missing).toContainEqual({
    rule: 'wide',
    what: '1 approval from owners of services that depend on it',
    who: ['team:front'],
  });
  expect(ids(near)).not.toContain('wide');
  expect(ids(both)).toContain('two');
});

test('a team that holds itself is refused where it does, and told how', () => {
  const { problems } = loadPolicy(`version: 1
teams:
  core: [team:money, ada@acme.example]
  money: [team:core]
rules:
  - { id: r, require: { from: team:core } }
`);

  expect(problems).toMatchObject([
    { line: 3, message: 'The team core holds itself: core -> money -> core' },
  ]);
});

test('groups of the file hold whom they name, nested ones too, and nobody else of that name', () => {
  const policy = aPolicy(`teams:
  core: [ada@acme.example]
  money: { members: [team:core, "github:bo"], zone: Europe/Berlin }
rules:
  - { id: money, require: { reviewers: 1, from: team:money } }
`);
  const by = (fields: Partial<ApprovalFact>) =>
    verdict(policy, { approvals: [approval('usr_1', fields)] }).outcome;

  expect(by({ identities: ['email:ada@acme.example'] })).toBe('ship');
  expect(by({ identities: ['github:bo'] })).toBe('ship');
  expect(by({ teams: ['money'] })).toBe('escalate');
});

test('a role nobody has is refused where the people are known', () => {
  const text = 'version: 1\nrules: [{ id: r, require: { from: "role:securty" } }]\n';
  const directory = { teams: ['security', 'payments'], roles: [] };

  expect(loadSources({ ...ALONE, text }, directory).problems).toMatchObject([
    { line: 2, suggestion: 'role:security' },
  ]);
  expect(loadSources({ ...ALONE, text }).problems).toEqual([]);
});

const WEEKENDS = aPolicy(`freeze:
  - { id: weekends, cron: "Fri 14:00 - Mon 08:00", zone: Europe/Berlin, except: [tag:hotfix] }
`);

test.each([
  ['2026-06-05T11:59:00Z', false],
  ['2026-06-05T12:00:00Z', true],
  ['2026-06-07T12:00:00Z', true],
  ['2026-06-08T05:59:00Z', true],
  ['2026-06-08T06:00:00Z', false],
])('a weekly freeze follows the clocks of its zone: at %s it holds: %s', (at, holds) => {
  expect(verdict(WEEKENDS, { now: new Date(at) }).lane === 'hold').toBe(holds);
});

test('a hotfix goes through a freeze that lets it, and then never without a person', () => {
  const policy = aPolicy(`autonomy:
  all: { paths: ["**"], max_score: 100 }
freeze:
  - { id: weekends, cron: "Fri 14:00 - Mon 08:00", except: [tag:hotfix] }
`);
  const now = new Date('2026-06-06T12:00:00Z');

  expect(verdict(policy, { now }).lane).toBe('hold');
  expect(verdict(policy, { now, marks: ['hotfix'] })).toMatchObject({
    lane: 'one-reviewer',
    outcome: 'escalate',
  });
});

test('where nobody knows the zone of the owners, a freeze holds as soon as it holds anywhere', () => {
  const text = (zone: string) => `services: { shop: { paths: ["src/**"], owner: team:shop } }
teams: { shop: { members: [ada@acme.example]${zone} } }
freeze: [{ id: weekends, cron: "Fri 14:00 - Mon 08:00", zone: local-of-owner }]
`;
  // Friday, 14:00 in Kiritimati, while it is Thursday evening in New York.
  const now = new Date('2026-06-05T00:00:00Z');

  expect(verdict(aPolicy(text('')), { now }).lane).toBe('hold');
  expect(verdict(aPolicy(text(', zone: America/New_York')), { now }).lane).toBe('one-reviewer');
});

test('a freeze by pattern begins when it says and ends after its time', () => {
  const policy = aPolicy(
    'freeze: [{ id: nights, cron: "0 22 * * *", for: 8h, zone: Europe/Berlin, lane: two-person }]\n',
  );
  const laneAt = (at: string) => verdict(policy, { now: new Date(at) }).lane;

  expect(laneAt('2026-06-03T19:59:59Z')).toBe('one-reviewer');
  expect(laneAt('2026-06-03T20:00:00Z')).toBe('two-person');
  expect(laneAt('2026-06-04T03:59:59Z')).toBe('two-person');
  expect(laneAt('2026-06-04T04:00:00Z')).toBe('one-reviewer');
  expect(nextFreezeChange(policy.document.freezes, new Date('2026-06-03T12:00:00Z'))).toEqual(
    new Date('2026-06-03T20:00:00Z'),
  );
});

test.each([
  ['an impossible weekday', 'cron: "Fry 14:00 - Mon 08:00"'],
  ['seconds in a pattern', 'cron: "* * * * * *", for: 1h'],
  ['a pattern without a length', 'cron: "0 14 * * 5"'],
  ['both', 'cron: "Fri 14:00 - Mon 08:00", from: 2026-01-01'],
  ['an unknown zone', 'cron: "Fri 14:00 - Mon 08:00", zone: Europe/Berlni'],
])('a freeze with %s is refused', (_what, span) => {
  expect(loadPolicy(`version: 1\nfreeze: [{ id: f, ${span} }]\n`).problems).toMatchObject([
    { line: 2 },
  ]);
});

test('a ticket that is asked for is missing until it is there, whoever approves', () => {
  const policy = aPolicy('rules: [{ id: sox, require: { reviewers: 1, ticket: true } }]\n');
  const approvals = [approval('usr_1')];

  const without = verdict(policy, { approvals });

  expect(without.outcome).toBe('escalate');
  expect(without.missing.map(({ rule }) => rule)).toEqual(['sox']);
  expect(verdict(policy, { approvals, hasTicket: true }).outcome).toBe('ship');
});

test('who deploys does not satisfy a rule that leaves them out', () => {
  const policy = aPolicy('rules: [{ id: sox, require: { reviewers: 1, not: [deployer] } }]\n');
  const approvals = [approval('usr_1')];

  expect(verdict(policy, { approvals, deployers: ['usr_1'] }).outcome).toBe('escalate');
  expect(verdict(policy, { approvals, deployers: ['usr_2'] }).outcome).toBe('ship');
});

test('expertise asks those who know the files, and anyone where nobody has ranked them', () => {
  const policy = aPolicy('rules: [{ id: big, require: { reviewers: 1, from: expertise } }]\n');
  const approvals = [approval('usr_1')];

  expect(verdict(policy, { approvals, experts: ['usr_2'] }).outcome).toBe('escalate');
  expect(verdict(policy, { approvals, experts: ['usr_1'] }).outcome).toBe('ship');
  expect(verdict(policy, { approvals }).outcome).toBe('ship');
});

const BUDGET = aPolicy(`services: { shop: ["src/**"] }
tiers: { tier1: [shop] }
autonomy:
  tier1: { max_risk_percentile: 60, daily_per_service: 4 }
  agents: { daily_per_agent: 2, needs: [tests-added, ci-green] }
`);

test.each([
  ['nothing is spent', {}, 'ship'],
  ['the service has spent its day', { spent: { 'service:shop': 4 } }, 'one-reviewer'],
  ['an incident has halved it', { spent: { 'service:shop': 2 }, halved: ['shop'] }, 'one-reviewer'],
  ['the bound is tighter than the grant', { ceiling: 3 }, 'one-reviewer'],
  ['an agent brings no tests', { authorKind: 'agent', agent: 'claude' }, 'one-reviewer'],
] as const)('a grant with a budget, when %s', (_what, fields, lane) => {
  const spent = 'spent' in fields ? Object.entries(fields.spent) : [];
  const named = spent.map(([scope, used]) => [`autonomy.tier1 ${scope}`, used] as const);

  expect(verdict(BUDGET, { ...fields, spent: new Map(named) }).lane).toBe(lane);
});

test('an agent with tests ships until its own budget is spent', () => {
  const files = [aFile('src/a.ts'), aFile('src/a.test.ts')];
  const byAgent = { files, authorKind: 'agent', agent: 'claude' } as const;
  const spent = new Map([['autonomy.tier1 agent:claude', 2]]);

  expect(verdict(BUDGET, byAgent).lane).toBe('ship');
  expect(verdict(BUDGET, { ...byAgent, spent }).lane).toBe('one-reviewer');
  expect(verdict(BUDGET, { ...byAgent, agent: 'codex', spent }).lane).toBe('ship');
});

const PROTECTED = aPolicy(`tiers: { tier3: { paths: ["docs/**"] } }
autonomy: { tier3: { max_score: 100 } }
rules: [{ id: pay, when: { paths: "src/Payments/**" }, require: { reviewers: 2 } }]
`);

test.each([
  ['another case', 'SRC/payments/a.ts'],
  ['a full-width letter', 'src/ｐayments/a.ts'],
  ['an unseen character', 'src/pay\u200bments/a.ts'],
  ['a Cyrillic letter', 'src/p\u0430yments/a.ts'],
  ['a mark that turns direction', 'src/pay\u202ements/a.ts'],
])('%s does not take a path out of its rule', (_what, path) => {
  expect(ids(verdict(PROTECTED, { files: [aFile(path)] }))).toContain('pay');
});

test.each([
  ['written in another case', 'Docs/a.md', {}, 'one-reviewer'],
  ['a twin of one', 'docs/re\u0430dme.md', {}, 'one-reviewer'],
  ['a symbolic link', 'docs/a.md', { isSymlink: true }, 'one-reviewer'],
  ['as it is', 'docs/a.md', {}, 'ship'],
  ['in another script altogether', 'docs/документ.md', {}, 'ship'],
])('a granted path %s', (_what, path, fields, lane) => {
  expect(verdict(PROTECTED, { files: [aFile(path, fields)] }).lane).toBe(lane);
});

test('remarks name rules that cannot fire, that add nothing, and grants that ship nothing', () => {
  const { document } = aPolicy(`services: { shop: ["src/**"], ghost: { owner: team:x } }
tiers: { tier0: [shop], tier1: [ghost] }
autonomy:
  tier0: { max_score: 40 }
rules:
  - { id: wild, when: { score: ">100" }, require: { reviewers: 1 } }
  - { id: many, when: { services: ">5" }, require: { reviewers: 1 } }
  - { id: all, when: { tier: tier0 }, require: { reviewers: 2 } }
  - { id: some, when: { tier: tier0, author: agent }, require: { reviewers: 1 } }
`);

  expect(lintPolicy(document).map(({ rule, kind }) => [rule, kind])).toEqual([
    ['wild', 'never-fires'],
    ['many', 'never-fires'],
    ['some', 'shadowed'],
    ['autonomy.tier0', 'no-effect'],
    ['tiers.tier1', 'no-paths'],
  ]);
});

test('a change of a hundred thousand files is held, and quickly', () => {
  const policy = aPolicy(`autonomy: { all: { paths: ["**"], max_score: 100, agents: true } }
rules: [{ id: deep, when: { paths: "a/**/b/**/c*.ts" }, require: { reviewers: 1 } }]
`);
  const files = Array.from({ length: 100_000 }, (_, index) =>
    aFile(`a/${index % 99}/b/c${index}.ts`),
  );

  expect(verdict(policy, { files })).toMatchObject({ lane: 'hold', outcome: 'block', score: 100 });
  expect(verdict(policy, { files: files.slice(0, 15_000) })).toMatchObject({
    outcome: 'escalate',
  });
});

test.each(['{a,b}'.repeat(12), `${'**/x/'.repeat(200)}y`, '*'.repeat(501)])(
  'a pattern that would explode is refused where it stands, or matched in bounds: %s',
  (pattern) => {
    const { policy, problems } = loadPolicy(
      `version: 1\nrules: [{ id: r, when: { paths: "${pattern}" }, require: { reviewers: 1 } }]\n`,
    );

    expect(policy === null).toBe(problems.length > 0);
    if (policy === null) expect(problems[0]?.line).toBe(2);
    else expect(verdict(policy, { files: [aFile('x/'.repeat(900))] }).lane).toBe('one-reviewer');
  },
);

test('labels and priority of the work bring people, an unknown item all of them, and a replay the same', () => {
  const policy = aPolicy(`tiers: { all: { paths: ["**"] } }
autonomy: { all: { max_score: 100 } }
rules:
  - { id: secure, because: security work is seen by two, when: { label: Security }, require: { lane: two-person } }
  - { id: hurry, because: haste errs, when: { priority: [urgent, high] }, require: { lane: two-person } }
tests:
  - { name: labelled, change: { paths: [a.ts], label: security }, expect: { lane: two-person, rules: [secure] } }
  - { name: urgent, change: { paths: [a.ts], priority: urgent }, expect: { lane: two-person, rules: [hurry] } }
  - { name: neither, change: { paths: [a.ts], label: docs, priority: low }, expect: { lane: ship } }
`);
  const laneOf = (work: FactSources['work']) => {
    const { lane, rules } = verdict(policy, { work });
    return [lane, ...rules.map(({ id }) => id).filter((id) => /secure|hurry/.test(id))];
  };

  expect(laneOf(workFacts({ labels: [' SECURITY ', 'ui'], priority: 2 }))).toEqual([
    'two-person',
    'secure',
  ]);
  expect(laneOf(workFacts({ labels: ['insecurity'], priority: 4 }))).toEqual([
    'two-person',
    'hurry',
  ]);
  expect(laneOf(workFacts({ labels: ['ui'], priority: 2 }))).toEqual(['ship']);
  expect(laneOf(UNKNOWN_WORK)).toEqual(['two-person', 'secure', 'hurry']);
  expect(laneOf(NO_WORK)).toEqual(['ship']);
  expect(policy.document.rules.map(ruleInWords)).toEqual([
    'When its work is labelled security: 2 people.',
    'When the priority of its work is urgent or high: 2 people.',
  ]);
  // A verdict of before there were such facts is read as one of no work.
  const { work: _work, ...before } = buildFacts(policy.document, policy.matchers, {
    ...emptySources,
    work: UNKNOWN_WORK,
  });
  expect(Facts.parse(before).work).toEqual(NO_WORK);
  expect(
    loadPolicy(
      'version: 1\nrules: [{ id: x, when: { priority: asap }, require: { reviewers: 1 } }]',
    ).problems,
  ).toMatchObject([{ line: 2 }]);
});
