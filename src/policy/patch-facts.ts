/**
 * What only the text of a patch tells: tests that were taken back, assertions that went, secrets, and
 * signatures that others call. Line rules, on purpose: they must read any language in milliseconds.
 */
import { type RuleTag, tagsOfPath } from './tags.ts';

export type ContentTag = Extract<
  RuleTag,
  'tests-removed' | 'tests-weakened' | 'secrets' | 'public-api'
>;

/** What is not read may hold all of it. */
export const CONTENT_TAGS: readonly ContentTag[] = [
  'public-api',
  'secrets',
  'tests-removed',
  'tests-weakened',
];

const SKIPS =
  /\b(?:it|test|describe|context|suite)\.(?:skip|todo|fixme|only|failing)\b|\b(?:xit|xtest|xdescribe|fit|fdescribe)\s*\(|@(?:Disabled|Ignore|unittest\.skip|pytest\.mark\.(?:skip|skipif|xfail))\b|\bt\.Skip(?:Now|f)?\(|#\[ignore|\bskip_test\b|\bpending\s*\(/;
const ASSERTS =
  /\b(?:expect|assert\w*|should|require\.\w+|Assert\.\w+|t\.(?:Error|Fatal|Errorf|Fatalf)|verify)\s*[(.!]|^\s*assert\b/;
const CASES =
  /^\s*(?:it|test|describe)(?:\.each\b.*|\.concurrent)?\s*\(|^\s*func Test\w+|^\s*(?:async )?def test_|@Test\b|#\[(?:tokio::)?test\]/;
const EXPORTS =
  /^\s*(?:export (?:default |declare |async |abstract )*(?:function|class|interface|type|const|enum|let)\b|pub (?:async )?(?:fn|struct|enum|trait|mod)\b|public (?:static |final |abstract |async )*[\w<>[\],. ]+\(|func (?:\([^)]*\) )?[A-Z]\w*\(|module\.exports\b)/;
const SECRETS =
  /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{40,}|\bxox[baprs]-[A-Za-z0-9-]{10,}|\bsk_live_[A-Za-z0-9]{16,}|\bAIza[0-9A-Za-z_-]{35}\b|\bnpm_[A-Za-z0-9]{36}\b|(?:password|passwd|secret|api_?key|token)["']?\s*[:=]\s*["'][A-Za-z0-9+/_=-]{20,}["']/i;
/** A line of a bundle is no line anybody wrote; looking further into one costs time for nothing. */
const MAX_LINE = 2_000;

/** Where something of a patch shows: the line in the head at which it stands, or stood. */
export interface ContentFinding {
  tag: ContentTag;
  path: string;
  line: number;
}

/** Lines of a patch that are worth pointing at; a tag beyond them is told all the same. */
const MAX_FINDINGS = 500;

interface Tally {
  assertsAdded: number;
  assertsRemoved: number;
  casesAdded: number;
  casesRemoved: number;
  /** Where the first of each was taken away. */
  assertLine: number;
  caseLine: number;
}

/** Tags of a unified diff. */
export function contentTags(patch: string): ContentTag[] {
  return [...new Set(readPatch(patch).findings.map(({ tag }) => tag))].sort();
}

/**
 * Reads a unified diff line by line; content cannot pass for a header, hunks are counted. `firstLines`
 * gives for each path of the head the first line that changed.
 */
export function readPatch(patch: string): {
  findings: ContentFinding[];
  firstLines: Map<string, number>;
} {
  const findings: ContentFinding[] = [];
  const firstLines = new Map<string, number>();
  const seen = new Set<ContentTag>();
  let tests = emptyTally();
  let path = '';
  let isTest = false;
  let isCode = false;
  let left = 0;
  let next = 0;

  function find(tag: ContentTag, line: number): void {
    // The first of a tag is never left out, however many there are of others.
    if (findings.length >= MAX_FINDINGS && seen.has(tag)) return;
    seen.add(tag);
    findings.push({ tag, path, line: Math.max(1, line) });
  }

  /** By file: an assertion that moves to another one is gone from here, whatever else is added. */
  function endFile(): void {
    if (tests.assertsRemoved > tests.assertsAdded) find('tests-weakened', tests.assertLine);
    if (tests.casesRemoved > tests.casesAdded) find('tests-removed', tests.caseLine);
    tests = emptyTally();
  }

  for (const line of patch.split('\n')) {
    const hunk = left > 0 ? null : /^@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (hunk !== null) {
      left = Number(hunk[1] ?? 1) + Number(hunk[3] ?? 1);
      next = Number(hunk[2]);
      continue;
    }
    if (left <= 0) {
      if (line.startsWith('diff --git ')) {
        endFile();
        path = '';
        isTest = false;
      }
      if (line.startsWith('--- ') || line.startsWith('+++ ')) {
        // Git quotes names with unusual letters; no pattern of ours asks for what is escaped inside.
        const quoted = /^"(?<inner>.*)"$/.exec(line.slice(4))?.groups?.['inner'];
        const named = (quoted ?? line.slice(4).replace(/\t$/, '')).replace(/^[ab]\//, '');
        if (named !== '/dev/null') path = named;
        const tags = tagsOfPath(path);
        const isNew = line.startsWith('+++ ');
        // A file that was a test under its old name is read as one: a rename takes no test away unseen.
        isTest = tags.includes('tests') || (isNew && isTest);
        isCode = tags.includes('code') && !tags.includes('generated');
      }
      continue;
    }
    const sign = line[0];
    if (sign === '\\') continue;
    const isContext = sign === ' ' || line === '';
    left -= isContext ? 2 : 1;
    const at = next;
    if (isContext || sign === '+') next += 1;
    if (sign !== '+' && sign !== '-') continue;
    if (!firstLines.has(path)) firstLines.set(path, Math.max(1, at));
    const text = line.slice(1, MAX_LINE);
    if (sign === '+') {
      if (SECRETS.test(text)) find('secrets', at);
      if (isTest && SKIPS.test(text)) find('tests-weakened', at);
    }
    if (isTest) countTests(tests, sign, text, at);
    // A new signature breaks nobody; one that goes or changes may.
    else if (isCode && sign === '-' && EXPORTS.test(text)) find('public-api', at);
  }
  endFile();
  return { findings, firstLines };
}

function emptyTally(): Tally {
  return {
    assertsAdded: 0,
    assertsRemoved: 0,
    casesAdded: 0,
    casesRemoved: 0,
    assertLine: 0,
    caseLine: 0,
  };
}

function countTests(tally: Tally, sign: '+' | '-', text: string, line: number): void {
  const isGone = sign === '-';
  if (ASSERTS.test(text)) {
    tally[isGone ? 'assertsRemoved' : 'assertsAdded'] += 1;
    if (isGone && tally.assertLine === 0) tally.assertLine = line;
  }
  if (CASES.test(text)) {
    tally[isGone ? 'casesRemoved' : 'casesAdded'] += 1;
    if (isGone && tally.caseLine === 0) tally.caseLine = line;
  }
}
