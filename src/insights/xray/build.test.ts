/**
 * Goal: every figure of the X-ray is what the history says, and names the commits behind it.
 * Method: a real repository made for the purpose, where each figure can be counted by hand.
 */
import { expect, test } from 'vitest';
import { openRepository } from '#git';
import { testRepository } from '#testing';
import { findAgent } from './agents.ts';
import { buildXray } from './build.ts';
import { quantile } from './figures.ts';

const DAY_MS = 86_400_000;
const now = new Date('2026-04-01T12:00:00.000Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * DAY_MS);
const ada = { name: 'Ada', email: 'ada@example.com' };
const grace = { name: 'Grace', email: 'grace@example.com' };
const robot = { name: 'renovate[bot]', email: 'bot@renovate.example' };

async function shop() {
  const repository = await testRepository();
  const lines = (count: number, mark: string) =>
    Array.from({ length: count }, (_, index) => `${mark} ${index}\n`).join('');
  await repository.commit({
    files: { 'old.ts': lines(50, 'old') },
    author: ada,
    at: daysAgo(200),
    message: 'Long ago',
  });
  await repository.commit({
    files: { 'cart.ts': lines(10, 'a') },
    author: ada,
    at: daysAgo(60),
    message: 'Add a cart',
  });
  const agentCommit = await repository.commit({
    files: { 'cart.ts': lines(10, 'b') },
    author: grace,
    at: daysAgo(55),
    message: 'Rewrite the cart\n\nCo-authored-by: Claude <noreply@anthropic.com>',
  });
  await repository.commit({
    files: { 'lock.json': lines(900, 'x') },
    author: robot,
    at: daysAgo(50),
    message: 'Update dependencies',
  });
  await repository.branch('topic');
  await repository.commit({
    files: { 'cart.ts': lines(12, 'b') },
    author: grace,
    at: daysAgo(40),
    message: 'Add two lines',
  });
  await repository.switchTo('main');
  const merge = await repository.merge('topic', { at: daysAgo(39) });
  return { repository, agentCommit, merge, git: openRepository(repository.dir) };
}

test('changes, people, agents, waits, sizes and churn are counted as the history has them', async () => {
  const { repository, git, agentCommit, merge } = await shop();
  await using _ = repository;

  const report = await buildXray(git, { repository: 'acme/shop', since: daysAgo(90), now });

  expect(report.totals).toMatchObject({ commits: 4, changes: 4, authors: 2 });
  expect(report.changesOverTime.reduce((sum, week) => sum + week.changes, 0)).toBe(4);
  expect(report.changesOverTime.reduce((sum, week) => sum + week.aiChanges, 0)).toBe(1);
  expect(report.aiAuthored).toMatchObject({
    changes: 1,
    byAgent: [{ agent: 'Claude Code', changes: 1 }],
    commits: [agentCommit],
  });
  expect(report.waits).toMatchObject({
    isKnown: true,
    sample: 1,
    medianHours: 24,
    commits: [merge],
  });
  // Ten lines were replaced within five days; 10 + 10 + 900 + 2 were born.
  expect(report.churn).toMatchObject({ bornLines: 922, churnedLines: 10 });
  expect(report.sizes.map(({ changes }) => changes)).toEqual([2, 1, 0, 0, 1]);
  expect(report.hotFiles[0]).toMatchObject({ path: 'cart.ts', changes: 3, authors: 2 });
  expect(report.hotFiles.map(({ path }) => path)).not.toContain('lock.json');
  for (const sha of report.hotFiles[0]!.commits) expect(report.commits[sha]?.subject).toBeTruthy();
});

test('open branches that would collide are told by a real merge', async () => {
  const repository = await testRepository();
  await using _ = repository;
  await repository.commit({
    files: { 'a.ts': 'one\n', 'b.ts': '1\n2\n3\n4\n5\n6\n7\n8\n' },
    at: daysAgo(30),
  });
  for (const [name, a, b] of [
    ['left', 'two\n', '0\n2\n3\n4\n5\n6\n7\n8\n'],
    ['right', 'three\n', '1\n2\n3\n4\n5\n6\n7\n9\n'],
    ['calm', 'one\n', '1\n2\n3\n4\n5\n6\n7\n9\n'],
  ] as const) {
    await repository.branch(name, 'main');
    await repository.commit({ files: { 'a.ts': a, 'b.ts': b }, at: daysAgo(20) });
  }
  await repository.switchTo('main');

  const report = await buildXray(openRepository(repository.dir), {
    repository: 'acme/shop',
    since: daysAgo(90),
    now,
  });

  const pairs = report.overlaps.map(({ a, b, hasConflict, conflictPaths }) => [
    [a, b].sort().join('-'),
    hasConflict,
    conflictPaths,
  ]);
  expect(pairs).toContainEqual(['left-right', true, ['a.ts']]);
  expect(pairs).toContainEqual(['calm-left', false, []]);
});

test('an empty repository is said to be one, and one at rest is shown as work ended', async () => {
  await using empty = await testRepository();
  await using quiet = await testRepository();
  await quiet.commit({ files: { 'a.ts': 'x' }, at: daysAgo(300) });

  const nothing = await buildXray(openRepository(empty.dir), {
    repository: 'e',
    since: daysAgo(90),
    now,
  });
  const calm = await buildXray(openRepository(quiet.dir), {
    repository: 'q',
    since: daysAgo(90),
    now,
  });

  expect(nothing).toMatchObject({ headSha: null, problems: ['the repository has no commit yet'] });
  expect(calm).toMatchObject({ totals: { changes: 1 }, until: daysAgo(300), generatedAt: now });
  expect(calm.problems[0]).toContain('the window ends with the last commit');
});

test.each([
  ['Co-authored-by: Claude <noreply@anthropic.com>', 'Claude Code'],
  ['Co-authored-by: Copilot <198982749+Copilot@users.noreply.github.com>', 'Copilot'],
  ['Co-authored-by: Claudette Colvin <cc@example.com>', undefined],
  ['Loom-Session: ses_019', 'another agent'],
])('the trailer %s names %s', (trailer, agent) => {
  const [name = '', value = ''] = trailer.split(': ');
  const commit = {
    sha: '',
    parents: [],
    author: ada,
    authoredAt: now,
    committer: ada,
    committedAt: now,
    subject: 'x',
    body: trailer,
    trailers: [{ name: name.toLowerCase(), value }],
  };

  expect(findAgent(commit)).toBe(agent);
});

test('quantiles interpolate between ranks', () => {
  expect(quantile([], 0.5)).toBeNull();
  expect(quantile([1, 2, 3, 10], 0.5)).toBe(2.5);
});
