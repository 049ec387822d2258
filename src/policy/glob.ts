/**
 * Path patterns of policy files. Our own matcher, because a pattern in a file under judgement must
 * not be able to cost exponential time, as a regular expression can.
 *
 * `**` is any number of folders, `*` and `?` stay within one name, `{a,b}` is one of both. A pattern
 * whose last name has no wildcard also covers everything below it. Brackets are ordinary characters:
 * they occur in real paths.
 */
import { AppError } from '#kernel';

/** Takes a path, or its names where many patterns look at one path. */
export type PathMatcher = (path: string | readonly string[]) => boolean;

const MAX_LENGTH = 500;
const MAX_ALTERNATIVES = 64;

/** Says what is wrong with a pattern; undefined when nothing is. */
export function globProblem(pattern: string): string | undefined {
  if (pattern.trim() === '') return 'A path pattern is empty';
  if (pattern.length > MAX_LENGTH) return `A path pattern is longer than ${MAX_LENGTH} characters`;
  if (pattern.startsWith('!')) return 'A path pattern cannot be negated';
  if (pattern.includes('\\')) return 'A path pattern uses / between folders and has no escapes';
  if (pattern.split('/').some((name) => name === '..' || name === '.')) {
    return 'A path pattern starts at the root of the repository and has no . or ..';
  }
  if (expandBraces(pattern) === undefined) {
    return `Braces must be closed, not nested, and give at most ${MAX_ALTERNATIVES} patterns`;
  }
  return undefined;
}

/** @throws AppError `policy.bad_pattern`; check with `globProblem` first to say where. */
export function createPathMatcher(patterns: readonly string[]): PathMatcher {
  const alternatives = patterns.flatMap((pattern) => {
    const problem = globProblem(pattern);
    if (problem !== undefined) {
      throw new AppError('invalid', 'policy.bad_pattern', { message: `${problem}: ${pattern}` });
    }
    return (expandBraces(pattern) ?? []).map(preparePattern);
  });
  return (path) => {
    const names = typeof path === 'string' ? path.split('/') : path;
    return alternatives.some((pattern) => matches(pattern, names));
  };
}

interface PreparedPattern {
  parts: readonly string[];
  /** Names without wildcard: a path that lacks one cannot match, which settles most of them. */
  literals: readonly string[];
  /** Set when the last part says something about the last name. */
  last: string | null;
  /** What is left to look at once names without wildcard and the last name fit. */
  shape: 'anywhere' | 'prefix' | 'general';
}

function preparePattern(pattern: string): PreparedPattern {
  const parts = toNames(pattern);
  const last = parts.at(-1) ?? '**';
  return {
    parts,
    literals: parts.filter((part) => !/[*?]/.test(part)),
    last: last === '**' ? null : last,
    shape: shapeOf(parts),
  };
}

/** Most patterns are `**` + one name, or a folder and all below it: those need no table. */
function shapeOf(parts: readonly string[]): PreparedPattern['shape'] {
  const [first, second, third] = parts;
  const isOne = parts.length === 2 && first === '**' && second !== '**';
  const isBetween =
    parts.length === 3 && first === '**' && third === '**' && !/[*?]/.test(second ?? '*');
  if (isOne || isBetween) return 'anywhere';
  const folder = parts.slice(0, -1);
  const isBelow = parts.at(-1) === '**' && folder.every((part) => !/[*?]/.test(part));
  return isBelow ? 'prefix' : 'general';
}

function matches(
  { parts, literals, last, shape }: PreparedPattern,
  names: readonly string[],
): boolean {
  if (shape === 'prefix') {
    if (names.length === 0 || names.length < parts.length - 1) return false;
    for (let at = 0; at < parts.length - 1; at += 1) if (parts[at] !== names[at]) return false;
    return true;
  }
  if (last !== null && !matchesName(last, names.at(-1) ?? '')) return false;
  for (const literal of literals) if (!names.includes(literal)) return false;
  if (shape === 'anywhere') return names.length > 0;
  return matchesNames(parts, names);
}

function toNames(pattern: string): string[] {
  const names = pattern.split('/').filter((name) => name !== '');
  const last = names.at(-1) ?? '';
  return /[*?]/.test(last) && !pattern.endsWith('/') ? names : [...names, '**'];
}

/** One row of the table of (names of the pattern) x (names of the path) at a time. */
function matchesNames(pattern: readonly string[], names: readonly string[]): boolean {
  let row = names.map(() => false);
  let isStartOpen = true;
  for (const part of pattern) {
    const next: boolean[] = [];
    for (let at = 0; at < names.length; at += 1) {
      const before = at === 0 ? isStartOpen : row[at - 1]!;
      const left = at > 0 && next[at - 1]!;
      next.push(
        part === '**' ? before || row[at]! || left : before && matchesName(part, names[at]!),
      );
    }
    isStartOpen = isStartOpen && part === '**';
    row = next;
  }
  return row.at(-1) ?? false;
}

/** `*` and `?` within one name, going back to the last star only. */
function matchesName(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let starAt = 0;
  let index = 0;
  while (index < name.length) {
    if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[index])) {
      at += 1;
      index += 1;
    } else if (pattern[at] === '*') {
      star = at;
      starAt = index;
      at += 1;
    } else if (star >= 0) {
      at = star + 1;
      starAt += 1;
      index = starAt;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

function expandBraces(pattern: string): string[] | undefined {
  let patterns = [''];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at]!;
    if (character === '}') return undefined;
    let choices = [character];
    if (character === '{') {
      const end = pattern.indexOf('}', at);
      const inner = pattern.slice(at + 1, end);
      if (end < 0 || inner.includes('{')) return undefined;
      choices = inner.split(',');
      at = end;
    }
    patterns = patterns.flatMap((head) => choices.map((choice) => head + choice));
    if (patterns.length > MAX_ALTERNATIVES) return undefined;
  }
  return patterns;
}
