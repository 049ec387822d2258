/** The words of a request that are looked for, each with its weight. Pure. */
import { toTerms } from './words.ts';

/** Longer requests are cut: their later words add noise, not meaning. */
const MAX_QUERY_TERMS = 80;

/** Terms of the request; the title counts twice. */
export function queryTerms(request: { title: string; text: string }): Map<string, number> {
  const terms = new Map<string, number>();
  const add = (text: string, weight: number) => {
    for (const term of toTerms(text)) {
      // Repeating a word in a long text says little; a second mention counts, a tenth does not.
      if (terms.size >= MAX_QUERY_TERMS && !terms.has(term)) continue;
      terms.set(term, Math.min(4, (terms.get(term) ?? 0) + weight));
    }
  };
  add(request.title, 2);
  add(request.text.slice(0, 8_000), 1);
  return terms;
}
