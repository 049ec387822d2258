/**
 * Goal: an edited policy over what landed tells what moves, whom it asks, what was reverted, and which
 * rules never spoke. Method: a made repository whose history is known; commits at times of our choice.
 */
import { expect, test } from 'vitest';
import { openRepository } from '#git';
import { testRepository } from '#testing';
import { backtestOffline } from './offline.ts';
import { contentTags } from './patch-facts.ts';
import { revertsIn } from './reverts.ts';

const BEFORE = `version: 1
autonomy: { docs: { paths: ["docs/**"], max_score: 100 } }
`;
const AFTER = `version: 1
autonomy:
  docs: { paths: ["docs/**"], max_score: 100 }
  src: { paths: ["src/**"], max_score: 100 }
rules:
  - { id: pay, when: { paths: "src/pay/**" }, require: { reviewers: 2, from: team:pay } }
  - { id: weak, when: { tags: tests-weakened }, require: { reviewers: 1, from: owners } }
  - { id: idle, when: { paths: "nowhere/**" }, require: { reviewers: 1 } }
`;

test('a backtest says what moves, whom it asks, what was reverted and which rules are idle', async () => {
  await using made = await testRepository();
  await made.commit({ message: 'Begin', files: { '.loom/policy.yaml': BEFORE, 'a.md': 'a\n' } });
  const risky = await made.commit({ message: 'fix: round', files: { 'src/a.ts': 'round\n' } });
  await made.commit({ message: 'docs: round', files: { 'docs/a.md': 'round\n' } });
  await made.commit({ message: 'feat: pay', files: { 'src/pay/a.ts': 'pay\n' } });
  await made.commit({
    message: 'test: skip',
    files: { 'src/a.test.ts': "it.skip('a', () => {});\n" },
  });
  const revert = await made.commit({
    message: `Revert "fix: round"\n\nThis reverts commit ${risky}.`,
    files: { 'src/a.ts': null },
  });
  const progress: string[] = [];

  const report = await backtestOffline({
    git: openRepository(made.dir),
    baseSha: revert,
    text: AFTER,
    since: new Date(0),
    authorKindOf: () => 'human',
    ownersOf: async () => new Map([['src/a.test.ts', ['team:shop']]]),
    onProgress: ({ phase }) => progress.push(phase),
  });

  expect(report).toMatchObject({
    changes: 6,
    before: { ship: 1, 'two-person': 1, 'one-reviewer': 4 },
    after: { ship: 3, 'two-person': 2, 'one-reviewer': 1 },
    stricter: 1,
    milder: 2,
    revertedLater: [{ sha: risky, revertedBy: revert, shippedBefore: false }],
    neverFired: [{ id: 'idle', line: 8 }],
  });
  expect(report.moved.map(({ subject, before, after }) => [subject, before, after])).toEqual([
    ['Revert "fix: round"', 'one-reviewer', 'ship'],
    ['feat: pay', 'one-reviewer', 'two-person'],
    ['fix: round', 'one-reviewer', 'ship'],
  ]);
  expect(report.paged).toContainEqual({ who: 'team:pay', before: 0, after: 1 });
  expect(report.paged).toContainEqual({ who: 'team:shop', before: 0, after: 1 });
  expect(report.fired.find(({ id }) => id === 'weak')?.count).toBe(1);
  expect(progress.at(-1)).toBe('done');
});

test('a text that cannot take force is not tried, and says where it is wrong', async () => {
  await using made = await testRepository();
  const baseSha = await made.commit({ files: { 'a.md': 'a\n' } });

  const asked = backtestOffline({
    git: openRepository(made.dir),
    baseSha,
    text: 'version: 1\nrulez: []\n',
    since: new Date(0),
    authorKindOf: () => 'human',
    ownersOf: async () => new Map(),
  });

  await expect(asked).rejects.toMatchObject({
    code: 'policy.invalid',
    hint: 'Did you mean rules?',
  });
});

const at = (day: number) => new Date(Date.UTC(2026, 0, day));
const landed = (sha: string, day: number, subject: string, body = '') => ({
  sha: sha.repeat(40),
  committedAt: at(day),
  subject,
  body,
});

test.each([
  ['its commit', 'anything', `This reverts commit ${'a'.repeat(40)}.`],
  ['its title', 'Revert "fix: x (#12)" (#40)', ''],
  ['a conventional title', 'revert: fix: x', ''],
])('a revert is known by %s', (_how, subject, body) => {
  const reverts = revertsIn([
    landed('c', 3, subject, body),
    landed('b', 2, 'fix: y'),
    landed('a', 1, 'fix: x (#12)'),
  ]);

  expect([...reverts].map(([sha, { sha: by }]) => [sha[0], by[0]])).toEqual([['a', 'c']]);
});

const patch = (path: string, ...lines: string[]) =>
  `diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n@@ -1,${lines.filter((line) => line[0] !== '+').length} +1,${lines.filter((line) => line[0] !== '-').length} @@\n${lines.join('\n')}\n`;

test.each([
  [
    'a skipped test',
    patch('a.test.ts', "-it('a', f);", "+it.skip('a', f);"),
    ['tests-removed', 'tests-weakened'],
  ],
  ['an assertion less', patch('a.test.ts', ' x', '-  expect(a).toBe(1);'), ['tests-weakened']],
  ['a case less', patch('t/test_a.py', '-def test_a():'), ['tests-removed']],
  ['more assertions', patch('a.test.ts', '+  expect(a).toBe(1);'), []],
  ['a secret', patch('a.ts', '+const key = "AKIAABCDEFGHIJKLMNOP";'), ['secrets']],
  [
    'a signature that changes',
    patch('a.ts', '-export function a(b) {', '+export function a(c) {'),
    ['public-api'],
  ],
  ['a new signature', patch('a.ts', '+export function a(b) {'), []],
  [
    'an assertion less in a test that is renamed to none',
    patch('a.test.ts', '-  expect(a).toBe(1);').replace('+++ b/a.test.ts', '+++ b/a.ts'),
    ['tests-weakened'],
  ],
  [
    'a case less in a test whose name git quotes',
    patch('t', '-def test_a():').replace(/(---|\+\+\+) ([ab])\/t/g, '$1 "$2/test_\\303\\244.py"'),
    ['tests-removed'],
  ],
  ['a line that looks like a header', patch('a.ts', '+++ b/a.test.ts', '-- x'), []],
])('the text of a patch with %s', (_what, text, tags) => {
  expect(contentTags(text)).toEqual(tags);
});
