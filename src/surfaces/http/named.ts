/** Gives a schema the name under which the API document shows it. */
import '@hono/zod-openapi';
import type { z } from 'zod';

const NAMED = new Map<string, z.ZodType>();

export function named<Schema extends z.ZodType>(name: string, schema: Schema): Schema {
  // A copy: rooms may have made theirs before zod learnt to describe itself.
  const copy = schema.meta(schema.meta() ?? {}).openapi(name);
  NAMED.set(name, copy);
  return copy;
}

/**
 * Every schema with a name. The document is told them before it meets one: what it meets first as
 * `.nullable()` would become the named schema itself, and null everywhere.
 */
export function namedSchemas(): ReadonlyMap<string, z.ZodType> {
  return NAMED;
}
