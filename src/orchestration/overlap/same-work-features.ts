/** What speaks for two texts asking for the same work, as numbers. Pure. */
import { countTerms, toTerms } from '#context';
import type { Features } from './models.ts';
import { bodyOf, type Intent, titleTerms } from './terms.ts';
import {
  compareWordings,
  cosine,
  type Rarity,
  type Wording,
  wordingOf,
} from './text-similarity.ts';

/** Longer texts are cut, as those of the pairs the model was fitted on: it bounds the cost of a pair. */
const MAX_TEXT = 700;
/** A line of fewer words is like many others. */
const FULL_LINE = 3;
const LETTERS = 4;

/** What is known of one text; it is compared with many others. */
export interface WorkView {
  wording: Wording;
  title: string;
  body: ReadonlyMap<string, number>;
  /** The terms of each line, the title first. */
  lines: readonly ReadonlyMap<string, number>[];
  words: readonly string[];
  titleLetters: ReadonlyMap<string, number>;
  textLetters: ReadonlyMap<string, number>;
  numbers: ReadonlySet<string>;
  takesUp: boolean;
}

export function viewWork(whole: Intent): WorkView {
  const text: Intent = { title: whole.title, body: whole.body.slice(0, MAX_TEXT) };
  const body = bodyOf(text);
  const words = plain(`${text.title} ${body}`).split(' ');
  return {
    wording: wordingOf(text),
    title: text.title,
    body: countTerms(titleTerms({ title: body })),
    lines: linesOf(text),
    words: words.filter((word) => !PLACEHOLDER.test(word)),
    titleLetters: letterGroups(text.title),
    textLetters: letterGroups(`${text.title} ${body}`),
    numbers: numbersOf(text.title),
    takesUp: takesUpWork(`${text.title}\n${text.body}`),
  };
}

/** A number is `0` where a text says nothing. */
export function sameWorkFeatures(
  a: WorkView,
  b: WorkView,
  rarity: Rarity,
  averageLength: number,
): Features {
  const likeness = compareWordings(a.wording, b.wording, rarity, averageLength);
  const lines = compareLines(a, b, rarity);
  const [, second = 0, third = 0] = commonRarities(a.wording, b.wording, rarity);
  const weights = [a, b].map(({ wording }) => Math.log1p(weightOf(wording.terms, rarity)));
  return {
    text: likeness.text,
    title: likeness.title,
    containment: likeness.containment,
    rarest: likeness.rarest,
    secondRarest: second,
    thirdRarest: third,
    cross: Math.max(
      cosine(a.wording.title, b.wording.terms, rarity),
      cosine(b.wording.title, a.wording.terms, rarity),
    ),
    titleLetters: cosine(a.titleLetters, b.titleLetters, ONE),
    textLetters: cosine(a.textLetters, b.textLetters, ONE),
    titleInLine: lines.withTitle,
    bestLine: lines.best,
    longestRun:
      longestRun(a.words, b.words) / Math.max(1, Math.min(a.words.length, b.words.length)),
    shorterSays: Math.min(...weights),
    longerSays: Math.max(...weights),
    bodyMissing: a.body.size === 0 || b.body.size === 0 ? 1 : 0,
    takesUp: Number(a.takesUp) + Number(b.takesUp),
    otherNumbers: namesOtherNumbers(a.numbers, b.numbers) ? 1 : 0,
  };
}

const ONE: Rarity = () => 1;

/** Stand for references where a text hides them. */
const PLACEHOLDER = /^(?:ref|url|link)$/;
const HIDDEN = new Set(toTerms('ref url link hash mail'));
const TRAILER = /^(?:signed-off-by|co-authored-by|change-id|reviewed-by|acked-by|tested-by|cc):?/i;

/** A change of several commits says in one line of its body what another says in its title. */
function linesOf({ title, body }: Intent): ReadonlyMap<string, number>[] {
  const lines = [title, ...body.split('\n')].map((line) => line.trim());
  const telling = lines.filter((line) => line !== '' && !TRAILER.test(line));
  return [...new Set(telling)].map((line) =>
    countTerms(toTerms(line).filter((term) => !HIDDEN.has(term))),
  );
}

function compareLines(
  a: WorkView,
  b: WorkView,
  rarity: Rarity,
): { withTitle: number; best: number } {
  const weights = b.lines.map((line) => weightOf(line, rarity));
  let withTitle = 0;
  let best = 0;
  for (const [at, line] of a.lines.entries()) {
    const weight = weightOf(line, rarity);
    for (const [index, other] of b.lines.entries()) {
      if (!shareTerm(line, other)) continue;
      const likeness = cosine(line, other, rarity);
      best = Math.max(best, likeness * Math.sqrt(Math.min(weight, weights[index]!)));
      if (at > 0 && index > 0) continue;
      const fullness = Math.min(1, Math.min(line.size, other.size) / FULL_LINE);
      withTitle = Math.max(withTitle, likeness * fullness);
    }
  }
  return { withTitle, best };
}

function shareTerm(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  for (const term of a.keys()) if (b.has(term)) return true;
  return false;
}

function weightOf(terms: ReadonlyMap<string, number>, rarity: Rarity): number {
  let sum = 0;
  for (const term of terms.keys()) sum += rarity(term);
  return sum;
}

/** Of the terms both have, the rarest first. */
function commonRarities(a: Wording, b: Wording, rarity: Rarity): number[] {
  return [...a.terms.keys()]
    .filter((term) => b.terms.has(term))
    .map(rarity)
    .sort((x, y) => y - x);
}

/** How many words in a row both have. */
function longestRun(a: readonly string[], b: readonly string[]): number {
  let longest = 0;
  let before = new Uint16Array(b.length + 1);
  for (const word of a) {
    const runs = new Uint16Array(b.length + 1);
    for (const [at, other] of b.entries()) {
      if (word !== other) continue;
      runs[at + 1] = before[at]! + 1;
      longest = Math.max(longest, runs[at + 1]!);
    }
    before = runs;
  }
  return longest;
}

/** Overlapping groups of letters: they meet where word forms differ. */
function letterGroups(text: string): Map<string, number> {
  const padded = ` ${plain(text)} `;
  const groups = new Map<string, number>();
  for (let at = 0; at + LETTERS <= padded.length; at += 1) {
    const group = padded.slice(at, at + LETTERS);
    groups.set(group, (groups.get(group) ?? 0) + 1);
  }
  return groups;
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

const REFERENCE = /#\d+|\b(?:pull|issues)\/\d+|\bGH-\d+/;

function numbersOf(title: string): Set<string> {
  const text = title.replaceAll(new RegExp(REFERENCE, 'g'), '');
  return new Set((text.match(/\bv?\d+(?:\.\d+)*\b/g) ?? []).map((one) => one.replace(/^v/, '')));
}

/** "Update to 1.2" and "Update to 1.3" are worded the same and are not. */
function namesOtherNumbers(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size > 0 && b.size > 0 && ![...a].some((one) => b.has(one));
}

/** Words of one who goes on where another stopped. `LINK` stands for one where a text hides it. */
const TAKES_UP =
  /\b(?:continu(?:e|es|ing|ation)\b[^.\n]{0,20}\b(?:of|from)|take (?:two|2|three|3)|(?:second|another) (?:try|attempt|approach|stab)|alternative|reviv\w*|re-?(?:submi|open|land|appl)\w*|rebased? (?:version|of|on)|re-?do|pick(?:s|ed|ing)? up|tak(?:e|es|ing|en) over|(?:previous|old|original) (?:PR|attempt|author)|based on the work|supersed\w*|replac(?:es|ed|ing|ement)|duplicat\w*|back-?port\w*|cherry-?pick\w*|carr(?:y|ies|ied)|LINK)\b/i;

/** Whose work, a number tells better: then its key decides, and the word says nothing of anybody else. */
function takesUpWork(text: string): boolean {
  return TAKES_UP.test(text) && !REFERENCE.test(text);
}
