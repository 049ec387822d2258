/**
 * The tools as they are listed: every byte is in each request of an agent, so limits are left to the
 * checks of a call, whose refusals name them. Pure.
 */
import { z } from 'zod';
import { TOOLS } from './tools.ts';

/** Keywords that say nothing a model needs before it has got one wrong. */
const LEFT_OUT = new Set([
  '$schema',
  'additionalProperties',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'pattern',
]);

export const LISTED_TOOLS = TOOLS.map((tool) => ({
  name: tool.name,
  title: tool.title,
  description: tool.description,
  inputSchema: schemaOf(tool.input, 'input'),
  outputSchema: schemaOf(tool.output, 'output'),
  annotations: {
    readOnlyHint: tool.isReadOnly,
    idempotentHint: tool.isIdempotent,
    destructiveHint: false,
    openWorldHint: false,
  },
}));

function schemaOf(schema: z.ZodObject, io: 'input' | 'output') {
  return { type: 'object' as const, ...slim(z.toJSONSchema(schema, { io })) };
}

function slim(schema: object): Record<string, unknown> {
  const entries = Object.entries(schema).filter(([key]) => !LEFT_OUT.has(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, inside(key, value)]));
}

function inside(key: string, value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item: unknown) => (isObject(item) ? slim(item) : item));
  }
  if (!isObject(value)) return value;
  // Names of properties are words of ours and no keywords.
  return key === 'properties'
    ? Object.fromEntries(
        Object.entries(value).map(([name, it]) => [name, isObject(it) ? slim(it) : it]),
      )
    : slim(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
