/**
 * Goal: the local forge is a code host like any other, and its merges are sound.
 * Method: the suite all code hosts share, over real repositories; then what is special here.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CodeHostFixture, describeCodeHost } from '../contract/conformance.ts';
import type { HostChange } from '#connectors/contract';
import { git, startTestForge, type TestForge, type WorkingCopy } from './test-forge.ts';

describeCodeHost('the local forge', async (): Promise<CodeHostFixture> => {
  const fixture = await startTestForge();
  await fixture.createRepository('acme/shop');
  const copy = await fixture.clone('acme/shop');
  const dir = join(fixture.folder, 'acme/shop.git');
  let count = 0;

  async function push(file: string, text: string, from?: string): Promise<HostChange> {
    count += 1;
    const branch = `change-${count}`;
    await copy.branch(branch, from);
    const headSha = await copy.commit({ [file]: text }, `Write ${file}`);
    await copy.git('push', '--quiet', 'origin', branch);
    return { repository: 'acme/shop', branch, baseBranch: 'main', headSha };
  }

  return {
    host: fixture.forge.host,
    openChange: async () => await push(`file-${count}.txt`, 'text'),
    async openConflictingChange() {
      const old = (await copy.git('rev-parse', 'origin/main')).trim();
      const first = await push('README.md', '# One\n', old);
      await fixture.forge.host.merge({
        change: first,
        message: 'Merge one',
        expectedHeadSha: first.headSha,
        idempotencyKey: 'one',
      });
      return await push('README.md', '# Two\n', old);
    },
    async moveHead(change) {
      await copy.git('switch', '--quiet', change.branch);
      const sha = await copy.commit({ 'more.txt': change.branch }, 'Go on');
      await copy.git('push', '--quiet', 'origin', change.branch);
      return sha;
    },
    async countMerges() {
      return Number(await git(dir, ['rev-list', '--count', '--merges', 'main']));
    },
    async comments(change) {
      const { comment } = await fixture.forge.host.describe(change);
      return comment === null ? [] : [comment];
    },
    async verdicts(change) {
      const { verdicts } = await fixture.forge.host.describe(change);
      return verdicts.filter((v) => v.headSha === change.headSha).map((v) => v.title);
    },
    reviewers: async (change) => (await fixture.forge.host.describe(change)).reviewers,
    logins: ['ada', 'grace'],
    [Symbol.asyncDispose]: async () => await fixture[Symbol.asyncDispose](),
  };
});

describe('merges of the local forge', () => {
  let fixture: TestForge;
  let copy: WorkingCopy;
  let dir: string;
  beforeAll(async () => {
    fixture = await startTestForge();
    await fixture.createRepository('acme/shop');
    copy = await fixture.clone('acme/shop');
    dir = join(fixture.folder, 'acme/shop.git');
  });
  afterAll(async () => {
    await fixture[Symbol.asyncDispose]();
  });

  async function pushed(branch: string, files: Record<string, string>): Promise<HostChange> {
    await copy.branch(branch);
    const headSha = await copy.commit(files, `Work on ${branch}`);
    await copy.git('push', '--quiet', 'origin', branch);
    return { changeId: 'chg_1', repository: 'acme/shop', branch, baseBranch: 'main', headSha };
  }

  function request(change: HostChange) {
    const message = `Merge ${change.branch}\n\nBecause.`;
    const idempotencyKey = `merge:${change.branch}`;
    return { change, message, expectedHeadSha: change.headSha, idempotencyKey };
  }

  test('a merge says whose it is, moves main and closes the change', async () => {
    const change = await pushed('told', { 'told.txt': '1' });
    const before = fixture.signals().length;

    const result = await fixture.forge.host.merge(request(change));

    const message = await git(dir, ['log', '-1', '--format=%an%n%B', 'main']);
    expect(message).toBe(
      'LoomStack\nMerge told\n\nBecause.\n\nLoom-Change: chg_1\nLoom-Branch: told\n' +
        `Loom-Head: ${change.headSha}\nLoom-Merge-Key: merge:told\n\n`,
    );
    const mergeSha = (await git(dir, ['rev-parse', 'main'])).trim();
    expect(result).toEqual({ outcome: 'merged', mergeSha });
    expect(fixture.signals().slice(before)).toMatchObject([
      { type: 'branch.pushed', branch: 'main', afterSha: mergeSha, pusher: { login: 'LoomStack' } },
      {
        type: 'change.closed',
        isMerged: true,
        mergeSha,
        change: { branch: 'told', headSha: change.headSha, title: 'Work on told' },
      },
    ]);
  });

  test('deleting a merged branch closes it under the same key as the merge did', async () => {
    const change = await pushed('gone', { 'gone.txt': '1' });
    await fixture.forge.host.merge(request(change));

    await copy.git('push', '--quiet', 'origin', ':gone');

    const closed = fixture
      .signals()
      .filter((signal) => signal.type === 'change.closed' && signal.change.branch === 'gone');
    expect(closed).toHaveLength(2);
    expect(closed[0]!.dedupeKey).toBe(closed[1]!.dedupeKey);
  });

  test('work pushed to a merged branch opens a change again', async () => {
    const change = await pushed('again', { 'again.txt': '1' });
    await fixture.forge.host.merge(request(change));
    await copy.commit({ 'again.txt': '2' }, 'Once more');

    await copy.git('push', '--quiet', 'origin', 'again');

    expect(fixture.signals().at(-1)).toMatchObject({
      type: 'change.opened',
      change: { branch: 'again', title: 'Once more' },
    });
  });

  test('a merge that others made already is answered with their commit', async () => {
    const change = await pushed('other', { 'other.txt': '1' });
    const first = await fixture.forge.host.merge(request(change));

    const second = await fixture.forge.host.merge({ ...request(change), idempotencyKey: 'new' });

    expect(second).toEqual(first);
  });

  test('changes merged at the same moment all land', async () => {
    const changes = [
      await pushed('left', { 'left.txt': '1' }),
      await pushed('middle', { 'middle.txt': '1' }),
      await pushed('right', { 'right.txt': '1' }),
    ];

    const results = await Promise.all(
      changes.map(async (change) => await fixture.forge.host.merge(request(change))),
    );

    expect(results.map(({ outcome }) => outcome)).toEqual(['merged', 'merged', 'merged']);
    const files = await git(dir, ['ls-tree', '--name-only', 'main']);
    expect(files.split('\n')).toEqual(
      expect.arrayContaining(['left.txt', 'middle.txt', 'right.txt']),
    );
  });

  test('a conflict names the paths', async () => {
    const one = await pushed('one', { 'README.md': '# One\n' });
    const two = await pushed('two', { 'README.md': '# Two\n' });
    await fixture.forge.host.merge(request(one));

    expect(await fixture.forge.host.merge(request(two))).toEqual({
      outcome: 'conflict',
      paths: ['README.md'],
    });
  });

  test('a deleted branch has no head to merge', async () => {
    const change = await pushed('withdrawn', { 'withdrawn.txt': '1' });
    await copy.git('push', '--quiet', 'origin', ':withdrawn');

    expect(await fixture.forge.host.merge(request(change))).toEqual({
      outcome: 'head-moved',
      headSha: null,
    });
  });

  test.each(['0'.repeat(40), 'main', 'HEAD', ''])('%j is no head to merge', async (expected) => {
    const change = await pushed(`wrong-${expected.length}-${expected.slice(0, 1)}x`, {
      'wrong.txt': expected,
    });

    const result = await fixture.forge.host.merge({
      ...request(change),
      expectedHeadSha: expected,
    });

    expect(result).toEqual({ outcome: 'head-moved', headSha: change.headSha });
  });

  test('a message cannot close the change of another', async () => {
    const change = await pushed('honest', { 'honest.txt': '1' });
    const message = 'Merge\n\nLoom-Branch: victim';

    await fixture.forge.host.merge({ ...request(change), message });

    expect(fixture.signals().at(-1)).toMatchObject({
      type: 'change.closed',
      change: { branch: 'honest' },
    });
  });

  test('histories without a common beginning are refused', async () => {
    await copy.git('switch', '--quiet', '--orphan', 'orphan');
    const headSha = await copy.commit({ 'orphan.txt': '1' }, 'Begin elsewhere');
    await copy.git('push', '--quiet', 'origin', 'orphan');
    const change = { repository: 'acme/shop', branch: 'orphan', baseBranch: 'main', headSha };

    expect(await fixture.forge.host.merge(request(change))).toMatchObject({ outcome: 'refused' });
  });

  test.each(['-delete', 'a..b', 'x.lock', 'a b', ''])(
    'the branch %j is refused',
    async (branch) => {
      const change = {
        repository: 'acme/shop',
        branch,
        baseBranch: 'main',
        headSha: '0'.repeat(40),
      };

      await expect(fixture.forge.host.merge(request(change))).rejects.toMatchObject({
        code: 'local.bad_branch_name',
      });
    },
  );

  test('git can fetch from where it is told to', async () => {
    const { url } = await fixture.forge.host.fetchSource('acme/shop');

    expect(await git('/tmp', ['ls-remote', url])).toContain('refs/heads/main');
  });
});
