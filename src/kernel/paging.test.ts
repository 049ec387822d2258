/**
 * Goal: reading page by page gives every row once; a foreign cursor is refused.
 * Method: a list paged through with every limit, as a store does it.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { decodeCursor, encodeCursor, MAX_PAGE_SIZE, PageRequest, toPage } from './paging.ts';

test('page by page every row comes once and in order', () => {
  fc.assert(
    fc.property(fc.nat({ max: 60 }), fc.integer({ min: 1, max: 20 }), (count, limit) => {
      const rows = Array.from({ length: count }, (_, row) => row);
      const seen: number[] = [];
      let cursor: string | null = null;
      do {
        const after: number = cursor === null ? -1 : decodeCursor(z.number(), cursor);
        const page = toPage(rows.slice(after + 1, after + 2 + limit), limit, (row) => row);
        expect(page.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null);

      expect(seen).toEqual(rows);
    }),
  );
});

test('a cursor gives its key back', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer(), (name, at) => {
      const cursor = encodeCursor([name, at]);

      expect(decodeCursor(z.tuple([z.string(), z.number()]), cursor)).toEqual([name, at]);
      expect(cursor).toMatch(/^[\w-]*$/);
    }),
  );
});

test.each(['', 'rubbish', encodeCursor('text'), encodeCursor({ at: 1 })])(
  'the foreign cursor "%s" is refused',
  (cursor) => {
    expect(() => decodeCursor(z.number(), cursor)).toThrow(
      expect.objectContaining({ kind: 'invalid', code: 'kernel.bad_cursor' }),
    );
  },
);

test('a page is never larger than the limit of the product', () => {
  expect(PageRequest.parse({})).toEqual({ limit: 50 });
  expect(PageRequest.parse({ limit: '20' })).toEqual({ limit: 20 });
  expect(PageRequest.safeParse({ limit: MAX_PAGE_SIZE + 1 }).success).toBe(false);
  expect(PageRequest.safeParse({ limit: 0 }).success).toBe(false);
});
