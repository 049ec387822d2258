/** Goal: a rule reads as what it does. Method: files a leader would write, each section in its words. */
import { expect, test } from 'vitest';
import { readPolicy } from './read-policy.ts';
import { BUILT_IN_RULES } from './built-in.ts';
import { freezeInWords, grantInWords, ruleInWords } from './rule-words.ts';

function documentOf(text: string) {
  const { document, problems } = readPolicy(text);
  expect(problems).toEqual([]);
  return document!;
}

test('a rule names its conditions and what it asks of whom', () => {
  const { rules } = documentOf(`version: 1
data: { pci: { paths: ["src/card/**"] } }
rules:
  - id: card
    when: { data: pci, changed_lines: ">400", author: agent }
    require: { reviewers: 2, from: [team:payments, role:security], not: [deployer], ticket: true }
`);

  expect(ruleInWords(rules[0]!)).toBe(
    'When data is pci and the author is agent and changed lines are over 400: 2 people from team payments or role security; a ticket; not who deploys it.',
  );
});

test('a rule without conditions always speaks, and a hold lets nobody land', () => {
  const { rules } = documentOf(`version: 1
rules:
  - { id: stop, require: { lane: hold } }
`);

  expect(ruleInWords(rules[0]!)).toBe('Always: nobody lands it.');
});

test('a grant tells what it covers, its limits and its budgets', () => {
  const { grants } = documentOf(`version: 1
tiers: { tier3: { paths: ["docs/**"] } }
autonomy:
  agents: { daily_per_agent: 20, needs: [tests-added] }
  tier3: { max_score: 60, daily_per_service: 30, max_files: 5, needs: [checks-passed] }
`);

  expect(grantInWords(grants[0]!)).toBe(
    'With all files in tier tier3 and risk at most 60 and at most 5 files: ships alone; needs checks-passed; agents also need tests-added; at most 30 a day per service; 20 a day per agent.',
  );
});

test('a freeze tells its span on the clocks of its zone', () => {
  const { freezes } = documentOf(`version: 1
freeze:
  - { id: year-end, from: 2026-12-18T00:00, to: 2027-01-04T08:00, zone: Europe/Berlin, except: [tag:hotfix] }
  - { id: weekends, cron: "Fri 14:00 - Mon 08:00", zone: UTC, lane: two-person, paths: ["src/**"] }
`);

  expect(freezes.map(freezeInWords)).toEqual([
    'From 2026-12-18 00:00 to 2027-01-04 08:00 (Europe/Berlin), everything: nothing lands; except hotfix.',
    'Every Fri 14:00 to Mon 08:00 (UTC), src/**: 2 people.',
  ]);
});

test('every built-in rule says when it speaks', () => {
  for (const rule of BUILT_IN_RULES) expect(ruleInWords(rule)).toMatch(/^When \w.+: .+\.$/);
});
