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

interface Tally {
  assertsAdded: number;
  assertsRemoved: number;
  casesAdded: number;
  casesRemoved: number;
}

/** Tags of a unified diff. Reads line by line; content cannot pass for a header, hunks are counted. */
export function contentTags(patch: string): ContentTag[] {
  const found = new Set<ContentTag>();
  let tests = emptyTally();
  let path = '';
  let isTest = false;
  let isCode = false;
  let left = 0;

  /** By file: an assertion that moves to another one is gone from here, whatever else is added. */
  function endFile(): void {
    if (tests.assertsRemoved > tests.assertsAdded) found.add('tests-weakened');
    if (tests.casesRemoved > tests.casesAdded) found.add('tests-removed');
    tests = emptyTally();
  }

  for (const line of patch.split('\n')) {
    const hunk = left > 0 ? null : /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (hunk !== null) {
      left = Number(hunk[1] ?? 1) + Number(hunk[2] ?? 1);
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
    left -= sign === ' ' || line === '' ? 2 : 1;
    if (sign !== '+' && sign !== '-') continue;
    const text = line.slice(1, MAX_LINE);
    if (sign === '+') {
      if (SECRETS.test(text)) found.add('secrets');
      if (isTest && SKIPS.test(text)) found.add('tests-weakened');
    }
    if (isTest) countTests(tests, sign, text);
    // A new signature breaks nobody; one that goes or changes may.
    else if (isCode && sign === '-' && EXPORTS.test(text)) found.add('public-api');
  }
  endFile();
  return [...found].sort();
}

function emptyTally(): Tally {
  return { assertsAdded: 0, assertsRemoved: 0, casesAdded: 0, casesRemoved: 0 };
}

function countTests(tally: Tally, sign: '+' | '-', text: string): void {
  if (ASSERTS.test(text)) tally[sign === '+' ? 'assertsAdded' : 'assertsRemoved'] += 1;
  if (CASES.test(text)) tally[sign === '+' ? 'casesAdded' : 'casesRemoved'] += 1;
}
