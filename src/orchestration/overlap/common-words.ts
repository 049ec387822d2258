/**
 * How common a word is in what people write about changes, as measured over 46 public repositories. A few
 * open items tell little of how rare a word is; this is what is believed before they are counted. Pure.
 */
import type { Rarity } from './text-similarity.ts';
import shares from './common-words.json' with { type: 'json' };

/** Share of texts that hold a term which no table lists. */
const UNLISTED = 0.0004;
/** The table counts like so many texts of the repository's own. */
const TABLE_TEXTS = 100;

const SHARE_OF: ReadonlyMap<string, number> = new Map(
  Object.entries(shares).flatMap(([share, words]) =>
    words.split(' ').map((word): [string, number] => [word, Number(share)]),
  ),
);

/**
 * How rare terms are among texts of which `seen` are known.
 * @param countOf in how many of them a term occurs
 */
export function rarityBeside(seen: number, countOf: (term: string) => number): Rarity {
  // Each line of each text asks for the same few terms again.
  const known = new Map<string, number>();
  return (term) => {
    let rarity = known.get(term);
    if (rarity === undefined) {
      const before = TABLE_TEXTS * (SHARE_OF.get(term) ?? UNLISTED);
      rarity = Math.max(0, Math.log((seen + TABLE_TEXTS + 1) / (countOf(term) + before + 0.5)));
      known.set(term, rarity);
    }
    return rarity;
  };
}
