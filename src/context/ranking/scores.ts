/** Scores per file number, and their best entries. Pure. */
import type { Scores } from './text-field.ts';

export interface Ranked {
  file: number;
  score: number;
}

/** The best positive entries, best first; equal ones by number, so that the order never varies. */
export function topOf(
  scores: Scores,
  count: number,
  accepts: (file: number) => boolean = () => true,
): Ranked[] {
  const found: Ranked[] = [];
  for (let file = 0; file < scores.length; file += 1) {
    const score = scores[file]!;
    if (score > 0 && accepts(file)) found.push({ file, score });
  }
  if (found.length > count * 4) {
    const values = Float64Array.from(found, ({ score }) => score).toSorted();
    const least = values[values.length - count]!;
    return sorted(found.filter(({ score }) => score >= least)).slice(0, count);
  }
  return sorted(found).slice(0, count);
}

function sorted(entries: Ranked[]): Ranked[] {
  return entries.toSorted((a, b) => b.score - a.score || a.file - b.file);
}

/** Reciprocal rank fusion: places count, not scores. https://doi.org/10.1145/1571941.1572114 */
export function fuseRanks(
  lists: readonly { ranked: readonly Ranked[]; weight: number }[],
  size: number,
  constant = 60,
): Scores {
  const fused = new Float64Array(size);
  for (const { ranked, weight } of lists) {
    ranked.forEach(({ file }, place) => {
      fused[file]! += weight / (constant + place + 1);
    });
  }
  return fused;
}

/** What remains of a weight after an age: half after each half-life. */
export function decay(ageSeconds: number, halfLifeDays: number): number {
  return 0.5 ** (Math.max(0, ageSeconds) / 86_400 / halfLifeDays);
}
