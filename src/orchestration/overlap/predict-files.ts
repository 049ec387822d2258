/** Which files a change will touch, from its words and what is known of its files so far. Pure. */
import type { Rarity } from './text-similarity.ts';
import { type MainLine, WIDE_CHANGE } from './main-line.ts';

/** Chance of each file, by path, 0 to 1. */
export type FileChances = Map<string, number>;

const MEMORY = { changes: 40, halfLifeDays: 720, doubt: 0.35, sharpness: 2 };
const BM25 = { k1: 1.2, b: 0.5 };
const DAY = 86_400;

/**
 * Past changes with alike words vote for their files; the vote is the likeness as a share of what the
 * intent scores against itself, so that a vague text gives low chances.
 * @param seen how many changes of the main line may be looked at
 */
export function filesOfIntent(
  line: MainLine,
  terms: ReadonlyMap<string, number>,
  seen: number,
  now: number,
  rarity: Rarity,
  options = MEMORY,
): FileChances {
  const average = line.averageLength(seen);
  const scores = new Map<number, number>();
  let own = 0;
  let length = 0;
  for (const count of terms.values()) length += count;
  for (const [term, count] of terms) {
    const weight = rarity(term) * (1 + Math.log(count));
    own += (weight * count * 2.2) / (count + BM25.k1 * (0.5 + (0.5 * length) / average));
    const posting = line.posting(term);
    if (posting === undefined) continue;
    for (let at = 0; at < posting.positions.length; at += 1) {
      const position = posting.positions[at]!;
      if (position >= seen) break;
      const there = posting.counts[at]!;
      const norm = BM25.k1 * (1 - BM25.b + (BM25.b * line.lengths[position]!) / average);
      scores.set(
        position,
        (scores.get(position) ?? 0) + (weight * there * (BM25.k1 + 1)) / (there + norm),
      );
    }
  }
  const near = [...scores]
    .map(([position, score]) => {
      const age = (now - line.times[position]!) / DAY;
      return { position, weight: (score / (own || 1)) * 2 ** (-age / options.halfLifeDays) };
    })
    .filter(({ position }) => {
      const files = line.filesOf[position]!.length;
      return files > 0 && files <= WIDE_CHANGE;
    })
    .sort((a, b) => b.weight - a.weight || b.position - a.position)
    .slice(0, options.changes);
  const chances: FileChances = new Map();
  let total = options.doubt ** options.sharpness;
  for (const { position, weight } of near) {
    const vote = weight ** options.sharpness;
    total += vote;
    for (const file of line.filesOf[position]!) {
      const path = line.paths[file]!;
      chances.set(path, (chances.get(path) ?? 0) + vote);
    }
  }
  for (const [path, vote] of chances) chances.set(path, Math.min(1, vote / total));
  return chances;
}

const COMPANIONS = { touches: 80, halfLifeDays: 540, doubt: 3 };

/** The files so far at 1, and those that used to change with them. */
export function filesOfPrefix(
  line: MainLine,
  files: readonly string[],
  seen: number,
  now: number,
  options = COMPANIONS,
): FileChances {
  const missing = new Map<string, number>();
  for (const path of files) {
    const file = line.numberOf(path);
    if (file === undefined) continue;
    const touches = line.touches[file]!.filter((position) => position < seen);
    let total = 0;
    const together = new Map<number, number>();
    for (const position of touches.slice(-options.touches)) {
      const group = line.filesOf[position]!;
      if (group.length > WIDE_CHANGE) continue;
      const weight = 2 ** (-(now - line.times[position]!) / DAY / options.halfLifeDays);
      total += weight;
      for (const other of group) {
        if (other !== file) together.set(other, (together.get(other) ?? 0) + weight);
      }
    }
    for (const [other, weight] of together) {
      const chance = Math.min(0.95, weight / (total + options.doubt));
      missing.set(line.paths[other]!, (missing.get(line.paths[other]!) ?? 1) * (1 - chance));
    }
  }
  const chances: FileChances = new Map();
  for (const [path, none] of missing) chances.set(path, 1 - none);
  for (const path of files) chances.set(path, 1);
  return chances;
}

/** Expected number of files in common. */
export function expectedShared(
  a: FileChances,
  b: FileChances,
  weigh?: (path: string) => number,
): number {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  let sum = 0;
  for (const [path, chance] of small) {
    const other = large.get(path);
    if (other !== undefined) sum += chance * other * (weigh?.(path) ?? 1);
  }
  return sum;
}

export function chancesCosine(a: FileChances, b: FileChances): number {
  const norm = Math.sqrt(expectedShared(a, a) * expectedShared(b, b));
  return norm === 0 ? 0 : expectedShared(a, b) / norm;
}

export function folderChances(chances: FileChances): FileChances {
  const folders: FileChances = new Map();
  for (const [path, chance] of chances) {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    folders.set(folder, 1 - (1 - (folders.get(folder) ?? 0)) * (1 - Math.min(0.99, chance)));
  }
  return folders;
}
