/**
 * Goal: which head is newer, whose work a change is, and what it was made for, come out the same
 * however the news arrives.
 * Method: examples and properties; no database.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { classifyAuthor, commitIdentities, commitsThatCount, workItemKeys } from './authorship.ts';
import { isProduction } from './deployments.ts';
import { isNewerHead } from './newer-head.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 5, 9, minute));
const ada = { name: 'Ada', email: 'Ada@Example.org' };
const claude = { name: 'Claude', email: 'noreply@anthropic.com' };

function commit(author = ada, trailers: { name: string; value: string }[] = [], committer = ada) {
  return { author, committer, trailers };
}

test("the source's time decides which head is newer, even where a push went back in history", () => {
  const known = { sha: 'b', at: at(5) };

  expect(isNewerHead(known, { sha: 'a', at: at(6) }, 'ancestor')).toBe(true);
  expect(isNewerHead(known, { sha: 'c', at: at(4) }, 'descendant')).toBe(false);
  expect(isNewerHead(known, { sha: 'b', at: at(9) }, 'unknown')).toBe(false);
});

test('where times tie, history decides', () => {
  const known = { sha: 'b', at: at(5) };

  expect(isNewerHead(known, { sha: 'c', at: at(5) }, 'descendant')).toBe(true);
  expect(isNewerHead(known, { sha: 'a', at: at(5) }, 'ancestor')).toBe(false);
});

test('within one second of the source nothing is sure but the history', () => {
  const inSecond = (milliseconds: number) => new Date(Date.UTC(2026, 0, 5, 9, 5, 0, milliseconds));
  const known = { sha: 'b', at: inSecond(700) };

  expect(isNewerHead(known, { sha: 'c', at: inSecond(0) }, 'descendant')).toBe(true);
  expect(isNewerHead(known, { sha: 'a', at: inSecond(900) }, 'ancestor')).toBe(false);
});

test('news of pushes at different times end in the same head in whatever order they arrive', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5], { minLength: 5 }), (order) => {
      let head = { sha: `sha-${order[0]}`, at: at(order[0]!) };
      for (const minute of order) {
        const told = { sha: `sha-${minute}`, at: at(minute) };
        if (isNewerHead(head, told, 'unknown')) head = told;
      }
      expect(head.sha).toBe('sha-5');
    }),
  );
});

test("a session makes a change an agent's; trailers of an agent make it assisted", () => {
  const helped = commit(ada, [{ name: 'co-authored-by', value: 'Claude <noreply@anthropic.com>' }]);
  const pair = commit(ada, [{ name: 'co-authored-by', value: 'Bob <bob@example.org>' }]);

  expect(classifyAuthor([commit()], { hasSession: true })).toBe('agent');
  expect(classifyAuthor([commit(claude)], { hasSession: false })).toBe('agent');
  expect(classifyAuthor([commit(), commit(claude)], { hasSession: false })).toBe('assisted');
  expect(classifyAuthor([commit(), helped], { hasSession: false })).toBe('assisted');
  expect(classifyAuthor([pair], { hasSession: false })).toBe('human');
  expect(classifyAuthor([], { hasSession: false })).toBe('human');
});

test('everyone named in a commit is in its custody, in lower case and once', () => {
  const bob = { name: 'Bob', email: 'bob@example.org' };
  const commits = [
    commit(ada, [{ name: 'co-authored-by', value: 'Eve <EVE@example.org>' }], bob),
    commit(),
  ];

  expect(commitIdentities(commits)).toEqual([
    'email:ada@example.org',
    'email:bob@example.org',
    'email:eve@example.org',
  ]);
});

test.each([
  [{ title: 'Fix refunds (#12)', branch: 'topic', text: '' }, ['acme/shop#12']],
  [{ title: 'Fix', branch: 'ada/issue-7-refunds', text: '' }, ['acme/shop#7']],
  [{ title: 'SHOP-42: fix', branch: 'x', text: 'Closes #3' }, ['acme/shop#3', 'SHOP-42']],
  [{ title: 'Use utf8 and h264', branch: 'v2beta', text: 'a#5' }, []],
])('%j names %j', (change, keys) => {
  expect(workItemKeys('acme/shop', change)).toEqual(keys);
});

test('production is known by its name', () => {
  expect(['production', 'prod-eu', 'Prod', 'live'].every(isProduction)).toBe(true);
  expect(['staging', 'preview', 'reproduction', 'lively'].some(isProduction)).toBe(false);
});

test('who wrote the first commit stays in custody, however many commits follow', async () => {
  const by = (email: string) => ({
    author: { name: email, email },
    committer: { name: email, email },
    trailers: [],
  });
  async function* history() {
    for (let count = 0; count < 3_000; count += 1) yield by('bot@example.org');
    yield by('ada@example.org');
  }

  const kept = await commitsThatCount(history(), 1_000);

  expect(kept).toHaveLength(1_001);
  expect(commitIdentities(kept)).toEqual(['email:ada@example.org', 'email:bot@example.org']);
});
