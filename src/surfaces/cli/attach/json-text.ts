/**
 * Edits to JSON text that leave every other byte where it is: people keep such files in git, and a
 * diff must show what was asked for and nothing else. Pure; the text is known to be valid JSON.
 */

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

/** Takes a member or item out, with the comma and the line that belonged to it. */
export function removeAt(text: string, path: Path): string {
  const parent = findNode(text, path.slice(0, -1));
  const last = path.at(-1);
  const index = parent?.children?.findIndex((child, position) => (child.key ?? position) === last);
  if (parent?.children === undefined || index === undefined || index === -1) return text;
  const { children } = parent;
  const child = children[index]!;
  const before = children[index - 1];
  const after = children[index + 1];
  if (before !== undefined) return text.slice(0, before.end) + text.slice(child.end);
  if (after !== undefined) return text.slice(0, child.start) + text.slice(after.start);
  return text.slice(0, parent.start + 1) + text.slice(parent.end - 1);
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
    const inner = `${line}${unit.repeat(depth + 1)}${child}${line}${unit.repeat(depth)}`;
    return text.slice(0, parent.start + 1) + inner + text.slice(parent.end - 1);
  }
  const gap = /\r?\n[ \t]*$/.exec(text.slice(parent.start + 1, last.start))?.[0];
  const own = gap ?? / *$/.exec(text.slice(parent.start + 1, last.start))?.[0] ?? ' ';
  const separator = gap === undefined && parent.children!.length === 1 && own === '' ? ' ' : own;
  return `${text.slice(0, last.end)},${separator}${child}${text.slice(last.end)}`;
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

/** Where everything stands. Only positions: the values come from JSON.parse, which checked them. */
function parse(text: string): JsonNode {
  let at = 0;
  const skipSpace = () => {
    while (/\s/.test(text[at] ?? '') || text[at] === ',' || text[at] === ':') at += 1;
  };
  const readString = (): string => {
    const start = at;
    at += 1;
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    at += 1;
    return JSON.parse(text.slice(start, at)) as string;
  };
  const readNode = (): JsonNode => {
    skipSpace();
    const start = at;
    const close = { '{': '}', '[': ']' }[text[at] ?? ''];
    if (close === undefined) {
      if (text[at] === '"') readString();
      else while (/[\w.+-]/.test(text[at] ?? '')) at += 1;
      return { start, end: at, children: undefined };
    }
    at += 1;
    const children: Child[] = [];
    for (skipSpace(); text[at] !== close; skipSpace()) {
      const childStart = at;
      const key = close === '}' ? readString() : undefined;
      const value = readNode();
      children.push({ key, start: childStart, end: value.end, value });
    }
    at += 1;
    return { start, end: at, children };
  };
  return readNode();
}
