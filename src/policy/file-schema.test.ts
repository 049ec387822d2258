/**
 * Goal: the schema that editors get says what the reader takes: all it loads, and no other key.
 * Method: the leader's example under a JSON Schema validator and the reader alike, with one key spoilt.
 */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { policyFileSchema } from './file-schema.ts';
import { readPolicy } from './read-policy.ts';
import { RULE_TAGS } from './tags.ts';

const EXAMPLE = readFileSync(
  new URL('../../docs/examples/leader-policy.yaml', import.meta.url),
  'utf8',
);
const isValid = new Ajv2020({ strict: false, allErrors: true }).compile(policyFileSchema());

test('the leader’s example is valid by both', () => {
  isValid(parse(EXAMPLE));

  expect(isValid.errors).toBeNull();
  expect(readPolicy(EXAMPLE).problems).toEqual([]);
});

test.each([
  ['a section', 'routing:', 'rooting:'],
  ['a part of a condition', 'downstream_services:', 'downstream_service:'],
  ['a requirement', 'ticket: true', 'tickets: true'],
  ['a tag', 'tags: auth', 'tags: oath'],
  ['a term of approvals', 'stale_on:', 'stale:'],
  ['a part of a grant', 'daily_per_service: 5', 'daily: 5'],
  ['a number', "'>400'", "'400'"],
])('%s that is misspelt is refused by both', (_what, right, wrong) => {
  const text = EXAMPLE.replace(right, wrong);

  expect(text).not.toBe(EXAMPLE);
  expect(isValid(parse(text))).toBe(false);
  expect(readPolicy(text).problems).not.toEqual([]);
});

test('every tag of rules is offered', () => {
  const schema = JSON.stringify(policyFileSchema());

  expect(RULE_TAGS.filter((tag) => !schema.includes(JSON.stringify(tag)))).toEqual([]);
});
