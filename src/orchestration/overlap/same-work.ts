/**
 * Whether somebody does, or is to do, the same work already. The key decides first; then texts
 * are compared. Pure.
 */
import { sameWorkFeatures } from './features.ts';
import { scoreOf, SHIPPED } from './models.ts';
import { wordingOf } from './text-similarity.ts';

export interface WorkText {
  title: string;
  text: string;
  /** Keys of the issues it is about, as `workKeys` gives them. */
  keys: readonly string[];
}

export interface SameWork<Candidate> {
  candidate: Candidate;
  /** 1 for the same issue; else the likelihood by words. */
  score: number;
  why: string;
}

/** Of texts so alike, 98 of 100 were the same work where a fifth of all pairs was (docs/overlap.md). */
const ALIKE = 0.85;
/** A title of one word is like many others. */
const MIN_TERMS = 3;

/**
 * The keys a text names in a repository: `owner/name#12` for numbers, `ABC-12` for tickets. The key is of
 * the repository and the issue, never of the agent.
 */
export function workKeys(repository: string, ...texts: readonly string[]): string[] {
  const text = texts.join('\n');
  const numbers = [...text.matchAll(/(?:#|issues\/|pull\/|\bGH-)(\d{1,7})\b/g)].map(
    ([, number]) => `${repository}#${number}`,
  );
  const tickets = [...text.matchAll(/\b([A-Z][A-Z0-9]{1,9}-\d{1,7})\b/g)].map(([, key]) => key!);
  return [...new Set([...numbers, ...tickets])];
}

/** Best first. */
export function findSame<Candidate extends WorkText>(
  asked: WorkText,
  candidates: readonly Candidate[],
  limit: number,
): SameWork<Candidate>[] {
  const wordings = candidates.map(({ title, text }) => wordingOf({ title, body: text }));
  const own = wordingOf({ title: asked.title, body: asked.text });
  const counts = new Map<string, number>();
  let length = 0;
  for (const { terms } of [own, ...wordings]) {
    for (const [term, count] of terms) {
      counts.set(term, (counts.get(term) ?? 0) + 1);
      length += count;
    }
  }
  const all = candidates.length + 1;
  // Few open items tell little of how rare a word is: each counts as if there were some more.
  const rarity = (term: string) =>
    Math.max(0, Math.log((all + 20) / ((counts.get(term) ?? 0) + 0.5)));
  const keys = new Set(asked.keys);
  return candidates
    .flatMap((candidate, at): SameWork<Candidate>[] => {
      const key = candidate.keys.find((one) => keys.has(one));
      if (key !== undefined) return [{ candidate, score: 1, why: `the same issue, ${key}` }];
      if (own.terms.size < MIN_TERMS || wordings[at]!.terms.size < MIN_TERMS) return [];
      const features = sameWorkFeatures(
        { title: asked.title, body: asked.text },
        { title: candidate.title, body: candidate.text },
        rarity,
        length / all,
      );
      const score = scoreOf(SHIPPED.sameWork, features);
      return score < ALIKE ? [] : [{ candidate, score, why: 'nearly the same words' }];
    })
    .sort((a, b) => b.score - a.score)
    .slice(0, limit);
}
