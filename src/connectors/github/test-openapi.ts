/**
 * For tests: GitHub's published description of its REST API, asked whether a request is one it describes.
 * The file is large, so it is read once and only the operations that are asked for are compiled.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

interface Schema {
  type?: string | string[];
  properties?: Record<string, unknown>;
  [keyword: string]: unknown;
}
interface Parameter {
  $ref?: string;
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
}
interface Operation {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content?: Record<string, { schema: Schema }> };
}
interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: { parameters: Record<string, Parameter>; schemas: Record<string, Schema> };
}

export interface RecordedCall {
  method: string;
  /** Path with its query. */
  url: string;
  body: string;
}

export interface GitHubDescription {
  /** The operation and what is wrong with the call; nothing when it is as described. */
  check(call: RecordedCall): { operation: string | undefined; problems: string[] };
}

export function readGitHubDescription(): GitHubDescription {
  const path = createRequire(import.meta.url).resolve(
    '@octokit/openapi/generated/api.github.com.json',
  );
  const description = JSON.parse(readFileSync(path, 'utf8'), dropBareNullable) as Description;
  const ajv = new Ajv({ strict: false, coerceTypes: false, allErrors: true });
  (formats as unknown as (instance: Ajv) => void)(ajv);
  ajv.addSchema({ $id: 'https://github.example/', components: description.components });
  const compiled = new Map<string, ValidateFunction>();

  const operations = Object.entries(description.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      // `{path}` and `{ref}` may hold slashes; nothing else does.
      pattern: new RegExp(
        `^${template
          .replaceAll(/[.+]/g, String.raw`\$&`)
          .replaceAll(/\{(?:path|ref)\}/g, '.+')
          .replaceAll(/\{[^}]+\}/g, '[^/]+')}$`,
      ),
      literals: template.split('/').filter((part) => !part.startsWith('{')).length,
      operation,
    })),
  );

  function validator(key: string, schema: Schema): ValidateFunction {
    let validate = compiled.get(key);
    if (validate === undefined) {
      const text = JSON.stringify(schema).replaceAll(
        '"#/components/',
        '"https://github.example/#/components/',
      );
      validate = ajv.compile(JSON.parse(text) as object);
      compiled.set(key, validate);
    }
    return validate;
  }

  return {
    check({ method, url, body }) {
      const { pathname, searchParams } = new URL(url, 'https://api.github.com');
      const [found] = operations
        .filter((one) => one.method === method && one.pattern.test(pathname))
        .sort((a, b) => b.literals - a.literals);
      if (found === undefined) {
        return { operation: undefined, problems: [`${method} ${pathname} is not described`] };
      }
      const { operation } = found;
      const id = operation.operationId;
      const parameters = (operation.parameters ?? []).map((one) =>
        one.$ref === undefined
          ? one
          : description.components.parameters[one.$ref.split('/').at(-1)!]!,
      );
      const problems = [
        ...queryProblems(searchParams, parameters, (name, schema) =>
          validator(`${id}?${name}`, schema),
        ),
        ...bodyProblems(operation, body, (schema) => validator(id, schema)),
      ];
      return { operation: id, problems: problems.map((problem) => `${id}: ${problem}`) };
    },
  };
}

function queryProblems(
  query: URLSearchParams,
  parameters: readonly Parameter[],
  validator: (name: string, schema: Schema) => ValidateFunction,
): string[] {
  const known = new Map(
    parameters.filter((one) => one.in === 'query').map((one) => [one.name, one]),
  );
  const problems = [...known.values()]
    .filter(({ required, name }) => required === true && !query.has(name))
    .map(({ name }) => `the query lacks ${name}`);
  for (const [name, text] of query) {
    const parameter = known.get(name);
    if (parameter === undefined) {
      problems.push(`the query has an unknown ${name}`);
      continue;
    }
    const isNumber = parameter.schema.type === 'integer';
    const validate = validator(name, parameter.schema);
    if (!validate(isNumber ? Number(text) : text)) problems.push(`${name}=${text} is not allowed`);
  }
  return problems;
}

function bodyProblems(
  { requestBody }: Operation,
  text: string,
  validator: (schema: Schema) => ValidateFunction,
): string[] {
  const schema = requestBody?.content?.['application/json']?.schema;
  if (text === '') return requestBody?.required === true ? ['the body is missing'] : [];
  const body = JSON.parse(text) as Record<string, unknown>;
  if (schema === undefined) {
    return Object.keys(body).length === 0 ? [] : ['no body is described'];
  }
  const validate = validator(schema);
  const problems = validate(body)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  // The description lets anything else in; a field nobody reads is a mistake of ours all the same.
  const unknown = Object.keys(body).filter(
    (name) => schema.properties !== undefined && !(name in schema.properties),
  );
  return [...problems, ...unknown.map((name) => `the body has an unknown ${name}`)];
}

/** GitHub writes `nullable` beside an enumeration that names no type; ajv takes that for a mistake. */
function dropBareNullable(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('nullable' in value)) return value;
  if ('type' in value) return value;
  const { nullable: _nullable, ...rest } = value;
  return rest;
}
