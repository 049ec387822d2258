/**
 * Text as search terms. Identifiers are split at humps and snakes, and kept whole as well under a mark;
 * word endings are trimmed lightly. How text is cut matters more to ranking than the formula over it.
 */

/** Begins the term of a whole identifier of several words, as in `=parsehttpheader`. */
export const WHOLE_MARK = '=';

const STOP_WORDS = new Set(
  'the a an and or of to in on for with is are be by from as at this that it we not when if into now can should will use used using add added adds fix fixed fixes feat chore refactor remove update updated change changed make support new also so has have was were which but no all via only do does them they their'.split(
    ' ',
  ),
);
const MAX_WORD_LENGTH = 60;
/** Bounds the memory of words seen before; dropping it costs time only. */
const MAX_REMEMBERED = 300_000;

const WORD = /[A-Za-z\u00c0-\uffef][A-Za-z0-9_\u00c0-\uffef]*|\d{2,8}/g;
const remembered = new Map<string, readonly string[]>();

/** Terms of a text in order, with repetitions. */
export function toTerms(
  text: string,
  options: { withWhole: boolean } = { withWhole: true },
): string[] {
  const terms: string[] = [];
  for (const word of text.match(WORD) ?? []) {
    if (word.length > MAX_WORD_LENGTH) continue;
    for (const term of termsOfWord(word)) {
      if (options.withWhole || !term.startsWith(WHOLE_MARK)) terms.push(term);
    }
  }
  return terms;
}

/** How often each term occurs. */
export function countTerms(terms: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

export function termsOfWord(word: string): readonly string[] {
  const known = remembered.get(word);
  if (known !== undefined) return known;
  const parts = splitIdentifier(word).map((part) => part.toLowerCase());
  const terms = parts.filter((part) => part.length > 1 && !STOP_WORDS.has(part)).map(stem);
  if (parts.length > 1) terms.push(WHOLE_MARK + parts.join(''));
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(word, terms);
  return terms;
}

/** `parseHTTPHeader_v2` -> parse, HTTP, Header, v2. */
export function splitIdentifier(word: string): string[] {
  return word
    .replace(/_/g, ' ')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(' ')
    .filter((part) => part !== '');
}

/** Trims the commonest English endings, so that "retries", "retried" and "retry" meet. */
export function stem(word: string): string {
  if (word.length <= 4) return word;
  return word
    .replace(/ie[sd]$/, 'y')
    .replace(/(?:ing|edly|ed|ers?|es|s|ly|ions?|e)$/, (ending, at: number) =>
      at >= 3 ? '' : ending,
    );
}
