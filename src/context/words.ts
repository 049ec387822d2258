/**
 * Text as search terms. Identifiers are split at camel humps, snakes and digits and kept whole as well;
 * word endings are trimmed lightly. How text is cut matters more to ranking than the formula over it.
 */

const STOP_WORDS = new Set(
  `a about above after again all also an and any are as at be because been before being below between both but by can could did do does doing
  done down during each else etc few for from further get had has have having he her here how i if in into is it its itself just like let make
  may me might more most must my need no nor not now of off on once only or other our out over own please same shall she should so some such
  than that the their them then there these they this those through to too under until up us use used using very want was we were what when
  where which while who why will with would you your`.split(/\s+/),
);
const MIN_LENGTH = 2;
const MAX_LENGTH = 40;

/** Terms of a text in order, with repetitions. */
export function toTerms(text: string): string[] {
  const terms: string[] = [];
  for (const [word] of text.matchAll(/[\p{L}\p{N}_$]+/gu)) addWord(word, terms);
  return terms;
}

/** How often each term occurs. */
export function countTerms(text: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of toTerms(text)) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/** Characters counted between two breaths: some milliseconds of work. */
const PIECE = 32_000;

/** The same for a long text, in pieces between which others have their turn. */
export async function countTermsOf(
  text: string,
  breathe: () => Promise<void> | undefined,
): Promise<Map<string, number>> {
  if (text.length <= PIECE) return countTerms(text);
  const counts = new Map<string, number>();
  for (let start = 0; start < text.length;) {
    // Cut at the end of a line, so that no word is cut; a line without end is cut anywhere.
    const line = text.indexOf('\n', start + PIECE);
    const end = line === -1 || line > start + 2 * PIECE ? start + 2 * PIECE : line;
    for (const [term, count] of countTerms(text.slice(start, end))) {
      counts.set(term, (counts.get(term) ?? 0) + count);
    }
    start = end;
    await breathe();
  }
  return counts;
}

function addWord(word: string, terms: string[]): void {
  if (word.length > 200) return;
  const parts = splitIdentifier(word);
  if (parts.length > 1) addTerm(parts.join('').toLowerCase(), terms);
  for (const part of parts) addTerm(stem(part.toLowerCase()), terms);
}

function addTerm(term: string, terms: string[]): void {
  if (term.length < MIN_LENGTH || term.length > MAX_LENGTH) return;
  // Numbers and hashes are noise: there are millions, and nobody looks for one by meaning.
  if (/^\d+$/.test(term) || (/^[0-9a-f]{7,}$/.test(term) && /\d/.test(term))) return;
  if (!STOP_WORDS.has(term)) terms.push(term);
}

/** `parseHTTPHeader_v2` -> parse, HTTP, Header, v2. */
export function splitIdentifier(word: string): string[] {
  return word
    .replace(/[_$]+/g, ' ')
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(' ')
    .filter((part) => part !== '');
}

/** Trims the commonest English endings, so that "retries", "retried" and "retry" meet. */
export function stem(word: string): string {
  if (word.length < 5 || !/^[a-z]+$/.test(word)) return word;
  if (word.endsWith('ies') || word.endsWith('ied')) return `${word.slice(0, -3)}y`;
  let stemmed = word;
  if (/(?:ss|sh|ch|x|z)es$/.test(stemmed)) stemmed = stemmed.slice(0, -2);
  else if (stemmed.endsWith('s') && !/(?:ss|us|is)$/.test(stemmed)) stemmed = stemmed.slice(0, -1);
  if (stemmed.length >= 6 && stemmed.endsWith('ing')) stemmed = undouble(stemmed.slice(0, -3));
  else if (stemmed.length >= 5 && stemmed.endsWith('ed')) stemmed = undouble(stemmed.slice(0, -2));
  if (stemmed.length >= 5 && stemmed.endsWith('e')) stemmed = stemmed.slice(0, -1);
  return stemmed;
}

function undouble(word: string): string {
  return /([bdgmnprt])\1$/.test(word) ? word.slice(0, -1) : word;
}
