/** A plausible value of a schema, so that every answer in the API document has an example. */
import { z } from 'zod';
import type { Json } from '#kernel';

const AT = '2026-01-05T09:00:00.000Z';
const SHA = '4f2c0a9d1b7e3c5a8f6d2e1b0c9a8b7d6e5f4a3b';

/** What fields of these names usually hold. */
const BY_NAME: Record<string, Json> = {
  repository: 'acme/shop',
  name: 'acme/shop',
  title: 'Refuse empty orders',
  text: 'An order without lines must be refused with a clear message.',
  intent: 'Refuse empty orders',
  reason: 'Reviewed the boundary cases.',
  message: 'Done.',
  path: 'src/orders/validate.ts',
  branch: 'refuse-empty-orders',
  baseBranch: 'main',
  defaultBranch: 'main',
  url: 'https://git.example.com/acme/shop',
  cloneUrl: 'http://127.0.0.1:7400/git/acme/shop.git',
  headSha: SHA,
  baseSha: SHA,
  mergeSha: SHA,
  sha: SHA,
  revision: SHA,
  agent: 'claude-code',
  authorName: 'Ada',
  personName: 'Ada',
  environment: 'production',
  policyVersion: '9f86d081884c7d65',
  lane: 'one-reviewer',
  correlationId: 'evt_019abc00000070008000000000000000',
  type: 'change.opened',
  subject: 'chg_019abc00000070008000000000000000',
  origin: 'loomstack.local/log',
};

/** @param name the field it stands in, which often says more than its type. */
export function exampleOf(schema: z.ZodType, name = ''): Json {
  const { example, type } = (schema.meta() ?? {}) as { example?: Json; type?: unknown };
  if (example !== undefined) return example;
  if (type !== undefined) return {};
  if (schema instanceof z.ZodObject) {
    return Object.fromEntries(
      Object.entries(schema.shape).map(([key, field]) => [key, exampleOf(field as z.ZodType, key)]),
    );
  }
  if (schema instanceof z.ZodArray) return [exampleOf(schema.element as z.ZodType)];
  if (schema instanceof z.ZodEnum) return schema.options[0] as string;
  if (schema instanceof z.ZodLiteral) return [...schema.values][0] as Json;
  if (schema instanceof z.ZodUnion) return exampleOf(schema.options[0] as z.ZodType, name);
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) {
    return exampleOf(schema.unwrap() as z.ZodType, name);
  }
  if (schema instanceof z.ZodDefault) return exampleOf(schema.unwrap() as z.ZodType, name);
  if (schema instanceof z.ZodDate) return AT;
  if (schema instanceof z.ZodBoolean) return false;
  if (schema instanceof z.ZodNumber) return 1;
  if (schema instanceof z.ZodRecord) return {};
  return BY_NAME[name] ?? 'text';
}
