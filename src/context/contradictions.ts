/**
 * Records that say opposite things about the same matter: one demands what the other forbids, or both
 * give it another number. Only wording so plain that no judgement is needed is taken for one; the
 * rest is left to people. Pure.
 */
import { countTerms } from './words.ts';

export interface Statement {
  /** Which record it is from. */
  record: number;
  sentence: string;
}

export interface Contradiction {
  one: Statement;
  other: Statement;
}

const MAX_SENTENCES = 40;
const MAX_SENTENCE = 300;
const FORBIDS =
  /\b(?:never|avoid|forbidden|prohibited|(?:do|does|must|should|may|can|shall)(?:\s+not|n['’]t)|cannot)\b/i;
const DEMANDS = /\b(?:always|must|should|shall|required?|use|prefer|only)\b/i;
/** Words of the demand itself; what is left is its matter. */
const POLARITY =
  /\b(?:never|always|avoid|must|should|shall|may|can|cannot|not|do|does|don['’]t|doesn['’]t|mustn['’]t|shouldn['’]t|can['’]t|use|using|used|prefer|only|required?|forbidden|prohibited|please)\b/gi;
const NUMBER = /\b\d+(?:\.\d+)?\b/g;

interface Read extends Statement {
  forbids: boolean;
  demands: boolean;
  terms: ReadonlySet<string>;
  numbers: string;
}

/** Pairs of statements of different records that cannot both hold, at most one for two records. */
export function findContradictions(texts: readonly string[]): Contradiction[] {
  const statements = texts.flatMap((text, record) => readStatements(text, record));
  const found = new Map<string, Contradiction>();
  statements.forEach((one, index) => {
    for (const other of statements.slice(index + 1)) {
      const pair = `${one.record} ${other.record}`;
      if (one.record === other.record || found.has(pair) || !clash(one, other)) continue;
      found.set(pair, {
        one: { record: one.record, sentence: one.sentence },
        other: { record: other.record, sentence: other.sentence },
      });
    }
  });
  return [...found.values()];
}

function readStatements(text: string, record: number): Read[] {
  return text
    .split(/\n|(?<=[.!?])\s+/)
    .map((line) => line.replace(/^[\s>*#+-]+/, '').trim())
    .filter((line) => line.length >= 8 && line.length <= MAX_SENTENCE)
    .slice(0, MAX_SENTENCES)
    .map((sentence) => {
      const forbids = FORBIDS.test(sentence);
      return {
        record,
        sentence,
        forbids,
        demands: !forbids && DEMANDS.test(sentence),
        terms: new Set(countTerms(sentence.replace(POLARITY, ' ').replace(NUMBER, ' ')).keys()),
        numbers: (sentence.match(NUMBER) ?? []).join(' '),
      };
    });
}

function clash(one: Read, other: Read): boolean {
  const alike = likeness(one.terms, other.terms);
  const opposed = (one.forbids && other.demands) || (one.demands && other.forbids);
  if (opposed) return Math.min(one.terms.size, other.terms.size) >= 2 && alike >= 0.75;
  const bothCount = one.numbers !== '' && other.numbers !== '' && one.numbers !== other.numbers;
  return (
    bothCount &&
    one.forbids === other.forbids &&
    Math.min(one.terms.size, other.terms.size) >= 3 &&
    alike >= 0.85
  );
}

/** Shared terms over all terms. */
function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const term of a) if (b.has(term)) shared += 1;
  return shared === 0 ? 0 : shared / (a.size + b.size - shared);
}
