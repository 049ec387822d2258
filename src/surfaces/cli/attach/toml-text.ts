/**
 * Edits to TOML text that leave every other byte where it is: whole tables with a header of their own
 * are added at the end and taken out again. A parser checks what came of it. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'smol-toml';

export type TomlTable = Record<string, unknown>;

/** The value of the text, or in words what is wrong with it. */
export function readToml(text: string): { value: TomlTable } | { problem: string } {
  try {
    return { value: parse(text) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message.split('\n')[0]! : 'it is no TOML' };
  }
}

/** What a dotted name stands for; undefined where there is nothing. */
export function tomlAt(value: TomlTable, name: string): unknown {
  return name
    .split('.')
    .reduce<unknown>((part, key) => (isTable(part) ? part[key] : undefined), value);
}

/**
 * The text with the table in it, at the end or where it stood. Undefined where that cannot be done
 * without touching what is not ours, such as a parent written in one line.
 */
export function setTable(text: string, name: string, table: TomlTable): string | undefined {
  const bare = tomlAt(valueOf(text), name) === undefined ? text : removeTable(text, name);
  if (bare === undefined) return undefined;
  const line = text.includes('\r\n') ? '\r\n' : '\n';
  const body = [`[${name}]`, ...Object.entries(table).map(([key, it]) => `${key} = ${render(it)}`)];
  const gap = bare === '' ? '' : bare.endsWith('\n') ? line : line + line;
  const after = `${bare}${gap}${body.join(line)}${line}`;
  const read = readToml(after);
  const isRight = 'value' in read && isDeepStrictEqual(plain(tomlAt(read.value, name)), table);
  return isRight ? after : undefined;
}

/**
 * The text without the table and the empty line before it; the comments around it stay. Undefined where
 * it is not written under a header of its own, or more than it would go.
 */
export function removeTable(text: string, name: string): string | undefined {
  const kept = withoutAt(valueOf(text), name.split('.'));
  const lines = text.split(/(?<=\n)/);
  // What looks like the header may be a line of a longer text: the parser tells which one is.
  for (const [start, line] of lines.entries()) {
    if (headerOf(line) !== name) continue;
    let end = start + 1;
    for (let at = end; at < lines.length && headerOf(lines[at]!) === undefined; at += 1) {
      if (!/^\s*(?:#.*)?$/.test(lines[at]!.trimEnd())) end = at + 1;
    }
    const from = start > 0 && lines[start - 1]!.trim() === '' ? start - 1 : start;
    const after = [...lines.slice(0, from), ...lines.slice(end)].join('');
    const read = readToml(after);
    if ('value' in read && isDeepStrictEqual(plain(read.value), kept)) return after;
  }
  return undefined;
}

function headerOf(line: string): string | undefined {
  const header = /^\s*\[+([^\]]+)\]+\s*(?:#.*)?$/.exec(line.trimEnd())?.[1];
  return header
    ?.replaceAll(/\s*\.\s*/g, '.')
    .replaceAll(/["']/g, '')
    .trim();
}

function valueOf(text: string): TomlTable {
  const read = readToml(text);
  return 'value' in read ? read.value : {};
}

function withoutAt(value: TomlTable, path: readonly string[]): unknown {
  const [key, ...rest] = path;
  const copy = plain(value) as TomlTable;
  if (rest.length === 0) delete copy[key!];
  else if (isTable(copy[key!])) {
    const inner = withoutAt(copy[key!] as TomlTable, rest) as TomlTable;
    // A parent that was never written down goes with its only child.
    if (Object.keys(inner).length === 0) delete copy[key!];
    else copy[key!] = inner;
  }
  return copy;
}

/** Without prototypes, so that two readings can be compared. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isTable(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, plain(it)]));
}

function isTable(value: unknown): value is TomlTable {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

function render(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(render).join(', ')}]`;
  if (isTable(value)) {
    return `{ ${Object.entries(value)
      .map(([key, it]) => `${/^[\w-]+$/.test(key) ? key : JSON.stringify(key)} = ${render(it)}`)
      .join(', ')} }`;
  }
  // A basic string of TOML escapes as JSON does.
  return JSON.stringify(value);
}
