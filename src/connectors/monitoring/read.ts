/** What the mappings share for reading bodies. Pure. */
import { z } from 'zod';
import { AppError, checkValue } from '#kernel';

export const UNREADABLE = 'monitoring.unreadable_delivery';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws AppError `monitoring.unreadable_delivery`. Bytes that are no UTF-8 are no text of anybody. */
export function readBody<Schema extends z.ZodType>(
  schema: Schema,
  body: Uint8Array,
): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch (cause) {
    throw new AppError('invalid', UNREADABLE, { message: 'The body is not valid JSON.', cause });
  }
  return checkValue(schema, value, UNREADABLE);
}

/** Text of any length, kept short enough for keys and titles by whoever uses it. */
export const text = z.string().max(1_000_000);
/** Label values as text; what is no text is left out rather than refused. */
export const labels = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((given) =>
    Object.fromEntries(
      Object.entries(given ?? {}).flatMap(([name, value]): [string, string][] =>
        typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
          ? [[name, String(value)]]
          : [],
      ),
    ),
  );
/** RFC 3339 with an offset. */
export const time = z.iso.datetime({ offset: true }).transform((given) => new Date(given));
