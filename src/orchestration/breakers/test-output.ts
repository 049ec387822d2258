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
const NAMES: readonly RegExp[] = [
  /^(?:FAILED|ERROR)\s+(\S+(?:::\S+|\.py)\S*)/gm,
  /^\s*--- FAIL: (\S+)/gm,
  /^test (\S+) \.\.\. FAILED/gm,
  /^\s*not ok \d+\s*-?\s*(.+?)(?:\s*#.*)?$/gm,
  /^\s*(?:✕|✗|×|✖)\s+(.+?)(?:\s*\(?\d+(?:\.\d+)?\s*m?s\)?)?$/gm,
  /^\s*●\s+(.+)$/gm,
  /^(?:FAIL|ERROR): (\S+ \(\S+\))/gm,
  /^rspec (\.\/\S+)/gm,
  /^\s*FAIL\s+(\S+\.\S+(?:\s+>\s+.+)?)$/gm,
  /^\[ERROR\]\s+(\w[\w.$]*\.\w+)[: ]/gm,
  /^\s*\d+\) (\S.*)$/gm,
];
const COUNTS: readonly RegExp[] = [
  /(\d+)\s+(?:tests?\s+)?(?:failed|failures?|failing)\b/i,
  /\bfailures?[ :=]+(\d+)/i,
  /^# fail (\d+)/m,
];
const PASSED =
  /\b(?:all passed|\d+ (?:tests? )?pass(?:ed|ing)|tests? passed|^ok\b|PASS\b|0 failed)/im;

/** Undefined where the output names no test at all. An empty set has count 0. */
export function failingTests(text: string, hasFailed: boolean): FailingSet | undefined {
  const names = new Set<string>();
  for (const pattern of NAMES) {
    for (const match of text.matchAll(pattern)) {
      if (names.size < MAX_NAMES) names.add(normaliseText(match[1]!));
    }
  }
  const inLine = /^.*?\bFAIL(?:ED)?:?\s+((?:[\w.:/-]+\s+)*?[\w.:/-]+)\s+in\s+[\d.]+\s?m?s/m.exec(
    text,
  );
  if (names.size === 0 && inLine !== null) for (const it of inLine[1]!.split(/\s+/)) names.add(it);

  let stated = 0;
  for (const pattern of COUNTS) stated = Math.max(stated, Number(pattern.exec(text)?.[1] ?? 0));
  const count = Math.max(names.size, stated);
  const passed = Number(/(\d+)\s+(?:tests?\s+)?pass(?:ed|ing)\b/i.exec(text)?.[1] ?? 0);
  if (count > 0) return { ...setOf([...names], count), passed };
  if (hasFailed) return undefined;
  return PASSED.test(text) ? { count: 0, key: 0, passed } : undefined;
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
  const stated = Number(/\b(\d+)\s+(?:errors?|problems?)\b/i.exec(text)?.[1] ?? 0);
  if (lines.size === 0)
    return { count: Math.max(1, stated), key: hash(maskNames(text.slice(0, 400))), passed: 0 };
  return {
    count: Math.max(count, stated),
    key: hash([...lines].toSorted().join('\n')),
    passed: 0,
  };
}

function withoutPlaces(line: string): string {
  return normaliseText(line)
    .replaceAll(/\b\d+:\d+\b/g, '')
    .replaceAll(/[(:[]\d+(?:[,:]\d+)?[)\]]?/g, '')
    .replaceAll(/\bline \d+/g, 'line');
}
