/**
 * Goal: a repository below an organisation's policy can never be milder than that policy; more of what
 * is risky never gives a milder lane; whatever goes wrong in the engine or the facts never ships.
 * Method: random organisations, repositories, changes and broken facts.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FileChange } from '#git';
import { NO_CATALOG, parseCatalog } from './catalog.ts';
import type { CompiledPolicy } from './compile.ts';
import { buildFacts, type Facts, type FactSources } from './facts.ts';
import { judge } from './judge.ts';
import { loadPolicy, loadSources } from './load-policy.ts';
import { LANES } from './schema.ts';

const PATHS = [
  'src/pay/a.ts',
  'src/web/b.ts',
  'docs/c.md',
  'db/d.sql',
  'e.txt',
  'src/pay/x.test.ts',
];
const PATTERNS = ['src/**', 'src/pay/**', 'docs/**', '**/*.sql', '**'];
const TAGS = ['auth', 'migration', 'unmapped', 'code', 'tests-weakened', 'docs'];
const RUNS = { numRuns: 60 };

const aCondition = fc
  .record(
    {
      paths: fc.constantFrom(...PATTERNS),
      tags: fc.constantFrom(...TAGS),
      author: fc.constantFrom('agent', 'human'),
      label: fc.constantFrom('security', '[security, "Big Bug"]'),
      priority: fc.constantFrom('urgent', '[urgent, high]'),
      changed_lines: fc.integer({ min: 1, max: 300 }).map((n) => `">${n}"`),
      score: fc.integer({ min: 1, max: 90 }).map((n) => `">=${n}"`),
    },
    { requiredKeys: [] },
  )
  .map((fields) =>
    Object.entries(fields)
      .map(([key, value]) => `${key}: ${key === 'paths' ? `"${value}"` : value}`)
      .join(', '),
  );

const aRequirement = fc.constantFrom(
  'reviewers: 1',
  'reviewers: 2',
  'from: team:pay',
  'lane: hold',
  'ticket: true',
  'lane: two-person',
);

const someRules = (prefix: string) =>
  fc
    .array(fc.tuple(aCondition, aRequirement), { maxLength: 4 })
    .map((rules) =>
      rules
        .map(
          ([when, require], index) =>
            `  - { id: ${prefix}${index}, when: { ${when} }, require: { ${require} } }`,
        )
        .join('\n'),
    )
    .map((text) => (text === '' ? '' : `rules:\n${text}\n`));

const someGrants = (prefix: string) =>
  fc
    .array(
      fc.record({
        path: fc.constantFrom(...PATTERNS),
        score: fc.integer({ min: 0, max: 100 }),
        agents: fc.boolean(),
        budget: fc.option(fc.integer({ min: 0, max: 3 })),
      }),
      { maxLength: 3 },
    )
    .map((grants) =>
      grants
        .map(
          ({ path, score, agents, budget }, index) =>
            `  ${prefix}g${index}: { paths: ["${path}"], max_score: ${score}, agents: ${agents}${budget === null ? '' : `, daily_per_service: ${budget}`} }`,
        )
        .join('\n'),
    )
    .map((text) => (text === '' ? '' : `autonomy:\n${text}\n`));

const aDefault = fc.constantFrom('', 'default: { lane: two-person }\n');
/** A tier that a repository adds, which its own grants may use. */
const someNames = fc.constantFrom(
  '',
  'services: { own: ["src/**"] }\ntiers: { mine: [own] }\n',
  'data: { secret: { paths: ["docs/**"] } }\n',
);

const anOrganisation = fc
  .tuple(aDefault, someGrants('o'), someRules('o'))
  .map((parts) => `version: 1\n${parts.join('')}`);
const aRepository = fc
  .tuple(aDefault, someNames, someGrants('r'), someRules('r'))
  .map((parts) => `version: 1\n${parts.join('')}`);

const aFile = fc.record({
  status: fc.constantFrom('modified', 'added', 'deleted'),
  path: fc.constantFrom(...PATHS),
  addedLines: fc.option(fc.integer({ min: 0, max: 400 })),
  deletedLines: fc.integer({ min: 0, max: 100 }),
  isSubmodule: fc.constant(false),
}) satisfies fc.Arbitrary<FileChange>;

const aChange = fc.record({
  files: fc.uniqueArray(aFile, { selector: ({ path }) => path, maxLength: 4 }),
  authorKind: fc.constantFrom('human', 'assisted', 'agent'),
  checks: fc.constantFrom('passed', 'failed', 'unknown'),
  hasTicket: fc.boolean(),
  work: fc.record({
    labels: fc.subarray(['security', 'big bug', 'other']),
    priority: fc.constantFrom('urgent' as const, 'low' as const, null),
    isUnknown: fc.boolean(),
  }),
  ceiling: fc.integer({ min: 0, max: 100 }),
}) satisfies fc.Arbitrary<Partial<FactSources>>;

function factsOf(policy: CompiledPolicy, fields: Partial<FactSources>): Facts {
  return buildFacts(policy.document, policy.matchers, {
    files: [],
    headSha: 'a',
    policyVersion: policy.version,
    authorKind: 'human',
    checks: 'passed',
    owners: new Map(),
    approvals: [],
    editedPolicyProblem: null,
    isPolicyUnreadable: false,
    now: new Date('2026-06-03T12:00:00Z'),
    ...fields,
  });
}

const strictness = (lane: (typeof LANES)[number]) => LANES.indexOf(lane);

function below(organisation: string, repository: string) {
  return loadSources({
    text: repository,
    file: '.loom/policy.yaml',
    organisation: { text: organisation, file: 'organisation policy' },
    catalog: NO_CATALOG,
  });
}

test('a repository below an organisation is never milder than the organisation alone', () => {
  let compared = 0;
  fc.assert(
    fc.property(anOrganisation, aRepository, aChange, (organisation, repository, change) => {
      const above = loadPolicy(organisation).policy!;
      const { policy: both } = below(organisation, repository);
      // A default that would be looser is refused, which is as strict as can be.
      if (both === null) return;
      compared += 1;

      const alone = judge(above, factsOf(above, change));
      const joined = judge(both, factsOf(both, change));

      expect(strictness(joined.lane)).toBeGreaterThanOrEqual(strictness(alone.lane));
      if (joined.outcome === 'ship') expect(alone.outcome).toBe('ship');
    }),
    RUNS,
  );
  expect(compared).toBeGreaterThan(RUNS.numRuns / 4);
});

test.each([
  ['redefines a tier', 'services: { a: ["x/**"] }\ntiers: { tier3: [a] }', 3, 'tier3'],
  ['redefines a service', 'services: { site: ["**"] }', 2, 'site'],
  ['loosens the default', 'default: { lane: one-reviewer }', 2, 'default lane'],
  ['keeps approvals longer', 'approvals: { valid_for: 100h }', 2, 'longer'],
  ['keeps approvals on pushes', 'approvals: { stale_on: code-change }', 2, 'longer'],
  ['takes over overrides', 'override: { by: role:leads }', 2, 'override'],
  ['says who a team is that is asked for', 'teams: { board: [eve] }', 2, 'board'],
  ['says so in other letters', 'teams: { Board: [eve] }', 2, 'Board'],
  ['says who an asked team is by a role', 'roles: { board: [eve] }', 2, 'board'],
  ['says who has a role that is asked for', 'roles: { admin: [eve] }', 2, 'admin'],
  ['takes the id of a rule', 'rules: [{ id: big, require: { reviewers: 1 } }]', 2, 'twice'],
])('a repository that %s is refused', (_what, text, line, word) => {
  const organisation = `version: 1
default: { lane: two-person }
services: { site: ["site/**"] }
tiers: { tier3: [site] }
rules:
  - { id: big, when: { files: ">9" }, require: { reviewers: 1 } }
  - { id: board, when: { files: ">19" }, require: { reviewers: 1, from: [team:acme/board, role:admin] } }
approvals: { valid_for: 72h }
`;

  const { problems } = below(organisation, `version: 1\n${text}\n`);

  expect(problems).toMatchObject([{ line }]);
  expect(problems[0]?.message).toContain(word);
});

test('a tier that a repository adds takes no file out of what the organisation calls unmapped', () => {
  const organisation = `version: 1
services: { site: ["site/**"] }
autonomy: { all: { paths: ["**"], max_score: 100 } }
rules: [{ id: nowhere, when: { tags: unmapped }, require: { reviewers: 1 } }]
`;
  const { policy } = below(organisation, 'version: 1\nservices: { own: ["src/**"] }\n');
  const files = [
    { status: 'modified', path: 'src/a.ts', addedLines: 1, deletedLines: 0, isSubmodule: false },
  ] as const;

  expect(judge(policy!, factsOf(policy!, { files })).rules.map(({ id }) => id)).toContain(
    'nowhere',
  );
});

test('an organisation names services of all repositories, whichever a catalog knows here', () => {
  const organisation = `version: 1
tiers: { tier0: [payments], tier3: [site] }
autonomy: { tier3: { max_score: 100 } }
`;
  const path = 'web/catalog-info.yaml';
  const catalog = parseCatalog([{ path, text: 'kind: Component\nmetadata: { name: site }\n' }]);
  const { policy, problems } = loadSources({
    text: null,
    file: '.loom/policy.yaml',
    organisation: { text: organisation, file: 'organisation policy' },
    catalog,
  });
  const laneOf = (changed: string) => {
    const file = { status: 'modified', path: changed, addedLines: 1, deletedLines: 0 } as const;
    return judge(policy!, factsOf(policy!, { files: [{ ...file, isSubmodule: false }] })).lane;
  };

  expect(problems).toEqual([]);
  expect([laneOf('web/a.ts'), laneOf('payments/a.ts')]).toEqual(['ship', 'one-reviewer']);
});

test('what a repository grants alone ships nothing, what both grant ships', () => {
  const files = [
    { status: 'modified', path: 'docs/a.md', addedLines: 1, deletedLines: 0, isSubmodule: false },
  ] as const;
  const grants = 'version: 1\nautonomy: { docs: { paths: ["docs/**"], max_score: 50 } }\n';
  const grantsOther = 'version: 1\nautonomy: { src: { paths: ["src/**"], max_score: 50 } }\n';
  const laneOf = (organisation: string, repository: string) => {
    const { policy } = below(organisation, repository);
    return judge(policy!, factsOf(policy!, { files })).lane;
  };

  expect(laneOf('version: 1\nrules: []\n', grants)).toBe('one-reviewer');
  expect(laneOf(grants, 'version: 1\nrules: []\n')).toBe('ship');
  expect(laneOf(grants, grants)).toBe('ship');
  expect(laneOf(grants, grantsOther)).toBe('one-reviewer');
});

test('more of what is risky never gives a milder lane', () => {
  fc.assert(
    fc.property(
      anOrganisation,
      aChange,
      fc.record({
        file: aFile,
        checks: fc.constantFrom('failed', 'unknown'),
        ceiling: fc.integer({ min: 0, max: 100 }),
        isHalved: fc.boolean(),
      }),
      (text, change, more) => {
        const policy = loadPolicy(text).policy!;
        const isNew = change.files.every(({ path }) => path !== more.file.path);
        const riskier: Partial<FactSources> = {
          ...change,
          files: isNew ? [...change.files, more.file] : change.files,
          checks: change.checks === 'passed' ? more.checks : change.checks,
          ceiling: Math.min(change.ceiling, more.ceiling),
          halved: more.isHalved ? ['*'] : [],
        };
        // Tests that come with a change are evidence for it, and may lower its score.
        if (riskier.files!.some(({ path }) => path.includes('.test.'))) return;

        const before = judge(policy, factsOf(policy, change));
        const after = judge(policy, factsOf(policy, riskier));

        expect(strictness(after.lane)).toBeGreaterThanOrEqual(
          change.files.length === 0 ? 0 : strictness(before.lane),
        );
      },
    ),
    RUNS,
  );
});

/** Facts as no builder makes them: what an error of ours could hand over. */
const aBreak: fc.Arbitrary<(facts: Facts) => unknown> = fc.oneof(
  fc
    .constantFrom<keyof Facts>('tags', 'services', 'changedLines', 'matches', 'ceiling')
    .map((key) => (facts: Facts) => ({ ...facts, [key]: undefined })),
  fc
    .constantFrom<keyof Facts>('changedLines', 'files', 'ceiling', 'codeLinesAdded')
    .chain((key) =>
      fc
        .constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 1e30, 0.5, '12', null)
        .map((value) => (facts: Facts) => ({ ...facts, [key]: value })),
    ),
  fc
    .constantFrom<keyof Facts>('services', 'tags', 'tiers', 'data', 'freezes', 'signals', 'matches')
    .map((key) => (facts: Facts) => ({ ...facts, [key]: ['no-such-name'] })),
  fc.constant((facts: Facts) => ({ ...facts, authorKind: 'robot' })),
  fc.constant((facts: Facts) => ({ ...facts, isHalved: 'no' })),
);

test('facts that are broken in any way are held, and never ship', () => {
  fc.assert(
    fc.property(aBreak, someRules('r'), (damage, rules) => {
      const policy = loadPolicy(
        `version: 1\nautonomy: { all: { paths: ["**"], max_score: 100, agents: true } }\n${rules}`,
      ).policy!;
      const files = [
        { status: 'modified', path: 'e.txt', addedLines: 1, deletedLines: 0, isSubmodule: false },
      ] as const;
      const facts = damage(factsOf(policy, { files })) as Facts;

      const verdict = judge(policy, facts);

      expect(verdict).toMatchObject({ lane: 'hold', outcome: 'block' });
      expect(verdict.rules.map(({ id }) => id)).toContain('built-in.engine-doubt');
    }),
    { numRuns: 100 },
  );
});
