/** JSON at the boundary: parsed by a schema, or refused with a stable code. */
import { z } from 'zod';
import { AppError } from './errors.ts';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export const Json: z.ZodType<Json> = z.lazy(() =>
  z.union([
    z.string(),
    z.number(),
    z.boolean(),
    z.null(),
    z.array(Json),
    z.record(z.string(), Json),
  ]),
);
export const JsonObject: z.ZodType<JsonObject> = z.record(z.string(), Json);

const utf8 = new TextDecoder();
/** The bytes of a delivery are read by several readers, each with a schema of its own. */
const parsed = new WeakMap<Uint8Array, unknown>();

/** Parses text or bytes as JSON and checks it, or throws `invalid` with the given code. */
export function parseJson<Schema extends z.ZodType>(
  schema: Schema,
  body: string | Uint8Array,
  code: string,
): z.output<Schema> {
  let value: unknown;
  try {
    value = typeof body === 'string' ? JSON.parse(body) : parseBytes(body);
  } catch (cause) {
    throw new AppError('invalid', code, { message: 'The body is not valid JSON.', cause });
  }
  return checkValue(schema, value, code);
}

/**
 * Parses bytes that nobody changes any more: the same bytes, asked again, give the same value, which is
 * not to be changed either.
 * @throws SyntaxError when they are not JSON.
 */
export function parseBytes(body: Uint8Array): unknown {
  const known = parsed.get(body);
  if (known !== undefined) return known;
  const value: unknown = JSON.parse(utf8.decode(body));
  parsed.set(body, value);
  return value;
}

/** Checks a value against a schema, or throws `invalid` naming the first offending place. */
export function checkValue<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  code: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({
    path: issue.path.map(String).join('.'),
    message: issue.message,
  }));
  const first = issues[0];
  throw new AppError('invalid', code, {
    message: `${first?.path ? `${first.path}: ` : ''}${first?.message ?? 'does not fit the schema'}`,
    details: { issues },
    cause: result.error,
  });
}

/**
 * JSON with sorted keys and no spaces, so that equal values are equal bytes (RFC 8785 for the
 * values we store: strings, booleans, null, safe integers and finite numbers).
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (value instanceof Date) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`;
}
