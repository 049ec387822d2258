/** Says what is wrong with a value of a request: what was expected there, what came, and an example. */
import type { z } from 'zod';
import { suggest } from '#kernel';
import { exampleOf } from './example-of.ts';

type Issue = z.core.$ZodIssue;

const KINDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  date: 'a time like 2026-01-05T09:00:00.000Z',
};

const FORMATS: Record<string, string> = {
  datetime: 'a time like 2026-01-05T09:00:00.000Z',
  date: 'a date like 2026-01-05',
  url: 'an address like https://git.example.com/acme/shop',
  email: 'an e-mail address like ada@acme.example',
  base64: 'text in base64',
};

const MAX_SHOWN = 60;

/**
 * A sentence about one issue, to stand after the name of the place: `must be …; "run_7" was given`.
 * What was given is told only where it cannot be a secret: where a choice or an id was asked for.
 */
export function explainIssue(issue: Issue, schema: z.ZodObject, value: unknown): string {
  const given = at(value, issue.path);
  switch (issue.code) {
    case 'invalid_type':
      return `${expectedKind(issue.expected, given)}${exampleFor(schema, issue.path)}`;
    case 'invalid_value':
      return explainChoice(issue.values, given);
    case 'too_small':
      return explainSize(issue.origin, 'least', Number(issue.minimum), issue.inclusive !== false);
    case 'too_big':
      return explainSize(issue.origin, 'most', Number(issue.maximum), issue.inclusive !== false);
    case 'invalid_format':
      return explainFormat(issue, schema, given);
    default:
      return clean(issue.message);
  }
}

function expectedKind(expected: string, given: unknown): string {
  const kind = KINDS[expected] ?? expected;
  return given === undefined
    ? `is missing; it must be ${kind}`
    : `must be ${kind}, and ${kindOf(given)} was given`;
}

function explainChoice(values: readonly unknown[], given: unknown): string {
  const choices = values.map(String);
  const must =
    choices.length === 1 ? `must be ${choices[0]}` : `must be one of ${choices.join(', ')}`;
  if (given === undefined) return `is missing; it ${must}`;
  const near = typeof given === 'string' ? suggest(given, choices) : undefined;
  return `${must}; ${shown(given)} was given${near === undefined ? '' : `. Did you mean ${near}?`}`;
}

function explainSize(origin: string, end: 'least' | 'most', limit: number, may: boolean): string {
  if (origin === 'string' && end === 'least' && limit === 1) return 'must not be empty';
  const unit = limit === 1 ? '' : 's';
  if (origin === 'string') return `must have at ${end} ${limit} character${unit}`;
  if (origin === 'array' || origin === 'set') return `must have at ${end} ${limit} item${unit}`;
  if (may) return `must be at ${end} ${limit}`;
  return `must be ${end === 'least' ? 'more' : 'less'} than ${limit}`;
}

function explainFormat(
  issue: Extract<Issue, { code: 'invalid_format' }>,
  schema: z.ZodObject,
  given: unknown,
): string {
  const known = FORMATS[issue.format];
  if (known !== undefined) return `must be ${known}`;
  // Patterns of ours come with words of ours; those of zod show the pattern.
  if (issue.message.startsWith('Invalid'))
    return `has another form${exampleFor(schema, issue.path)}`;
  const isId = /\bid of\b/.test(issue.message);
  const came = isId ? `; ${shown(given)} was given` : '';
  return `${clean(issue.message)}${came}${exampleFor(schema, issue.path)}`;
}

/** An example of the field, where the schema or the name of the field gives a telling one. */
function exampleFor(schema: z.ZodObject, path: readonly PropertyKey[]): string {
  const [name] = path;
  const field = typeof name === 'string' && path.length === 1 ? schema.shape[name] : undefined;
  if (field === undefined) return '';
  const example = exampleOf(field as z.ZodType, name as string);
  return example === 'text' || example === null ? '' : `. Example: ${JSON.stringify(example)}`;
}

function clean(message: string): string {
  return message.replace(/^Invalid input: /, '').replace(/\.$/, '');
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (part, key) => (part as Record<PropertyKey, unknown> | null | undefined)?.[key],
    value,
  );
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return KINDS[typeof value] ?? typeof value;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
