/**
 * Whether somebody does, or is to do, the same work already. The key decides first; then texts
 * are compared. Pure.
 */
import { rarityBeside } from './common-words.ts';
import { SAME_WORK } from './models.ts';
import { sameWorkFeatures, viewWork } from './same-work-features.ts';
import { type Rarity, type Wording, wordingOf } from './text-similarity.ts';
import type { Intent } from './terms.ts';
import { scoreOfTrees } from './trees.ts';

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
const ALIKE = 0.9;
/** A title of one word is like many others. */
const MIN_TERMS = 3;
/** Texts beyond these share too little with what is asked to be the same work. */
const MAX_COMPARED = 40;

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

/**
 * Best first. Words are looked up in an inverted index; only texts that share the most telling ones with
 * what is asked are compared in full.
 */
export function findSame<Candidate extends WorkText>(
  asked: WorkText,
  candidates: readonly Candidate[],
  limit: number,
): SameWork<Candidate>[] {
  const keys = new Set(asked.keys);
  const found: SameWork<Candidate>[] = [];
  const others: Candidate[] = [];
  for (const candidate of candidates) {
    const key = candidate.keys.find((one) => keys.has(one));
    if (key === undefined) others.push(candidate);
    else found.push({ candidate, score: 1, why: `the same issue, ${key}` });
  }
  found.push(...findAlike(asked, others));
  return found.toSorted((a, b) => b.score - a.score).slice(0, limit);
}

function findAlike<Candidate extends WorkText>(
  asked: WorkText,
  candidates: readonly Candidate[],
): SameWork<Candidate>[] {
  const own = wordingOf(toIntent(asked));
  if (own.terms.size < MIN_TERMS) return [];
  const wordings = candidates.map((candidate) => wordingOf(toIntent(candidate)));
  const index = new Map<string, number[]>();
  let length = 0;
  for (const [at, { terms }] of [...wordings, own].entries()) {
    for (const [term, count] of terms) {
      length += count;
      const held = index.get(term);
      if (held === undefined) index.set(term, [at]);
      else held.push(at);
    }
  }
  const all = candidates.length + 1;
  const rarity = rarityBeside(all, (term) => index.get(term)?.length ?? 0);
  const view = viewWork(toIntent(asked));
  return nearest(own, wordings, index, rarity).flatMap((at): SameWork<Candidate>[] => {
    const candidate = candidates[at]!;
    const features = sameWorkFeatures(view, viewWork(toIntent(candidate)), rarity, length / all);
    const score = scoreOfTrees(SAME_WORK, features);
    return score < ALIKE ? [] : [{ candidate, score, why: 'nearly the same words' }];
  });
}

/** The places of the texts that share most of what is rare. */
function nearest(
  own: Wording,
  wordings: readonly Wording[],
  index: ReadonlyMap<string, readonly number[]>,
  rarity: Rarity,
): number[] {
  const shared = new Map<number, number>();
  for (const term of own.terms.keys()) {
    for (const at of index.get(term) ?? []) {
      const wording = wordings[at];
      if (wording === undefined || wording.terms.size < MIN_TERMS) continue;
      shared.set(at, (shared.get(at) ?? 0) + rarity(term));
    }
  }
  return [...shared]
    .sort(([x, a], [y, b]) => b - a || x - y)
    .slice(0, MAX_COMPARED)
    .map(([at]) => at);
}

function toIntent({ title, text }: WorkText): Intent {
  return { title, body: text };
}
