/**
 * For tests: checks GraphQL documents against GitHub's public schema, and answers them from plain objects.
 * `test-graphql-schema.json` holds the part of the schema that our documents touch, cut by machine out of
 * `@octokit/graphql-schema` 15.26.1 (`schema.json`) with the fields' arguments, inputs and enums word for
 * word; what is not in it is refused, so that a new field has to be looked up first. The language is only
 * as large as our documents: one operation, fields with aliases and arguments, `... on Type`.
 */
import { readFileSync } from 'node:fs';

interface FieldType {
  type: string;
  args?: Record<string, string>;
}
interface Schema {
  types: Record<string, Record<string, FieldType>>;
  inputs: Record<string, Record<string, string>>;
  enums: Record<string, string[]>;
  possible: Record<string, string[]>;
}
const SCHEMA = JSON.parse(
  readFileSync(new URL('test-graphql-schema.json', import.meta.url), 'utf8'),
) as Schema;

type Value =
  | { variable: string }
  | { literal: string | number; isString: boolean }
  | { fields: Record<string, Value> };
type Selection =
  | { on: string; selections: Selection[] }
  | { name: string; alias: string; args: Record<string, Value>; selections: Selection[] };
interface Operation {
  variables: Record<string, string>;
  selections: Selection[];
}

/** A node of the answer: values, lists, or functions of the arguments. */
export interface Node {
  [field: string]: unknown;
}

/** What is wrong with the document by the schema; nothing when it is as the schema says. */
export function checkDocument(document: string): string[] {
  const problems: string[] = [];
  const { variables, selections } = parse(document);
  const used = new Set<string>();

  function checkSelections(type: string, list: readonly Selection[]): void {
    for (const one of list) {
      if ('on' in one) {
        if (SCHEMA.possible[type]?.includes(one.on) !== true && one.on !== type) {
          problems.push(`${type} is never a ${one.on}`);
        }
        checkSelections(one.on, one.selections);
        continue;
      }
      if (one.name === '__typename') continue;
      const field = SCHEMA.types[type]?.[one.name];
      if (field === undefined) {
        problems.push(`${type} has no field ${one.name}`);
        continue;
      }
      for (const [name, value] of Object.entries(one.args)) {
        const expected = field.args?.[name];
        if (expected === undefined) problems.push(`${type}.${one.name} takes no ${name}`);
        else checkValue(expected, value, `${type}.${one.name}(${name})`);
      }
      for (const [name, expected] of Object.entries(field.args ?? {})) {
        if (expected.endsWith('!') && one.args[name] === undefined) {
          problems.push(`${type}.${one.name} needs ${name}`);
        }
      }
      const inner = bare(field.type);
      const isComposite = SCHEMA.types[inner] !== undefined || SCHEMA.possible[inner] !== undefined;
      if (isComposite !== one.selections.length > 0) {
        problems.push(`${type}.${one.name} ${isComposite ? 'needs' : 'has no'} fields`);
      }
      checkSelections(inner, one.selections);
    }
  }

  function checkValue(expected: string, value: Value, where: string): void {
    const inner = bare(expected);
    if ('variable' in value) {
      used.add(value.variable);
      const given = variables[value.variable];
      const isFit = given === expected || given === `${expected}!`;
      if (!isFit) problems.push(`${where}: $${value.variable} is ${given}, not ${expected}`);
    } else if ('fields' in value) {
      const input = SCHEMA.inputs[inner];
      if (input === undefined) problems.push(`${where}: ${inner} is no input`);
      for (const [name, type] of Object.entries(input ?? {})) {
        const own = value.fields[name];
        if (own !== undefined) checkValue(type, own, `${where}.${name}`);
        else if (type.endsWith('!')) problems.push(`${where} needs ${name}`);
      }
      for (const name of Object.keys(value.fields)) {
        if (input?.[name] === undefined) problems.push(`${where} has no ${name}`);
      }
    } else {
      const { literal, isString } = value;
      const isFit =
        inner === 'Int'
          ? Number.isInteger(literal)
          : (!isString && SCHEMA.enums[inner]?.includes(String(literal))) ||
            (isString && (inner === 'String' || inner === 'ID'));
      if (!isFit) problems.push(`${where}: ${literal} is no ${inner}`);
    }
  }

  checkSelections('Query', selections);
  for (const name of Object.keys(variables)) {
    if (!used.has(name)) problems.push(`$${name} is not used`);
  }
  return problems;
}

/** Answers a document from `root`, whose functions get the arguments. */
export function execute(document: string, variables: Node, root: Node): Node {
  const resolve = (node: unknown, list: readonly Selection[]): unknown => {
    if (Array.isArray(node)) return node.map((one: unknown) => resolve(one, list));
    if (node === null || node === undefined || list.length === 0) return node ?? null;
    const from = node as Node;
    const answer: Node = {};
    for (const one of list) {
      if ('on' in one) {
        if (from['__typename'] === one.on) Object.assign(answer, resolve(node, one.selections));
        continue;
      }
      const value = from[one.name];
      const args = Object.fromEntries(
        Object.entries(one.args).map(([name, given]) => [name, valueOf(given, variables)]),
      );
      const told = typeof value === 'function' ? (value as (args: Node) => unknown)(args) : value;
      answer[one.alias] = resolve(told, one.selections);
    }
    return answer;
  };
  return resolve(root, parse(document).selections) as Node;
}

/** A connection over a list: `first` from after the cursor, which is a place in the list. */
export function connection(all: readonly unknown[]) {
  return ({ first, after }: Node) => {
    const start = after === null || after === undefined ? 0 : Number(after);
    const nodes = all.slice(start, start + Number(first));
    const end = start + nodes.length;
    return {
      totalCount: all.length,
      pageInfo: { hasNextPage: end < all.length, endCursor: nodes.length === 0 ? null : `${end}` },
      nodes,
    };
  };
}

function valueOf(value: Value, variables: Node): unknown {
  if ('variable' in value) return variables[value.variable];
  if ('literal' in value) return value.literal;
  return Object.fromEntries(
    Object.entries(value.fields).map(([name, one]) => [name, valueOf(one, variables)]),
  );
}

const bare = (type: string) => type.replaceAll(/[![\]]/g, '');

function parse(document: string): Operation {
  const tokens = document.match(/\.\.\.|"[^"]*"|\$?\w+|[{}()[\]:!,]/g) ?? [];
  let at = 0;
  const take = (expected?: string): string => {
    const token = tokens[at++] ?? '';
    if (token === '' || (expected !== undefined && token !== expected)) {
      throw new Error(`GraphQL: ${expected ?? 'more'} expected, not ${token}`);
    }
    return token;
  };
  const skip = (token: string): boolean => {
    if (tokens[at] !== token) return false;
    at += 1;
    return true;
  };

  function value(): Value {
    const token = take();
    if (token.startsWith('$')) return { variable: token.slice(1) };
    if (token.startsWith('"')) return { literal: token.slice(1, -1), isString: true };
    if (token === '{') {
      const fields: Record<string, Value> = {};
      while (!skip('}')) {
        const name = take();
        take(':');
        fields[name] = value();
        skip(',');
      }
      return { fields };
    }
    return { literal: /^\d+$/.test(token) ? Number(token) : token, isString: false };
  }

  function selectionsIn(): Selection[] {
    const list: Selection[] = [];
    if (!skip('{')) return list;
    while (!skip('}')) {
      if (skip('...')) {
        take('on');
        list.push({ on: take(), selections: selectionsIn() });
        continue;
      }
      const alias = take();
      const name = skip(':') ? take() : alias;
      const args: Record<string, Value> = {};
      if (skip('(')) {
        while (!skip(')')) {
          const argument = take();
          take(':');
          args[argument] = value();
          skip(',');
        }
      }
      list.push({ name, alias, args, selections: selectionsIn() });
    }
    return list;
  }

  take('query');
  take();
  const variables: Record<string, string> = {};
  if (skip('(')) {
    while (!skip(')')) {
      const name = take().slice(1);
      take(':');
      variables[name] = take() + (skip('!') ? '!' : '');
      skip(',');
    }
  }
  const selections = selectionsIn();
  if (at !== tokens.length) throw new Error('GraphQL: one operation only');
  return { variables, selections };
}
