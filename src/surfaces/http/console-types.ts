/**
 * The types of the console, made from the API document: what each route answers and takes, as it is on
 * the wire. The console imports nothing of ours, so the types are written out for it
 * (`node scripts/write-docs.ts`), and a test holds the file to the routes.
 */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Services } from '../services.ts';
import type { Environment } from './environment.ts';
import { describeApp } from './openapi.ts';
import { allRoutes } from './resources/index.ts';
import { type Pipeline, registerRoutes } from './route.ts';

/** The part of JSON Schema that the API document uses. */
export interface WireSchema {
  $ref?: string;
  type?: string | readonly string[];
  enum?: readonly unknown[];
  properties?: Record<string, WireSchema>;
  required?: readonly string[];
  additionalProperties?: WireSchema | boolean;
  items?: WireSchema;
  prefixItems?: readonly WireSchema[];
  anyOf?: readonly WireSchema[];
  oneOf?: readonly WireSchema[];
  allOf?: readonly WireSchema[];
}

interface Contents {
  content?: Record<string, { schema?: WireSchema }>;
}

interface WireDocument {
  components?: { schemas?: Record<string, WireSchema> };
  paths: Record<
    string,
    Record<string, { requestBody?: Contents; responses: Record<string, Contents> }>
  >;
}

interface Operation {
  name: string;
  body: WireSchema | undefined;
  answer: WireSchema | undefined;
}

const HEAD = [
  '/**',
  ' * What the server answers and takes, as it is on the wire: dates are RFC 3339 text, ids are prefixed text.',
  ' * Written from its routes by `node scripts/write-docs.ts`. Change the routes, then run it.',
  ' */',
];

/** The file `console/src/api/schema.ts`, in full. */
export function renderConsoleTypes(): string {
  const app = new OpenAPIHono<Environment>();
  // Services and pipeline are called when a request comes; none comes here.
  const unused = new Proxy({}, { get: () => ({}) });
  registerRoutes(app, unused as Pipeline, allRoutes(unused as Services));
  const document = describeApp(app, { title: 'LoomStack API', version: '0' });
  const { components, paths } = document as unknown as WireDocument;

  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      body: schemaOf(operation.requestBody),
      answer: schemaOf(
        Object.entries(operation.responses).find(([status]) => status.startsWith('2'))?.[1],
      ),
    })),
  );
  const named = Object.entries(components?.schemas ?? {}).sort(byName);
  return [
    ...HEAD,
    ...named.map(([name, schema]) => `\nexport type ${name} = ${typeOf(schema, 0)};`),
    '\n/** What each route answers. */',
    `export interface Answers ${mapOf(operations, 'answer')}`,
    '\n/** What each route takes. */',
    `export interface Bodies ${mapOf(operations, 'body')}`,
    '',
  ].join('\n');
}

function byName([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1;
}

function schemaOf(message: Contents | undefined): WireSchema | undefined {
  return Object.values(message?.content ?? {})[0]?.schema;
}

function mapOf(operations: readonly Operation[], part: 'body' | 'answer'): string {
  const lines = operations.flatMap(({ name, [part]: schema }): [string, string][] =>
    schema === undefined ? [] : [[name, `  ${quote(name)}: ${typeOf(schema, 1)};`]],
  );
  return `{\n${lines
    .sort(byName)
    .map(([, line]) => line)
    .join('\n')}\n}`;
}

/**
 * One schema as a TypeScript type. `depth` is how far its inner lines are indented.
 * Anything that JSON Schema can say and this cannot is `unknown`, never something milder.
 */
export function typeOf(schema: WireSchema, depth: number): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? 'unknown';
  const isNullable = Array.isArray(schema.type) && schema.type.includes('null');
  if (schema.allOf !== undefined) {
    return schema.allOf.map((part) => typeOf(part, depth)).join(' & ');
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) {
    return unionOf([
      ...choices.map((choice) => typeOf(choice, depth)),
      ...(isNullable ? ['null'] : []),
    ]);
  }
  if (schema.enum !== undefined) {
    return unionOf([
      ...schema.enum.map((value) => (typeof value === 'string' ? quote(value) : String(value))),
      ...(isNullable ? ['null'] : []),
    ]);
  }
  const kinds = schema.type === undefined ? [] : [schema.type].flat();
  if (kinds.length === 0 || kinds.length > 4) return 'unknown';
  return unionOf(kinds.map((kind) => kindOf(kind, schema, depth)));
}

function kindOf(kind: string, schema: WireSchema, depth: number): string {
  switch (kind) {
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
    case 'boolean':
    case 'null':
      return kind;
    case 'array':
      return arrayOf(schema, depth);
    case 'object':
      return objectOf(schema, depth);
    default:
      return 'unknown';
  }
}

function arrayOf({ items, prefixItems }: WireSchema, depth: number): string {
  if (prefixItems !== undefined) {
    return `[${prefixItems.map((item) => typeOf(item, depth)).join(', ')}]`;
  }
  const item = items === undefined ? 'unknown' : typeOf(items, depth);
  return /^[\w.]+$/.test(item) || item.startsWith('{') ? `${item}[]` : `(${item})[]`;
}

function objectOf(schema: WireSchema, depth: number): string {
  const { properties, required = [], additionalProperties } = schema;
  if (properties === undefined) {
    const value =
      typeof additionalProperties === 'object' ? typeOf(additionalProperties, depth) : 'unknown';
    return `Record<string, ${value}>`;
  }
  const indent = '  '.repeat(depth + 1);
  const lines = Object.entries(properties).map(
    ([name, property]) =>
      `${indent}${/^[A-Za-z_]\w*$/.test(name) ? name : quote(name)}${required.includes(name) ? '' : '?'}: ${typeOf(property, depth + 1)};`,
  );
  return lines.length === 0
    ? 'Record<string, never>'
    : `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`;
}

function unionOf(types: readonly string[]): string {
  const distinct = [...new Set(types)];
  return distinct.includes('unknown') ? 'unknown' : distinct.join(' | ');
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
