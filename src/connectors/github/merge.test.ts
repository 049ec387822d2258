/**
 * Goal: whatever GitHub says about a merge has one meaning for us, and a moved head is never merged.
 * Method: tables of pull requests and answers; properties over all of them.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseMethod, judgeBefore, judgeRefusal, type MergeablePull } from './merge.ts';

const HEAD = 'a'.repeat(40);
const open: MergeablePull = {
  state: 'open',
  merged: false,
  merge_commit_sha: 'b'.repeat(40),
  draft: false,
  mergeable: true,
  mergeable_state: 'clean',
  head: { sha: HEAD },
};

describe('before the merge is asked for', () => {
  test.each<[string, Partial<MergeablePull>, unknown]>([
    ['open', {}, undefined],
    ['not worked out yet', { mergeable: null, mergeable_state: 'unknown' }, undefined],
    ['blocked by a rule', { mergeable: true, mergeable_state: 'blocked' }, undefined],
    [
      'merged',
      { merged: true, state: 'closed' },
      { outcome: 'merged', mergeSha: open.merge_commit_sha },
    ],
    [
      'merged with another head',
      { merged: true, state: 'closed', head: { sha: 'c' } },
      { outcome: 'head-moved', headSha: 'c' },
    ],
    [
      'in conflict',
      { mergeable: false, mergeable_state: 'dirty' },
      { outcome: 'conflict', paths: [] },
    ],
    ['a draft', { draft: true }, { outcome: 'refused', reason: 'The pull request is a draft.' }],
    ['closed', { state: 'closed' }, { outcome: 'refused', reason: 'The pull request is closed.' }],
  ])('a pull request that is %s', (_what, patch, outcome) => {
    expect(judgeBefore({ ...open, ...patch }, HEAD)).toEqual(outcome);
  });

  test('a head that is not the expected one is never merged', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.constantFrom('open', 'closed'),
        fc.constantFrom(true, false, null),
        (merged, state, mergeable) => {
          const pull = { ...open, merged, state, mergeable };

          expect(judgeBefore(pull, 'another')).toEqual({ outcome: 'head-moved', headSha: HEAD });
          expect(judgeRefusal(pull, 'another', 'No.')).toMatchObject({ outcome: 'head-moved' });
        },
      ),
    );
  });
});

describe('after GitHub refused', () => {
  test('a conflict is a conflict however it is said', () => {
    const dirty = { ...open, mergeable: false, mergeable_state: 'dirty' };

    expect(judgeRefusal(dirty, HEAD, 'Pull Request is not mergeable').outcome).toBe('conflict');
    expect(judgeRefusal(open, HEAD, 'Merge conflict').outcome).toBe('conflict');
  });

  test.each([
    [{ ...open, mergeable: null }, 'Pull Request is not mergeable'],
    [open, 'Base branch was modified. Review and try the merge again.'],
  ])('what may change by itself is tried again', (pull, message) => {
    expect(() => judgeRefusal(pull, HEAD, message)).toThrow(
      expect.objectContaining({ kind: 'unavailable', code: 'github.not_mergeable_yet' }),
    );
  });

  test('all else is refused with the reason GitHub gives', () => {
    expect(judgeRefusal(open, HEAD, 'Review required')).toEqual({
      outcome: 'refused',
      reason: 'Review required',
    });
  });
});

describe('the way of merging', () => {
  test.each([
    [{}, 'merge'],
    [{ allow_merge_commit: true, allow_squash_merge: true }, 'merge'],
    [{ allow_merge_commit: false, allow_squash_merge: true }, 'squash'],
    [{ allow_merge_commit: false, allow_squash_merge: false, allow_rebase_merge: true }, 'rebase'],
  ])('where %j is allowed, it is %s', (allowed, method) => {
    expect(chooseMethod(allowed)).toBe(method);
  });
});
