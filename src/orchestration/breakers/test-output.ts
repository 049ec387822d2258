/** Which tests or checks fail, from what test runners, compilers and linters print. Pure. */
import { hash, normaliseText } from './normalise.ts';
import { maskNames } from './result.ts';

export interface FailingSet {
  count: number;
  /** Equal where the same ones fail. */
  key: number;
  /** How many passed, where the output says so; else 0. */
  passed: number;
}

const MAX_NAMES = 500;
/** Longer lines are data; every pattern here is linear in what is left. */
const LONGEST_LINE = 400;
const NAMES: readonly RegExp[] = [
  /^(?:FAILED|ERROR)[ \t]+(\S+)/gm,
  /^[ \t]*--- FAIL: (\S+)/gm,
  /^test (\S+) \.\.\. FAILED/gm,
  /^[ \t]*not ok \d+ *-? *(.+)$/gm,
  /^[ \t]*(?:✕|✗|×|✖)[ \t]+(.+)$/gm,
  /^[ \t]*●[ \t]+(.+)$/gm,
  /^(?:FAIL|ERROR): (\S+ \(\S+\))/gm,
  /^rspec (\.\/\S+)/gm,
  /^[ \t]*FAIL[ \t]+(\S+\.\S+(?: +> +.+)?)$/gm,
  /^\[ERROR\]\s+(\w[\w.$]*\.\w+)[: ]/gm,
  /^[ \t]*\d{1,6}\) (\S.*)$/gm,
];
const COUNTS: readonly RegExp[] = [
  /\b(\d{1,7}) (?:tests? )?(?:failed|failures?|failing)\b/i,
  /\bfailures?[ :=]+(\d+)/i,
  /^# fail (\d+)/m,
];
const PASSED =
  /\b(?:all passed|\d{1,7} (?:tests? )?pass(?:ed|ing)|tests? passed|^ok\b|PASS\b|0 failed)/im;

/** Undefined where the output names no test at all. An empty set has count 0. */
export function failingTests(text: string, hasFailed: boolean): FailingSet | undefined {
  const names = new Set<string>();
  for (const pattern of NAMES) {
    for (const match of text.matchAll(pattern)) {
      if (names.size < MAX_NAMES) names.add(withoutDuration(match[1]!));
    }
  }
  if (names.size === 0) for (const name of namesInOneLine(text)) names.add(name);

  let stated = 0;
  for (const pattern of COUNTS) stated = Math.max(stated, Number(pattern.exec(text)?.[1] ?? 0));
  const count = Math.max(names.size, stated);
  const passed = Number(/\b(\d{1,7}) (?:tests? )?pass(?:ed|ing)\b/i.exec(text)?.[1] ?? 0);
  if (count > 0) return { ...setOf([...names], count), passed };
  if (hasFailed) return undefined;
  return PASSED.test(text) ? { count: 0, key: 0, passed } : undefined;
}

/** `FAIL a b c in 2.1s`: some runners name all in one line. */
function namesInOneLine(text: string): string[] {
  for (const line of text.split('\n')) {
    if (line.length > LONGEST_LINE || !line.includes('FAIL')) continue;
    const found = /\bFAIL(?:ED)?:? +(\S.*) in [\d.]+ ?m?s/.exec(line);
    if (found !== null) return found[1]!.split(/ +/);
  }
  return [];
}

export function setOf(names: readonly string[], count = names.length): FailingSet {
  return {
    count,
    key: count === 0 ? 0 : hash(`${count} ${names.toSorted().join('\n')}`),
    passed: 0,
  };
}

const ERROR_LINE = /\berror\b|\bfatal\b|undefined reference|cannot find/i;

/** The errors of a compiler or linter as a set: their words without lines and columns. */
export function failingChecks(text: string, hasFailed: boolean): FailingSet {
  if (!hasFailed) return { count: 0, key: 0, passed: 0 };
  const lines = new Set<string>();
  let count = 0;
  for (const line of text.slice(0, 40_000).split('\n')) {
    if (!ERROR_LINE.test(line)) continue;
    count += 1;
    if (lines.size < 100) lines.add(withoutPlaces(line));
  }
  const stated = Number(/\b(\d{1,7}) (?:errors?|problems?)\b/i.exec(text)?.[1] ?? 0);
  if (lines.size === 0)
    return { count: Math.max(1, stated), key: hash(maskNames(text.slice(0, 400))), passed: 0 };
  return {
    count: Math.max(count, stated),
    key: hash([...lines].toSorted().join('\n')),
    passed: 0,
  };
}

/** `name (12 ms)`, `name 12ms` and `name # time=12` are the same test on every run. */
function withoutDuration(name: string): string {
  return normaliseText(name.slice(0, LONGEST_LINE))
    .replace(/ #.*$/, '')
    .replace(/ ?\(?<duration>\)?$/, '');
}

function withoutPlaces(line: string): string {
  return normaliseText(line.slice(0, LONGEST_LINE))
    .replaceAll(/\b\d+:\d+\b/g, '')
    .replaceAll(/[(:[]\d+(?:[,:]\d+)?[)\]]?/g, '')
    .replaceAll(/\bline \d+/g, 'line');
}
