/** Gives a schema the name under which the API document shows it. */
import '@hono/zod-openapi';
import type { z } from 'zod';

export function named<Schema extends z.ZodType>(name: string, schema: Schema): Schema {
  // A copy: rooms may have made theirs before zod learnt to describe itself.
  return schema.meta(schema.meta() ?? {}).openapi(name);
}
