/**
 * Edits to JSON text that leave every other byte where it is: people keep such files in git, and a
 * diff must show what was asked for and nothing else. Comments and commas at the end of lists, which
 * several agents allow, are kept. Pure.
 */
import {
  createScanner,
  type Node,
  type ParseError,
  parse as parseJson,
  parseTree,
  printParseErrorCode,
  type SyntaxKind,
} from 'jsonc-parser';

/** Of jsonc-parser's `SyntaxKind`, whose names do not exist at run time. */
const COMMA: SyntaxKind = 5;
const END_OF_FILE: SyntaxKind = 17;
const OPTIONS = { allowTrailingComma: true, disallowComments: false };

/** The value of the text, or in words what is wrong with it and where. */
export function readJson(text: string): { value: unknown } | { problem: string } {
  const errors: ParseError[] = [];
  const value: unknown = parseJson(text, errors, OPTIONS);
  const [error] = errors;
  if (error === undefined) return { value };
  const line = text.slice(0, error.offset).split('\n').length;
  return { problem: `${printParseErrorCode(error.error)} in line ${line}` };
}

type Path = readonly (string | number)[];

interface Child {
  /** Undefined for items of an array. */
  key: string | undefined;
  start: number;
  end: number;
  value: JsonNode;
}
interface JsonNode {
  start: number;
  end: number;
  /** Undefined for anything but objects and arrays. */
  children: Child[] | undefined;
}

/** Sets one member; objects on the way that are missing are made. */
export function setMember(text: string, path: readonly string[], value: unknown): string {
  const depth = reach(text, path);
  const parent = findNode(text, path.slice(0, depth))!;
  const missing = path.slice(depth);
  const [key] = missing;
  if (key === undefined) {
    const indent = render(text, value, path.length);
    return text.slice(0, parent.start) + indent + text.slice(parent.end);
  }
  const nested = missing.slice(1).reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
  return insert(text, parent, depth, `${JSON.stringify(key)}: ${render(text, nested, depth + 1)}`);
}

/** Adds an item at the end of an array; a missing array is made. */
export function appendItem(text: string, path: readonly string[], value: unknown): string {
  const array = findNode(text, path);
  if (array === undefined) return setMember(text, path, [value]);
  return insert(text, array, path.length, render(text, value, path.length + 1));
}

/**
 * Takes a member or item out, with the comma and the line that belonged to it. Comments stay: they are
 * words of people, and whose they are cannot be told.
 */
export function removeAt(text: string, path: Path): string {
  const parent = findNode(text, path.slice(0, -1));
  const last = path.at(-1);
  const index = parent?.children?.findIndex((child, position) => (child.key ?? position) === last);
  if (parent?.children === undefined || index === undefined || index === -1) return text;
  const { children } = parent;
  const child = children[index]!;
  const before = children[index - 1];
  const end = children[index + 1]?.start ?? parent.end - 1;
  const start = text.slice(0, child.start).trimEnd().length;
  const comma = findComma(text, child.end, end);
  if (comma !== undefined) {
    const after = text.slice(child.end, comma) + text.slice(comma + 1);
    // What shared the line moves to the front of it, and not up behind a comment.
    const isSharing = !/^\s*?(?:\r?\n|[}\]])/.test(after);
    const rest = isSharing
      ? text.slice(0, child.start) + after.trimStart()
      : close(text, start, child.start, after);
    return children.length === 1 ? collapse(rest, parent.start) : rest;
  }
  const rest = close(text, start, child.start, text.slice(child.end));
  if (before === undefined) return collapse(rest, parent.start);
  const former = findComma(text, before.end, child.start)!;
  return rest.slice(0, former) + rest.slice(former + 1);
}

/** What is left on both sides, without the space between, unless it keeps a comment from eating on. */
function close(text: string, start: number, end: number, after: string): string {
  const before = text.slice(0, start);
  const space = text.slice(start, end);
  const isOpen = space.includes('\n') && /\/\/[^\n]*$/.test(before) && !/^[ \t]*\r?\n/.test(after);
  return before + (isOpen ? space : '') + after;
}

/** Brackets that hold nothing but space any more are written as one does. */
function collapse(text: string, start: number): string {
  const space = /^[{[](\s*)[}\]]/.exec(text.slice(start))?.[1];
  return space === undefined
    ? text
    : text.slice(0, start + 1) + text.slice(start + 1 + space.length);
}

/** Where the comma between two places stands, outside of comments. */
function findComma(text: string, from: number, to: number): number | undefined {
  const scanner = createScanner(text);
  scanner.setPosition(from);
  while (scanner.getPosition() < to) {
    const token = scanner.scan();
    if (token === COMMA) return scanner.getTokenOffset();
    if (token === END_OF_FILE) return undefined;
  }
  return undefined;
}

/** How many steps of the path exist. */
function reach(text: string, path: readonly string[]): number {
  let depth = path.length;
  while (depth > 0 && findNode(text, path.slice(0, depth)) === undefined) depth -= 1;
  return depth;
}

function findNode(text: string, path: Path): JsonNode | undefined {
  let node: JsonNode | undefined = parse(text);
  for (const step of path) {
    node = node.children?.find((child, position) => (child.key ?? position) === step)?.value;
    if (node === undefined) return undefined;
  }
  return node;
}

/** Puts a rendered child last, on a line of its own unless its siblings share one. */
function insert(text: string, parent: JsonNode, depth: number, child: string): string {
  const last = parent.children?.at(-1);
  const line = newLine(text);
  const unit = indentOf(text);
  if (last === undefined) {
    const inside = text.slice(parent.start + 1, parent.end - 1);
    const comments = inside.trim() === '' ? '' : inside.trimEnd();
    const inner = `${comments}${line}${unit.repeat(depth + 1)}${child}${line}${unit.repeat(depth)}`;
    return text.slice(0, parent.start + 1) + inner + text.slice(parent.end - 1);
  }
  const gap = /\r?\n[ \t]*$/.exec(text.slice(parent.start + 1, last.start))?.[0];
  const own = gap ?? / *$/.exec(text.slice(parent.start + 1, last.start))?.[0] ?? ' ';
  const separator = gap === undefined && parent.children!.length === 1 && own === '' ? ' ' : own;
  const comma = findComma(text, last.end, parent.end - 1);
  // A comment behind the last child, on its line, goes on belonging to it.
  const trail =
    /^(?:[ \t]*(?:,|\/\/[^\r\n]*|\/\*(?:[^*\r\n]|\*(?!\/))*\*\/))*/.exec(
      text.slice(last.end, parent.end - 1),
    )?.[0] ?? '';
  const hasLineComment = /\/\/[^\r\n]*$/.test(trail);
  const space = hasLineComment && gap === undefined ? line + unit.repeat(depth + 1) : separator;
  const hasComma = comma !== undefined && comma < last.end + trail.length;
  const at = last.end + trail.length;
  return [
    text.slice(0, last.end),
    hasComma ? '' : ',',
    trail,
    space,
    child,
    hasComma ? ',' : '',
    text.slice(at),
  ].join('');
}

function render(text: string, value: unknown, depth: number): string {
  const unit = indentOf(text);
  return JSON.stringify(value, null, unit).replaceAll('\n', newLine(text) + unit.repeat(depth));
}

function indentOf(text: string): string {
  return /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
}

function newLine(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** Where everything stands. The text was checked by `readJson` before. */
function parse(text: string): JsonNode {
  const root = parseTree(text, [], OPTIONS);
  return root === undefined ? { start: 0, end: 0, children: undefined } : toNode(root);
}

function toNode({ type, offset, length, children = [] }: Node): JsonNode {
  const end = offset + length;
  if (type !== 'object' && type !== 'array') return { start: offset, end, children: undefined };
  return {
    start: offset,
    end,
    children: children.map((child) => {
      const [key, value] = child.type === 'property' ? child.children! : [undefined, child];
      return {
        key: key?.value as string | undefined,
        start: child.offset,
        end: child.offset + child.length,
        value: toNode(value!),
      };
    }),
  };
}
