/**
 * Goal: git decides whether two changes conflict, nothing is written to the repository, and main's own
 * conflicts are not blamed on a pair.
 * Method: a real repository with changes that are open, landed, rebased and unrelated.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRepository } from '#git';
import { testRepository } from '#testing';
import { testMerges } from './merge-test.ts';

const text = (changes: Record<number, string> = {}) =>
  Array.from({ length: 20 }, (_, at) => `${changes[at + 1] ?? `line ${at + 1}`}\n`).join('');

test('open, landed and impossible pairs are each decided by a merge that leaves no trace', async () => {
  await using made = await testRepository();
  const root = await made.commit({ files: { 'f.txt': text(), 'g.txt': 'g\n' }, message: 'Begin' });
  const branch = async (from: string, name: string, content: string) => {
    await made.branch(name, from);
    const sha = await made.commit({ files: { 'f.txt': content }, message: name });
    await made.switchTo('main');
    return sha;
  };
  const first = await branch(root, 'first', text({ 5: 'first' }));
  const rival = await branch(root, 'rival', text({ 5: 'rival' }));
  const far = await branch(root, 'far', text({ 15: 'far' }));
  // `first` lands, and `adapted` is written over it.
  const landed = await made.commit({ files: { 'f.txt': text({ 5: 'first' }) }, message: 'Land' });
  const adapted = await branch(landed, 'adapted', text({ 5: 'first and more' }));
  const git = openRepository(made.dir);
  const before = readdirSync(join(git.dir, 'objects'), { recursive: true }).length;
  const open = (headSha: string) => ({ baseSha: root, headSha });
  await using scratch = await git.openMergeScratch();

  const [conflict, clean, rebased, missing, again] = await testMerges(git, scratch, [
    [open(first), open(rival)],
    [open(rival), open(far)],
    [
      { ...open(first), mergedSha: landed },
      { baseSha: landed, headSha: adapted },
    ],
    [open(first), open('f'.repeat(40))],
    [open(rival), { baseSha: landed, headSha: adapted }],
  ]);

  expect(conflict).toMatchObject({ conflicts: ['f.txt'], isIsolated: true });
  expect(await scratch.readText(conflict!.treeSha, 'f.txt', 10_000)).toContain('<<<<<<<');
  expect(clean).toMatchObject({ conflicts: [], isIsolated: true });
  expect(rebased).toMatchObject({ conflicts: ['f.txt'], isIsolated: true });
  expect(missing).toBeUndefined();
  // `rival` conflicts with what has landed already: no fault of `adapted`.
  expect(again).toMatchObject({ conflicts: ['f.txt'], isIsolated: false });
  expect(readdirSync(join(git.dir, 'objects'), { recursive: true })).toHaveLength(before);
});
