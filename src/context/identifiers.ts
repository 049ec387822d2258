/** Names of code that a text holds, as people write them. Pure. */

/** In a name that no sentence has: a capital within, an underscore, a digit. */
const MARKED = /[a-z\d][A-Z]|[A-Z]{2,}[a-z]|_|[A-Za-z]\d/;
const MAX_IDENTIFIERS = 20;
/** Of a question so short that any word of it may be the name. */
const MAX_PLAIN_WORDS = 3;
const ASKING = new Set(
  'where what which who how does the and for from with into find show me defined declared definition define implemented'.split(
    ' ',
  ),
);

/** Names that can be nothing else: `retryPayment`, `MAX_ATTEMPTS`, `HTTPServer`, in their order. */
export function identifiersOf(text: string): string[] {
  const words = text.matchAll(/(?<![\w$/.@-])[A-Za-z_$][\w$]{2,79}(?![\w$/-]|\.\w)/g);
  const names = [...words].map(([word]) => word).filter((word) => MARKED.test(word));
  return [...new Set(names)].slice(0, MAX_IDENTIFIERS);
}

/** What a search may mean by name: its identifiers; of a short question its plain words, too. */
export function askedNames(text: string): string[] {
  const names = identifiersOf(text);
  if (names.length > 0) return names;
  const plain = (text.match(/[A-Za-z_$][\w$]{1,79}/g) ?? []).filter(
    (word) => word.length > 2 && !ASKING.has(word.toLowerCase()),
  );
  return plain.length <= MAX_PLAIN_WORDS ? [...new Set(plain)] : [];
}
