/**
 * Which places of a patch tell most: read as text, ranked by what rules and data they are under, what
 * they do, and how large they are. Line rules, so that any language is read in milliseconds. Pure.
 */
import { type RuleTag, tagsOfPath } from '../tags.ts';

export interface PatchHunk {
  path: string;
  /** Lines of the new file; 0 and 0 where nothing is left of it. */
  startLine: number;
  endLine: number;
  added: number;
  deleted: number;
  /** Lines that branch, loop, throw or return. */
  controlLines: number;
  removesAssertions: boolean;
}

export interface RankedHunk extends Pick<
  PatchHunk,
  'path' | 'startLine' | 'endLine' | 'added' | 'deleted'
> {
  why: string;
}

const MAX_HUNKS = 5_000;
/** Of one file, so that a long file does not hide the others. */
const MAX_PER_FILE = 2;
const CONTROL =
  /\b(?:if|else|for|while|switch|case|catch|except|finally|throw|raise|return|await|defer|match)\b|&&|\|\||\?\?/;
const ASSERTS = /\b(?:expect|assert\w*|should|verify)\s*[(.!]/;

const WEIGHTS: Partial<Record<RuleTag, [number, string]>> = {
  secrets: [9, 'secrets'],
  policy: [9, 'the policy itself'],
  auth: [8, 'authentication'],
  migration: [8, 'a migration'],
  'code-owners': [7, 'who owns code'],
  ci: [6, 'the build'],
  workflow: [6, 'a workflow'],
  infrastructure: [6, 'infrastructure'],
  'agent-rules': [5, 'rules of agents'],
  dependency: [4, 'a dependency'],
  config: [3, 'configuration'],
};

/** Hunks of a unified diff. Content cannot pass for a header: lines are counted off. */
export function readPatchHunks(patch: string): PatchHunk[] {
  const hunks: PatchHunk[] = [];
  let path = '';
  let hunk: PatchHunk | undefined;
  let oldLeft = 0;
  let newLeft = 0;
  for (const line of patch.split('\n')) {
    if (hunk !== undefined && (oldLeft > 0 || newLeft > 0)) {
      const sign = line[0];
      if (sign === '\\') continue;
      if (sign === '+') newLeft -= 1;
      else if (sign === '-') oldLeft -= 1;
      else {
        newLeft -= 1;
        oldLeft -= 1;
      }
      countLine(hunk, sign, line.slice(1, 2_000));
      continue;
    }
    const header = /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (header !== null) {
      if (hunks.length >= MAX_HUNKS) break;
      oldLeft = Number(header[1] ?? 1);
      newLeft = Number(header[3] ?? 1);
      const start = Number(header[2]);
      hunk = {
        path,
        startLine: start,
        endLine: newLeft === 0 ? start : start + newLeft - 1,
        added: 0,
        deleted: 0,
        controlLines: 0,
        removesAssertions: false,
      };
      hunks.push(hunk);
      continue;
    }
    hunk = undefined;
    const named = /^(?:---|\+\+\+) "?(?:[ab]\/(?<path>.*?)"?\t?|\/dev\/null)$/.exec(line)?.groups;
    if (named?.['path'] !== undefined) path = named['path'];
  }
  return hunks;
}

function countLine(hunk: PatchHunk, sign: string | undefined, text: string): void {
  if (sign !== '+' && sign !== '-') return;
  if (sign === '+') hunk.added += 1;
  else hunk.deleted += 1;
  if (CONTROL.test(text)) hunk.controlLines += 1;
  if (sign === '-' && ASSERTS.test(text)) hunk.removesAssertions = true;
}

/** The most telling first, at most `limit`, at most two of one file while others are left. */
export function rankHunks(
  hunks: readonly PatchHunk[],
  places: {
    rulesOf: (path: string) => readonly string[];
    dataOf: (path: string) => readonly string[];
  },
  limit = 5,
): RankedHunk[] {
  const known = new Map<string, { weight: number; why: string[]; damp: number }>();
  const placeOf = (path: string) => {
    const found = known.get(path);
    if (found !== undefined) return found;
    const place = weighPath(path, places.rulesOf(path), places.dataOf(path));
    known.set(path, place);
    return place;
  };
  const ranked = hunks
    .map((hunk, index) => ({ hunk, index, score: scoreOf(hunk, placeOf(hunk.path)) }))
    .toSorted((a, b) => b.score - a.score || a.index - b.index);
  const perFile = new Map<string, number>();
  const first = ranked.filter(({ hunk: { path } }) => {
    const count = (perFile.get(path) ?? 0) + 1;
    perFile.set(path, count);
    return count <= MAX_PER_FILE;
  });
  const taken = [...first, ...ranked.filter((one) => !first.includes(one))].slice(0, limit);
  return taken.map(({ hunk }) => {
    const { path, startLine, endLine, added, deleted } = hunk;
    const why = [
      ...placeOf(path).why,
      ...(hunk.removesAssertions ? ['takes assertions away'] : []),
      ...(hunk.controlLines > 0 ? [`${hunk.controlLines} lines that decide`] : []),
      `+${added} -${deleted}`,
    ];
    return { path, startLine, endLine, added, deleted, why: why.slice(0, 3).join(', ') };
  });
}

function scoreOf(hunk: PatchHunk, { weight, damp }: { weight: number; damp: number }): number {
  const size = Math.log2(1 + hunk.added + hunk.deleted);
  const control = Math.log2(1 + hunk.controlLines);
  return damp * (size + 1.5 * control + weight + (hunk.removesAssertions ? 5 : 0));
}

function weighPath(path: string, rules: readonly string[], data: readonly string[]) {
  const tags = tagsOfPath(path);
  const marks = tags.flatMap((tag) => (WEIGHTS[tag] === undefined ? [] : [WEIGHTS[tag]]));
  const isDull = tags.includes('generated') || tags.includes('docs');
  return {
    weight:
      Math.max(0, ...marks.map(([weight]) => weight)) +
      5 * Math.min(2, rules.length) +
      5 * data.length,
    why: [
      ...rules.slice(0, 1).map((rule) => `rule ${rule}`),
      ...data.slice(0, 1).map((name) => `${name} data`),
      ...marks.slice(0, 1).map(([, words]) => words),
    ],
    // Made by a tool or only words: rarely what a decision hangs on.
    damp: isDull ? 0.2 : tags.includes('tests') ? 0.6 : 1,
  };
}
