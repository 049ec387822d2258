/**
 * What may be written at a place of a policy file: keys of the section, or words a key takes. Works on
 * text that does not parse yet, because that is what one completes. Pure.
 */
import type { Shape } from './schema.ts';

export interface Choice {
  label: string;
  about: string;
  kind: 'key' | 'value';
}

export interface Choices {
  /** Column of the current line from which a choice replaces what is there. */
  from: number;
  choices: Choice[];
}

interface Place {
  path: string[];
  /** What is being written is the value of the last key. */
  isValue: boolean;
  from: number;
}

/** Choices at a column (from 0) of a line (from 0), in a file of this shape. */
export function choicesAt(file: Shape, text: string, line: number, column: number): Choices {
  const lines = text.split('\n');
  const place = placeOf(lines, line, column);
  const names = namesIn(lines);
  const shape = shapeAt(file, place.path, names);
  if (shape === undefined) return { from: place.from, choices: [] };
  const values = (shape.values ?? []).flatMap((word) => expand(word, names));
  const keys = place.isValue
    ? []
    : Object.entries(shape.keys ?? {}).flatMap(([key, { about = '' }]) =>
        expand(key, names).map((label): Choice => ({ label, about, kind: 'key' })),
      );
  const words = place.isValue
    ? values.map((label): Choice => ({ label, about: '', kind: 'value' }))
    : [];
  return { from: place.from, choices: [...keys, ...words] };
}

function shapeAt(file: Shape, path: readonly string[], names: Names): Shape | undefined {
  let shape: Shape | undefined = file;
  for (const key of path) {
    const keys: Record<string, Shape> = shape?.keys ?? {};
    const byName: Shape | undefined = names.tier.includes(key) ? keys['<tier>'] : undefined;
    shape = keys[key] ?? byName ?? shape?.named;
    if (shape === undefined) return undefined;
  }
  return shape;
}

/** The keys above the cursor: by indentation over the lines, by brackets within its own line. */
function placeOf(lines: readonly string[], line: number, column: number): Place {
  const current = (lines[line] ?? '').slice(0, column);
  const own = scan(current);
  const path: string[] = [];
  let indent = own.indent;
  for (let index = line - 1; index >= 0 && indent > 0; index -= 1) {
    const above = lines[index] ?? '';
    if (above.trim() === '' || above.trimStart().startsWith('#')) continue;
    const at = scan(above);
    if (at.indent >= indent || at.first === undefined) continue;
    // A list may stand at the indentation of what holds it; its dash counts as one step inwards.
    path.unshift(at.first);
    indent = at.dash ?? at.indent;
  }
  return { path: [...path, ...own.path], isValue: own.isValue, from: own.from };
}

interface Scan {
  /** Column of the first key, behind a dash. */
  indent: number;
  /** Column of the dash of a list item. */
  dash: number | undefined;
  /** The key at the start of the line. */
  first: string | undefined;
  /** Open keys at the end of the text. */
  path: string[];
  isValue: boolean;
  from: number;
}

function scan(text: string): Scan {
  const start = /^(\s*)(- +)?/.exec(text)!;
  const dash = start[2] === undefined ? undefined : start[1]!.length;
  const indent = start[0].length;
  const first = /^["']?([\w.-]+)["']?\s*:(\s|$)/.exec(text.slice(indent))?.[1];

  // Each open bracket remembers the key it is the value of.
  const stack: { bracket: '{' | '['; key: string | undefined }[] = [];
  let key: string | undefined;
  let from = indent;
  let quote = '';
  for (let index = indent; index < text.length; index += 1) {
    const character = text[index]!;
    if (quote !== '') {
      if (character === quote) quote = '';
      continue;
    }
    if (character === '"' || character === "'") quote = character;
    else if (character === '{' || character === '[') {
      stack.push({ bracket: character, key });
      key = undefined;
      from = index + 1;
    } else if (character === '}' || character === ']') {
      key = stack.pop()?.key;
      from = index + 1;
    } else if (character === ',') {
      key = undefined;
      from = index + 1;
    } else if (character === ':' && /^\s|^$/.test(text.slice(index + 1))) {
      const isInList = stack.at(-1)?.bracket === '[';
      if (!isInList) key = text.slice(from, index).trim();
      from = index + 1;
    }
  }
  while (from < text.length && text[from] === ' ') from += 1;
  const path = stack.flatMap(({ key: owner }) => owner ?? []);
  const isInList = stack.at(-1)?.bracket === '[';
  const isValue = key !== undefined || isInList;
  return {
    indent,
    dash,
    first,
    path: key === undefined ? path : [...path, key],
    isValue,
    from,
  };
}

interface Names {
  tier: string[];
  service: string[];
  data: string[];
  team: string[];
  role: string[];
  rule: string[];
}

/** Names the file itself gives to tiers, services, data classes, teams, roles and rules. */
function namesIn(lines: readonly string[]): Names {
  const under = (section: string): string[] => {
    const start = lines.findIndex((line) => line.startsWith(`${section}:`));
    if (start === -1) return [];
    const found: string[] = [];
    let indent: number | undefined;
    for (const line of lines.slice(start + 1)) {
      if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
      const [, space = '', name] = /^(\s*)["']?([\w.-]+)["']?\s*:/.exec(line) ?? [];
      if (/^\S/.test(line)) break;
      if (name === undefined) continue;
      indent ??= space.length;
      if (space.length === indent) found.push(name);
    }
    return found;
  };
  return {
    tier: under('tiers'),
    service: under('services'),
    data: under('data'),
    team: under('teams').map((name) => `team:${name}`),
    role: [
      ...under('roles').map((name) => `role:${name}`),
      'role:approver',
      'role:admin',
      'role:developer',
    ],
    rule: lines.flatMap((line) => /^\s*-\s*\{?\s*id:\s*([\w.-]+)/.exec(line)?.[1] ?? []),
  };
}

function expand(word: string, names: Names): string[] {
  const [, name] = /^<(\w+)>$/.exec(word) ?? [];
  return name === undefined ? [word] : [...new Set(names[name as keyof Names] ?? [])];
}
