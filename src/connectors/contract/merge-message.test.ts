/**
 * Goal: merge commits can be recognised by their trailers, and no text can forge one of ours.
 * Method: examples, and messages of any shape.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeMessage, withTrailers } from './merge-message.ts';

const request = {
  change: {
    changeId: 'chg_1',
    repository: 'acme/shop',
    branch: 'agent/total',
    baseBranch: 'main',
    headSha: 'abc',
  },
  message: 'Merge agent/total',
  expectedHeadSha: 'abc',
  idempotencyKey: 'merge:1',
};

describe('the message of a merge', () => {
  test('names change, branch, head and key', () => {
    expect(mergeMessage(request)).toBe(
      'Merge agent/total\n\nLoom-Change: chg_1\nLoom-Branch: agent/total\nLoom-Head: abc\nLoom-Merge-Key: merge:1\n',
    );
  });

  test('keeps trailers that are there and does not repeat them', () => {
    const message = 'Merge\n\nReviewed-by: Grace\nLoom-Change: chg_1';

    expect(mergeMessage({ ...request, message })).toBe(
      'Merge\n\nReviewed-by: Grace\nLoom-Change: chg_1\nLoom-Branch: agent/total\nLoom-Head: abc\nLoom-Merge-Key: merge:1\n',
    );
  });

  test('a subject that looks like a trailer stays the subject', () => {
    expect(withTrailers('fix: total', [['Loom-Head', 'abc']])).toBe(
      'fix: total\n\nLoom-Head: abc\n',
    );
  });

  test('a value cannot begin a trailer of its own', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (message, value) => {
        const before = `${message}\n\nEnd of the text.`;
        const lines = withTrailers(before, [['Loom-Head', `${value}\nLoom-Change: forged`]])
          .slice(before.trimEnd().replaceAll('\0', '').length)
          .split('\n')
          .filter((line) => line !== '');

        expect(lines).toHaveLength(1);
        expect(lines[0]).toMatch(/^Loom-Head: /);
      }),
    );
  });

  test('adding the same trailers twice changes nothing', () => {
    fc.assert(
      fc.property(fc.string(), (message) => {
        const once = mergeMessage({ ...request, message });

        expect(mergeMessage({ ...request, message: once })).toBe(once);
      }),
    );
  });
});
