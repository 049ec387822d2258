/** How alike two intents are worded, weighted by how rare each word is. Pure. */
import { countTerms, WHOLE_MARK } from '#context';
import { type Intent, referencesOf, termsOf, titleTerms } from './terms.ts';

/** How rare a term is: `log((N + 1) / (n + 0.5))`, never negative. */
export type Rarity = (term: string) => number;

export interface Wording {
  terms: ReadonlyMap<string, number>;
  title: ReadonlyMap<string, number>;
  references: ReadonlySet<string>;
}

export function wordingOf(intent: Intent): Wording {
  return {
    terms: countTerms(termsOf(intent)),
    title: countTerms(titleTerms(intent)),
    references: new Set(referencesOf(intent)),
  };
}

export interface TextLikeness {
  /** Cosine of tf-idf vectors, 0 to 1. */
  text: number;
  title: number;
  /** BM25 both ways, each as a share of what a text scores against itself. */
  bm25: number;
  /** Rarity of the rarest term in common, as a share of the rarest possible. */
  rarest: number;
  /** Rarity of the identifiers of several words in common, summed. */
  identifiers: number;
  /** Both name the same issue or request. */
  references: number;
  /** How much of the shorter text's weight occurs in the other. */
  containment: number;
}

export function compareWordings(
  a: Wording,
  b: Wording,
  rarity: Rarity,
  averageLength: number,
): TextLikeness {
  let rarest = 0;
  let identifiers = 0;
  for (const term of a.terms.keys()) {
    if (!b.terms.has(term)) continue;
    const weight = rarity(term);
    if (weight > rarest) rarest = weight;
    if (term.startsWith(WHOLE_MARK)) identifiers += weight;
  }
  let references = 0;
  for (const reference of a.references) if (b.references.has(reference)) references = 1;
  return {
    text: cosine(a.terms, b.terms, rarity),
    title: cosine(a.title, b.title, rarity),
    bm25: bm25Share(a.terms, b.terms, rarity, averageLength),
    rarest,
    identifiers,
    references,
    containment: containment(a.terms, b.terms, rarity),
  };
}

type Counts = ReadonlyMap<string, number>;

export function cosine(a: Counts, b: Counts, rarity: Rarity): number {
  const weigh = (count: number, term: string) => (1 + Math.log(count)) * rarity(term);
  let dot = 0;
  let squaresA = 0;
  let squaresB = 0;
  for (const [term, count] of a) {
    const weight = weigh(count, term);
    squaresA += weight * weight;
    const other = b.get(term);
    if (other !== undefined) dot += weight * weigh(other, term);
  }
  for (const [term, count] of b) squaresB += weigh(count, term) ** 2;
  return dot === 0 ? 0 : dot / Math.sqrt(squaresA * squaresB);
}

const BM25 = { k1: 1.2, b: 0.5 };

export function bm25Share(a: Counts, b: Counts, rarity: Rarity, averageLength: number): number {
  const own = bm25(a, a, rarity, averageLength) + bm25(b, b, rarity, averageLength);
  if (own === 0) return 0;
  return (bm25(a, b, rarity, averageLength) + bm25(b, a, rarity, averageLength)) / own;
}

function bm25(query: Counts, text: Counts, rarity: Rarity, averageLength: number): number {
  let length = 0;
  for (const count of text.values()) length += count;
  const norm = BM25.k1 * (1 - BM25.b + (BM25.b * length) / averageLength);
  let score = 0;
  for (const term of query.keys()) {
    const count = text.get(term);
    if (count !== undefined) score += (rarity(term) * count * (BM25.k1 + 1)) / (count + norm);
  }
  return score;
}

function containment(a: Counts, b: Counts, rarity: Rarity): number {
  let [weightA, weightB, shared] = [0, 0, 0];
  for (const term of a.keys()) {
    const weight = rarity(term);
    weightA += weight;
    if (b.has(term)) shared += weight;
  }
  for (const term of b.keys()) weightB += rarity(term);
  const least = Math.min(weightA, weightB);
  return least === 0 ? 0 : shared / least;
}
