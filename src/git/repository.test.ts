/**
 * Goal: what we say about a repository is what git knows, for odd repositories too.
 * Method: real repositories made by the git program, read through the door of the room.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { testRepository } from '#testing';
import { gitVersion, openRepository } from './repository.ts';

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  return Array.fromAsync(items);
}

test('the installed git is new enough', async () => {
  expect(await gitVersion()).toMatchObject({
    version: expect.stringMatching(/^2\./),
    isSupported: true,
  });
});

test('history tells authors, times, messages and trailers, newest first', async () => {
  await using made = await testRepository();
  const first = await made.commit({ files: { 'a.txt': 'one\n' }, message: 'Add a' });
  const second = await made.commit({
    files: { 'a.txt': 'two\n' },
    author: { name: 'Grace Höpper', email: 'grace@example.org' },
    at: new Date('2026-02-01T10:00:00Z'),
    message: 'Change a\n\nBecause.\n\nCo-authored-by: Ada <ada@example.org>\nLoom-Session: ses_1',
  });
  const git = openRepository(made.dir);

  const commits = await collect(git.log({ to: 'main' }));

  expect(commits.map(({ sha }) => sha)).toEqual([second, first]);
  expect(commits[0]).toMatchObject({
    parents: [first],
    author: { name: 'Grace Höpper', email: 'grace@example.org' },
    authoredAt: new Date('2026-02-01T10:00:00Z'),
    subject: 'Change a',
    body: expect.stringMatching(/^Because\./),
    trailers: [
      { name: 'co-authored-by', value: 'Ada <ada@example.org>' },
      { name: 'loom-session', value: 'ses_1' },
    ],
  });
  expect(await collect(git.log({ to: second, from: first }))).toHaveLength(1);
  expect(await collect(git.log({ to: 'main', limit: 1 }))).toHaveLength(1);
  expect(
    await collect(git.log({ to: 'main', since: new Date('2026-01-31T00:00:00Z') })),
  ).toHaveLength(1);
  expect(await git.countCommits({ to: 'main' })).toBe(2);
});

test('changed files come with renames, line counts, binaries, links and type changes', async () => {
  await using made = await testRepository();
  const text = Array.from({ length: 30 }, (_, index) => `line ${index}`).join('\n');
  await made.commit({
    files: {
      'old name.txt': text,
      'gone.txt': 'x\n',
      'image.bin': Buffer.from([0, 1, 2]),
      plain: 'a\n',
    },
  });
  await made.commit({
    files: {
      'old name.txt': null,
      'new/näme\t"1".txt': `${text}\nmore`,
      'gone.txt': null,
      'image.bin': Buffer.from([0, 3]),
      plain: { symlink: 'elsewhere' },
      'tool.sh': { executable: '#!/bin/sh\n' },
    },
  });
  const git = openRepository(made.dir);

  const [commit] = await collect(git.logWithFiles({ to: 'HEAD', limit: 1 }));

  const files = new Map(commit?.files.map((file) => [file.path, file]));
  expect(files.get('new/näme\t"1".txt')).toMatchObject({
    status: 'renamed',
    oldPath: 'old name.txt',
    addedLines: 2,
    deletedLines: 1,
  });
  expect(files.get('gone.txt')).toMatchObject({ status: 'deleted', deletedLines: 1 });
  expect(files.get('image.bin')).toMatchObject({
    status: 'modified',
    addedLines: null,
    deletedLines: null,
  });
  expect(files.get('plain')).toMatchObject({ status: 'type-changed' });
  expect(files.get('tool.sh')).toMatchObject({ status: 'added', addedLines: 1 });
  expect(files.size).toBe(5);
  expect(await git.changedFiles('HEAD~1', 'HEAD')).toEqual(commit?.files);
});

test('a merge is compared with its first parent, and first-parent history skips the branch', async () => {
  await using made = await testRepository();
  await made.commit({ files: { 'a.txt': 'a\n' } });
  await made.branch('topic');
  await made.commit({ files: { 'b.txt': 'b\n' } });
  await made.commit({ files: { 'c.txt': 'c\n' } });
  await made.switchTo('main');
  const merge = await made.merge('topic');
  const git = openRepository(made.dir);

  const commits = await collect(git.logWithFiles({ to: merge, firstParent: true }));

  expect(commits).toHaveLength(2);
  expect(commits[0]?.files.map(({ path }) => path)).toEqual(['b.txt', 'c.txt']);
  expect(await git.countCommits({ to: 'main', firstParent: true })).toBe(2);
  expect(await git.countCommits({ to: 'main' })).toBe(4);
});

test('an empty commit between others does not shift the files of its neighbours', async () => {
  await using made = await testRepository();
  await made.commit({ files: { 'a.txt': 'a\n' }, message: 'one' });
  await made.commit({ message: '' });
  await made.commit({ files: { 'b.txt': 'b\n' }, message: '\u001e record mark' });
  const git = openRepository(made.dir);

  const commits = await collect(git.logWithFiles({ to: 'HEAD' }));

  expect(commits.map((commit) => commit.files.map(({ path }) => path))).toEqual([
    ['b.txt'],
    [],
    ['a.txt'],
  ]);
});

test('an empty repository has an unborn default branch and no commit', async () => {
  await using made = await testRepository({ branch: 'trunk' });
  const git = openRepository(made.dir);

  expect(await git.defaultBranch()).toBe('trunk');
  expect(await git.branches()).toEqual([]);
  expect(await git.resolve('HEAD')).toBeUndefined();
  await expect(collect(git.log({ to: 'HEAD' }))).rejects.toMatchObject({
    code: 'git.unknown_revision',
  });
});

test('the default branch is found when HEAD points to a branch that is gone', async () => {
  await using made = await testRepository();
  await made.commit();
  await made.git('symbolic-ref', 'HEAD', 'refs/heads/gone');

  expect(await openRepository(made.dir).defaultBranch()).toBe('main');
});

test('names resolve to full shas; what is unknown, ambiguous or an option does not', async () => {
  await using made = await testRepository();
  const first = await made.commit();
  const second = await made.commit();
  await made.git('tag', 'main', first);
  const git = openRepository(made.dir);

  expect(await git.resolve('main')).toBe(second);
  expect(await git.resolve('refs/tags/main')).toBe(first);
  expect(await git.resolve(second.slice(0, 10))).toBe(second);
  for (const name of ['', 'nope', '--help', '0'.repeat(40), 'a\0b', 'two\nlines', 'HEAD:']) {
    expect(await git.resolve(name)).toBeUndefined();
  }
  await expect(git.listFiles('--output=/tmp/x')).rejects.toMatchObject({
    code: 'git.unknown_revision',
  });
});

test('paths that are not UTF-8 keep one text by which they can be read again', async () => {
  await using made = await testRepository();
  await made.commit({ files: { 'ok.txt': 'ok\n' } });
  const blob = await made.git('rev-parse', 'HEAD:ok.txt');
  const tree = execFileSync('git', ['mktree', '-z'], {
    cwd: made.dir,
    input: Buffer.concat([
      Buffer.from(`100644 blob ${blob}\tcaf`),
      Buffer.from([0xe9]),
      Buffer.from(`.txt\x00100644 blob ${blob}\t"quoted"\x00100644 blob ${blob}\tline\nend\x00`),
    ]),
  })
    .toString()
    .trim();
  const sha = await made.git('commit-tree', tree, '-p', 'HEAD', '-m', 'odd');
  const git = openRepository(made.dir);

  const listed = (await git.listFiles(sha)).map(({ path }) => path);

  expect(listed.toSorted()).toEqual(['"\\"quoted\\""', '"caf\\351.txt"', 'line\nend']);
  for (const path of listed) expect(await git.readText(sha, path)).toBe('ok\n');
  const [commit] = await collect(git.logWithFiles({ to: sha, limit: 1 }));
  expect(new Set(commit?.files.map(({ path }) => path))).toEqual(new Set(listed));
  const hunks = await git.hunks('HEAD', sha);
  expect(hunks.map(({ path }) => path)).toContain('"caf\\351.txt"');
  const found = await collect(git.log({ to: sha, paths: ['"caf\\351.txt"'] }));
  expect(found.map((one) => one.sha)).toEqual([sha]);
});

test('what a partial clone lacks is in the listing, and said to be missing', async () => {
  await using made = await testRepository();
  await made.commit({ files: { 'here.txt': 'here\n', 'gone.txt': 'gone\n' } });
  const blob = await made.git('rev-parse', 'HEAD:gone.txt');
  rmSync(join(made.dir, '.git/objects', blob.slice(0, 2), blob.slice(2)), { force: true });

  expect(await openRepository(made.dir).listFiles('HEAD')).toEqual([
    { path: 'gone.txt', sha: blob, size: 0, mode: '100644', isMissing: true },
    { path: 'here.txt', sha: expect.any(String), size: 5, mode: '100644' },
  ]);
});

test('files are read as they are in the tree; what is no file is nothing', async () => {
  await using made = await testRepository();
  await made.commit({
    files: { 'src/a.ts': 'export {}\n', 'latin.txt': Buffer.from([0x63, 0xe9]), empty: '' },
  });
  await made.commit({ files: { link: { symlink: '/etc/passwd' } } });
  const git = openRepository(made.dir);

  expect(await git.readText('HEAD', 'src/a.ts')).toBe('export {}\n');
  expect(await git.readText('HEAD', 'empty')).toBe('');
  expect(await git.readText('HEAD', 'latin.txt')).toBe('c\ufffd');
  expect(await git.readText('HEAD', 'link')).toBe('/etc/passwd');
  expect(await git.readText('HEAD~1', 'link')).toBeUndefined();
  for (const path of ['src', 'nope', '', '../etc/passwd', 'a\nb']) {
    expect(await git.readFile('HEAD', path)).toBeUndefined();
  }
  await expect(git.readFile('HEAD', 'src/a.ts', 4)).rejects.toMatchObject({
    code: 'git.file_too_large',
  });
  await expect(git.readFile('f'.repeat(40), 'src/a.ts')).rejects.toMatchObject({
    code: 'git.unknown_revision',
  });
});

test('many files are read at once, each answer with its own question', async () => {
  await using made = await testRepository();
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [`f/${index}.txt`, `${index}\n`.repeat(index + 1)]),
  );
  await made.commit({ files: { ...files, 'big.bin': Buffer.alloc(3_000_000, 7) } });
  const git = openRepository(made.dir);

  const paths = ['big.bin', 'nope', ...Object.keys(files)];
  const read = await Promise.all(paths.map((path) => git.readFile('HEAD', path)));
  const listed = await git.listFiles('HEAD', 'f');
  const blobs = await collect(git.readBlobs([...listed.map(({ sha }) => sha), '0'.repeat(40)]));

  expect(read[0]?.length).toBe(3_000_000);
  expect(read[1]).toBeUndefined();
  Object.values(files).forEach((text, index) => {
    expect(read[index + 2]?.toString()).toBe(text);
  });
  expect(blobs.map(({ data }) => data.toString())).toEqual(listed.map(({ path }) => files[path]));
});

test('submodules are listed and marked, never entered', async () => {
  await using made = await testRepository();
  const sha = await made.commit({ files: { 'a.txt': 'a\n' } });
  await made.git('update-index', '--add', '--cacheinfo', `160000,${sha},vendor/lib`);
  await made.git('commit', '--quiet', '-m', 'Add submodule');
  const git = openRepository(made.dir);

  const [commit] = await collect(git.logWithFiles({ to: 'HEAD', limit: 1 }));

  expect(commit?.files).toEqual([
    {
      status: 'added',
      path: 'vendor/lib',
      isSubmodule: true,
      addedLines: null,
      deletedLines: null,
    },
  ]);
  expect(await git.listFiles('HEAD', 'vendor')).toEqual([
    { path: 'vendor/lib', sha, size: 0, mode: '160000' },
  ]);
  expect(await git.readFile('HEAD', 'vendor/lib')).toBeUndefined();
});

test('hunks give line ranges, and content cannot pass for a header', async () => {
  await using made = await testRepository();
  await made.commit({ files: { 'a b.txt': '1\n2\n3\n4\n5\n', other: 'x' } });
  await made.branch('topic');
  await made.commit({ files: { 'a b.txt': '1\n++ b/evil\n-- a/evil\n3\n5\n6\n', other: 'y\n' } });
  const git = openRepository(made.dir);

  expect(await git.hunks('main', 'topic', ['a b.txt'])).toEqual([
    { path: 'a b.txt', oldStart: 2, oldCount: 1, newStart: 2, newCount: 2 },
    { path: 'a b.txt', oldStart: 4, oldCount: 1, newStart: 4, newCount: 0 },
    { path: 'a b.txt', oldStart: 5, oldCount: 0, newStart: 6, newCount: 1 },
  ]);
  expect(new Set((await git.hunks('main', 'topic')).map(({ path }) => path))).toEqual(
    new Set(['a b.txt', 'other']),
  );
});

test('changes are taken from the merge base, and a long patch is cut at a line', async () => {
  await using made = await testRepository();
  await made.commit({ files: { 'a.txt': 'a\n' } });
  await made.branch('topic');
  await made.commit({ files: { 'b.txt': 'word\n'.repeat(1_000) } });
  await made.switchTo('main');
  await made.commit({ files: { 'c.txt': 'c\n' } });
  const git = openRepository(made.dir);

  expect((await git.changedFiles('main', 'topic')).map(({ path }) => path)).toEqual(['b.txt']);
  const cut = await git.patch('main', 'topic', 500);
  expect(cut.isCut).toBe(true);
  expect(cut.text.length).toBeLessThanOrEqual(500);
  expect(cut.text.endsWith('\n')).toBe(true);
  expect((await git.patch('main', 'topic')).isCut).toBe(false);
  expect(await git.mergeBase('main', 'topic')).toBe(await made.sha('main~1'));
  expect(await git.isAncestor('main~1', 'topic')).toBe(true);
  expect(await git.isAncestor('main', 'topic')).toBe(false);
});

test('a merge is tried, committed and pointed to without a work tree', async () => {
  await using made = await testRepository();
  await made.commit({ files: { 'a.txt': '1\n2\n3\n', 'ü.txt': 'base\n' } });
  await made.branch('clean');
  await made.commit({ files: { 'b.txt': 'b\n' } });
  await made.branch('clash', 'main');
  await made.commit({ files: { 'ü.txt': 'theirs\n' } });
  await made.switchTo('main');
  const main = await made.commit({ files: { 'ü.txt': 'ours\n' } });
  const git = openRepository(made.dir);

  expect((await git.mergeTree('main', 'clash')).conflicts).toEqual(['ü.txt']);
  const { treeSha, conflicts } = await git.mergeTree('main', 'clean');
  expect(conflicts).toEqual([]);
  const person = { name: 'A <b>\nC', email: 'a@example.org' };
  const merged = await git.commitTree({
    treeSha,
    parents: [main, await made.sha('clean')],
    message: 'Merge clean\n\nBody\n',
    author: person,
    committer: { name: '', email: 'bot@example.org' },
    at: new Date('2026-03-01T00:00:00Z'),
  });

  expect(await git.commit(merged)).toMatchObject({
    parents: [main, await made.sha('clean')],
    author: { name: 'A  b  C', email: 'a@example.org' },
    committer: { name: 'bot' },
    committedAt: new Date('2026-03-01T00:00:00Z'),
    subject: 'Merge clean',
    body: 'Body',
  });
  expect(await git.updateRef('refs/heads/landed', merged, null)).toBe(true);
  expect(await git.updateRef('refs/heads/landed', main, null)).toBe(false);
  expect(await git.updateRef('refs/heads/landed', main, main)).toBe(false);
  expect(await git.updateRef('refs/heads/landed', main, merged)).toBe(true);
  expect(await git.resolve('landed')).toBe(main);
  await expect(git.updateRef('landed', main, null)).rejects.toMatchObject({ code: 'git.bad_ref' });
});

test('histories without a common commit are refused a merge by name', async () => {
  await using made = await testRepository();
  await made.commit();
  await made.git('switch', '--quiet', '--orphan', 'island');
  await made.commit({ files: { x: 'x' } });
  const git = openRepository(made.dir);

  expect(await git.mergeBase('main', 'island')).toBeUndefined();
  expect((await git.changedFiles('main', 'island')).map(({ path }) => path)).toEqual(['x']);
  await expect(git.mergeTree('main', 'island')).rejects.toMatchObject({
    code: 'git.unrelated_histories',
  });
});

test('blame names the commit, path and line that wrote a line', async () => {
  await using made = await testRepository();
  const first = await made.commit({ files: { 'old.txt': 'one\ntwo\nthree\n' } });
  await made.commit({ files: { 'old.txt': null, 'new name.txt': 'zero\none\ntwo\nthree\n' } });
  const git = openRepository(made.dir);

  expect(await git.blame('HEAD', 'new name.txt', 3)).toMatchObject({
    sha: first,
    path: 'old.txt',
    line: 2,
    author: { name: 'Ada Lovelace', email: 'ada@example.org' },
    text: 'two',
  });
  expect(await git.blame('HEAD', 'new name.txt', 99)).toBeUndefined();
  expect(await git.blame('HEAD', 'new name.txt', 0)).toBeUndefined();
  expect(await git.blame('HEAD', 'nope', 1)).toBeUndefined();
});

test('the cut of a shallow clone is not shown as one commit that wrote everything', async () => {
  await using made = await testRepository();
  await made.commit({ files: { 'a.txt': 'a\n', 'b.txt': 'b\n' } });
  await made.commit({ files: { 'a.txt': 'A\n' } });
  const last = await made.commit({ files: { 'b.txt': 'B\n' } });
  const shallow = mkdtempSync(join(tmpdir(), 'loom-shallow-'));
  execFileSync('git', ['clone', '-q', '--depth', '2', `file://${made.dir}`, shallow]);
  try {
    const commits = await collect(openRepository(shallow).logWithFiles({ to: 'HEAD' }));

    expect(commits.map(({ sha, files }) => [sha, files.map(({ path }) => path)])).toEqual([
      [last, ['b.txt']],
      [commits[1]?.sha, []],
    ]);
  } finally {
    rmSync(shallow, { recursive: true, force: true });
  }
});

test('a checkout is a folder of its own that cannot move refs, and goes away', async () => {
  await using made = await testRepository();
  const sha = await made.commit({ files: { 'a/b.txt': 'b\n', link: { symlink: 'a/b.txt' } } });
  await made.commit({ files: { 'a/b.txt': 'later\n' } });
  const git = openRepository(made.dir);
  const folder = join(made.dir, '../', `${sha.slice(0, 12)}-checkout`);
  {
    await using checkout = await git.checkout(sha, folder);

    expect(checkout).toBeDefined();
    expect(readFileSync(join(folder, 'a/b.txt'), 'utf8')).toBe('b\n');
    const inside = (...args: string[]) =>
      execFileSync('git', args, { cwd: folder }).toString().trim();
    expect(inside('rev-parse', 'HEAD')).toBe(sha);
    expect(inside('status', '--porcelain')).toBe('');
    inside('update-ref', 'refs/heads/main', sha);
    await expect(git.checkout(sha, folder)).rejects.toMatchObject({ code: 'git.folder_exists' });
  }
  expect(existsSync(folder)).toBe(false);
  expect(await git.resolve('main')).not.toBe(sha);
});

test('a folder that is not a repository says so at every kind of question', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loom-none-'));
  try {
    for (const dir of [folder, join(folder, 'absent')]) {
      const git = openRepository(dir);
      await expect(git.resolve('HEAD')).rejects.toMatchObject({ code: 'git.not_a_repository' });
      await expect(git.branches()).rejects.toMatchObject({ code: 'git.not_a_repository' });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
