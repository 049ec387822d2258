/** Lists are read in pages behind opaque cursors; a page is never larger than the limit. */
import { z } from 'zod';
import { AppError } from './errors.ts';
import { checkValue, type Json } from './json.ts';

export const MAX_PAGE_SIZE = 200;

export const PageRequest = z.object({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(50),
  cursor: z.string().max(500).optional(),
});
export type PageRequest = z.infer<typeof PageRequest>;

export interface Page<Item> {
  items: Item[];
  /** Pass it as `cursor` to read on; null when this was the last page. */
  nextCursor: string | null;
}

/** A cursor is the sort key of the last row read, as base64url JSON. */
export function encodeCursor(key: Json): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** Reads a cursor made by `encodeCursor`, or throws `kernel.bad_cursor`. */
export function decodeCursor<Schema extends z.ZodType>(
  schema: Schema,
  cursor: string,
): z.output<Schema> {
  try {
    return checkValue(
      schema,
      JSON.parse(Buffer.from(cursor, 'base64url').toString()),
      'kernel.bad_cursor',
    );
  } catch (cause) {
    throw new AppError('invalid', 'kernel.bad_cursor', {
      message: 'The cursor is not one of ours.',
      hint: 'Pass the nextCursor of the previous page unchanged, or none to start over.',
      cause,
    });
  }
}

/** Cuts `limit + 1` rows to a page; `keyOf` gives the sort key of a row. */
export function toPage<Item>(rows: Item[], limit: number, keyOf: (row: Item) => Json): Page<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const hasMore = rows.length > limit && last !== undefined;
  return { items, nextCursor: hasMore ? encodeCursor(keyOf(last)) : null };
}
