/**
 * Goal: a policy file is read whole or refused, and every problem says where it is and what was meant.
 * Method: small files, each with one mistake; hostile files of every kind.
 */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadPolicy } from './load-policy.ts';

const GOOD = `version: 1
default: { lane: two-person }
services:
  payments: ["services/payments/**"]
  site: ["site/**"]
tiers:
  tier0: [payments]
  tier3: { services: [site], paths: ["docs/**"] }
data:
  pci: { paths: ["**/card/**"], standard: PCI-DSS }
autonomy:
  tier0: never
  tier3: { max_score: 60, agents: true }
  small: { paths: ["**"], max_score: 20, max_changed_lines: 50, needs: [checks-passed], lane: ship-and-watch, because: Small is fine. }
rules:
  - id: card-data
    when: { data: pci, author: [agent, human] }
    require: { reviewers: 2, from: [team:payments, role:security], not: [author] }
    because: Card data needs "two" people.
  - id: big
    when: { changed_lines: ">400", files: ">=2", tags: [migration, ci] }
    require: { lane: hold }
freeze:
  - { id: year-end, from: 2026-12-18T00:00, to: 2027-01-04T08:00, zone: Europe/Berlin, tiers: [tier0] }
approvals: { valid_for: 72h, stale_on: push }
tests:
  - { name: card, change: { paths: [a/card/x.ts], author: agent }, expect: { lane: two-person, rules: [card-data] } }
`;

test('a file with every section is read', () => {
  const { policy, problems } = loadPolicy(GOOD);

  expect(problems).toEqual([]);
  expect(policy?.document).toMatchObject({
    defaultLane: 'two-person',
    defaultLine: 2,
    grants: [
      { id: 'autonomy.tier3', line: 13, tiers: ['tier3'], maxScore: 60, allowsAgents: true },
      { id: 'autonomy.small', line: 14, lane: 'ship-and-watch', allowsAgents: false },
    ],
    rules: [
      { id: 'autonomy.tier0', line: 12, reviewers: 1 },
      { id: 'card-data', line: 16, because: 'Card data needs "two" people.', reviewers: 2 },
      { id: 'big', line: 20, isHold: true },
    ],
    approvals: { validForMs: 72 * 3_600_000, staleOn: 'push', keepOn: [] },
  });
});

test('the example of the guide takes force, its tests included', () => {
  const guide = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');
  const example = /```yaml\n(?<text>.*?)```/s.exec(guide)?.groups?.['text'] ?? '';

  expect(loadPolicy(example).problems).toEqual([]);
});

test('the example of an engineering leader takes force, its tests included', () => {
  const example = readFileSync(
    new URL('../../docs/examples/leader-policy.yaml', import.meta.url),
    'utf8',
  );

  const { policy, problems } = loadPolicy(example);

  expect(problems).toEqual([]);
  expect(policy?.document).toMatchObject({
    boundPerMille: 50,
    afterIncident: { halveForMs: 14 * 86_400_000, scope: 'service' },
    grants: [
      { id: 'autonomy.tier1', maxScore: 15, dailyPerService: 5, dailyPerAgent: 20 },
      { id: 'autonomy.tier3', maxScore: 60, dailyPerService: 30, dailyPerAgent: 20 },
    ],
    freezes: [
      { id: 'year-end', tiers: ['tier0', 'tier1'], except: ['hotfix'], zone: 'Europe/Berlin' },
      { id: 'weekends', zone: 'local-of-owner', lane: 'hold' },
    ],
    approvals: {
      staleOn: 'code-change',
      keepOn: ['rebase-without-diff', 'update-merge'],
      validForMs: 72 * 3_600_000,
    },
    routing: {
      ackWithinMs: new Map([
        ['tier0', 15 * 60_000],
        ['tier1', 2 * 3_600_000],
        ['default', 86_400_000],
      ]),
      afterwards: ['next-expert', 'owning-team-lead', 'on-call'],
      maxOpenPerPerson: 6,
    },
    override: {
      by: ['role:incident-commander', 'role:leadership'],
      minReasonLength: 20,
      needsTicket: true,
      needsSecondPerson: true,
      expiresMs: 4 * 3_600_000,
      reportTo: 'compliance-log',
    },
  });
});

test.each([
  ['a misspelt section', 'autonomy:', 'autonomie:', 11, 1, 'autonomy'],
  ['a misspelt data class', 'data: pci', 'data: pic', 17, 19, 'pci'],
  ['a misspelt service', 'tier0: [payments]', 'tier0: [paymets]', 7, 11, 'payments'],
  ['a misspelt tier', 'tier0: never', 'tier9: never', 12, 3, 'tier0'],
  ['a misspelt tag', '[migration, ci]', '[migrations, ci]', 21, 57, 'migration'],
  ['a misspelt lane', 'lane: hold', 'lane: hald', 22, 22, 'hold'],
  ['a number without its sign', '">400"', '400', 21, 28, '">400"'],
  ['an unknown zone', 'Europe/Berlin', 'Europe/Berlim', 24, 73, 'Europe/Berlin'],
  ['a date that is none', '2026-12-18T00', '2026-02-30T00', 24, 27, '2026-12-18T00:00'],
  ['shipping by default', 'lane: two-person }\n', 'lane: ship }\n', 2, 18, /autonomy/],
  [
    'a test of a rule that is not there',
    'rules: [card-data]',
    'rules: [card-date]',
    27,
    104,
    'card-data',
  ],
])('%s is refused with line, column and what was meant', (_what, from, to, line, column, meant) => {
  const text = GOOD.replace(from, to);

  const { policy, problems } = loadPolicy(text);

  expect(policy).toBeNull();
  expect(problems).toContainEqual(
    expect.objectContaining({
      line,
      column,
      suggestion: typeof meant === 'string' ? meant : (expect.stringMatching(meant) as unknown),
    }),
  );
});

test.each([
  ['nothing', '', 1],
  ['only a comment', '# rules will follow\n', 1],
  ['no version', 'rules: []\n', 1],
  ['another version', 'version: 2\n', 1],
  ['a list', '- version: 1\n', 1],
  ['a tab', 'version: 1\ndefault:\n\tlane: hold\n', 3],
  ['a key twice', 'version: 1\nrules: []\nrules: []\n', 3],
  ['an alias', 'version: 1\ndata: &a {}\nservices: *a\n', 2],
  ['a tag of its own', 'version: 1\ndefault: !!js/function x\n', 2],
  ['two documents', 'version: 1\n---\nversion: 1\n', 2],
  ['a broken bracket', 'version: 1\nrules: [\n', 3],
  ['thousands of brackets', '['.repeat(20_000), 1],
  ['thousands of dashes', `version: 1\nrules: ${'- '.repeat(5_000)}x`, 2],
  ['five megabytes', 'x'.repeat(5_000_000), 1],
  ['a rule without an id', 'version: 1\nrules:\n  - require: { reviewers: 1 }\n', 3],
  [
    'an id twice',
    'version: 1\nrules:\n  - { id: a, require: { reviewers: 1 } }\n  - { id: a, require: { reviewers: 1 } }\n',
    4,
  ],
  ['a rule that asks for nothing', 'version: 1\nrules:\n  - { id: a, when: { files: ">1" } }\n', 3],
  [
    'a negated path',
    'version: 1\nrules:\n  - { id: a, when: { paths: "!src" }, require: { reviewers: 1 } }\n',
    3,
  ],
  [
    'an empty list',
    'version: 1\nrules:\n  - { id: a, when: { paths: [] }, require: { reviewers: 1 } }\n',
    3,
  ],
  ['a grant without a bound', 'version: 1\nautonomy:\n  docs: { paths: ["docs/**"] }\n', 3],
  ['a grant for nothing', 'version: 1\nautonomy:\n  docs: { max_score: 10 }\n', 3],
  [
    'evidence as a reason',
    'version: 1\nrules:\n  - { id: a, when: { tags: docs-only }, require: { reviewers: 1 } }\n',
    3,
  ],
])('a file with %s is refused', (_what, text, line) => {
  const { policy, problems } = loadPolicy(text);

  expect(policy).toBeNull();
  expect(problems[0]?.line).toBe(line);
  expect(problems.length).toBeLessThanOrEqual(50);
});

test('ten thousand rules are refused with their number', () => {
  const rules = Array.from(
    { length: 10_000 },
    (_, index) => `  - { id: r${index}, require: { reviewers: 1 } }`,
  );

  const { problems } = loadPolicy(`version: 1\nrules:\n${rules.join('\n')}\n`);

  expect(problems).toMatchObject([{ line: 3, message: '10000 rules; at most 2000 are read' }]);
});

test('a policy that fails its own test is refused at the line of the test', () => {
  const { policy, problems } = loadPolicy(
    GOOD.replace('expect: { lane: two-person', 'expect: { lane: ship'),
  );

  expect(policy).toBeNull();
  expect(problems).toMatchObject([
    { line: 27, message: expect.stringContaining('expected lane ship, got two-person') as unknown },
  ]);
});

test('any edit is another version, and the same text is the same one', () => {
  expect(loadPolicy(GOOD).policy?.version).toBe(loadPolicy(GOOD).policy?.version);
  expect(loadPolicy(`${GOOD}# more\n`).policy?.version).not.toBe(loadPolicy(GOOD).policy?.version);
});

test('a mangled file is read or refused with a problem, and never a crash', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 4 }),
    fc.constantFrom(
      '\n',
      '\t',
      '{',
      '[',
      ': ',
      '- ',
      '&a ',
      '*a ',
      '!!x ',
      '"',
      'null',
      '~',
      '? ',
      '>',
    ),
  );

  fc.assert(
    fc.property(fc.nat(GOOD.length - 1), fc.nat(30), piece, (at, dropped, put) => {
      const { policy, problems } = loadPolicy(GOOD.slice(0, at) + put + GOOD.slice(at + dropped));

      expect(policy === null).toBe(problems.length > 0);
    }),
    { numRuns: 100 },
  );
});
