/** What is wrong with a workflow file, each with its place, a stable code and what to do about it. */
import { isMap, isNode, isScalar, type Document, type LineCounter } from 'yaml';
import type { z } from 'zod';
import { suggest } from '#kernel';
import { KNOWN_KEYS } from './definition-schema.ts';
import { KNOWN_TRIGGER_KEYS } from './triggers.ts';

export const PROBLEM_CODES = [
  'workflow.bad_yaml',
  'workflow.unknown_key',
  'workflow.bad_value',
  'workflow.missing_key',
  'workflow.duplicate_step',
  'workflow.unknown_step',
  'workflow.unknown_condition',
  'workflow.cycle',
  'workflow.unreachable_step',
  'workflow.unbounded_repeat',
  'workflow.unknown_workflow',
  'workflow.too_many_steps',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

export interface WorkflowProblem {
  line: number;
  column: number;
  /** Where in the file, such as `steps.2.kind`. */
  path: string;
  code: ProblemCode;
  message: string;
  /** What was probably meant. */
  suggestion: string | null;
  /** What to do about it, where the message does not say it. */
  hint: string | null;
}

export type Path = readonly (string | number)[];

/** Finds the place of a value, or of a key, in the text. */
export class Places {
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** The nearest thing that is there: a missing key is reported at what should hold it. */
  line(path: Path): { line: number; column: number } {
    for (let length = path.length; length >= 0; length -= 1) {
      const node: unknown =
        length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return this.#position(node.range[0]);
    }
    return { line: 1, column: 1 };
  }

  key(path: Path, key: string): { line: number; column: number } {
    const holder: unknown =
      path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    const pair = isMap(holder)
      ? holder.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      : undefined;
    const range = isScalar(pair?.key) ? pair.key.range : undefined;
    return range ? this.#position(range[0]) : this.line(path);
  }

  problem(
    path: Path,
    code: ProblemCode,
    message: string,
    more: { suggestion?: string | undefined; hint?: string | undefined } = {},
  ): WorkflowProblem {
    const { suggestion = null, hint = null } = more;
    return { ...this.line(path), path: path.join('.'), code, message, suggestion, hint };
  }

  #position(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }
}

/** A complaint of the schema in our words. `outside` is the path of the union it was found in. */
export function toProblems(
  issue: z.core.$ZodIssue,
  value: unknown,
  at: Places,
  outside: Path = [],
): WorkflowProblem[] {
  const path = [...outside, ...issue.path.filter((part) => typeof part !== 'symbol')];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeysAt(path);
    return issue.keys.map((key) => ({
      ...at.key(path, key),
      path: [...path, key].join('.'),
      code: 'workflow.unknown_key',
      message: `There is no key ${key} here; known are ${known.join(', ')}.`,
      suggestion: suggest(key, known) ?? null,
      hint: null,
    }));
  }
  const written = valueAt(value, path);
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return unionIssues(issue, written).flatMap((inner) => toProblems(inner, value, at, path));
  }
  const name = path.length === 0 ? 'The file' : String(path.at(-1));
  if (written === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value')) {
    return [missing(path, name, at)];
  }
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    const message = `${JSON.stringify(written)} is not one of ${known.join(', ')}.`;
    const suggestion = typeof written === 'string' ? suggest(written, known) : undefined;
    return [at.problem(path, 'workflow.bad_value', message, { suggestion })];
  }
  const isTooMany = issue.code === 'too_big' && path.at(-1) === 'steps';
  const code = isTooMany ? 'workflow.too_many_steps' : 'workflow.bad_value';
  return [at.problem(path, code, `${name}: ${issue.message}`)];
}

function missing(path: Path, name: string, at: Places): WorkflowProblem {
  if (path.at(-2) === 'repeat' && (name === 'max' || name === 'until')) {
    const words = { max: 'how many turns it takes at most', until: 'when it is over' }[name];
    return at.problem(
      path,
      'workflow.unbounded_repeat',
      `${name} is missing: a repeat says ${words}.`,
      {
        hint: 'Give both, such as max: 3 and until: { check: { checks: passed } }.',
      },
    );
  }
  return at.problem(path, 'workflow.missing_key', `${name} is missing.`);
}

/** Of a union, the complaints of the branch that was meant: the one for values of this type. */
function unionIssues(
  issue: Extract<z.core.$ZodIssue, { code: 'invalid_union' }>,
  written: unknown,
): readonly z.core.$ZodIssue[] {
  const isObject = written !== null && typeof written === 'object' && !Array.isArray(written);
  const isOther = (one: z.core.$ZodIssue) => one.code === 'invalid_type' && one.path.length === 0;
  const fitting = issue.errors.find(
    (errors) => !errors.some(isOther) && (isObject || errors[0]?.code === 'invalid_value'),
  );
  return fitting ?? issue.errors.find((errors) => !errors.some(isOther)) ?? issue.errors[0] ?? [];
}

function knownKeysAt(path: Path): readonly string[] {
  if (path.length === 0) return KNOWN_KEYS['file'] ?? [];
  // The item of a list has the name of its list.
  const holder = String(path.findLast((part) => typeof part === 'string'));
  return KNOWN_KEYS[holder] ?? KNOWN_TRIGGER_KEYS[holder] ?? [];
}

export function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const part of path) {
    if (current === null || typeof current !== 'object') return undefined;
    current = (current as Record<string | number, unknown>)[part];
  }
  return current;
}
