/** Ranking by a sum of a few signals, each relative to its best. Pure. */

/** Signals about files, by file number. Higher is better; the scale of each is its own. */
export interface FileSignals {
  content: ReadonlyMap<number, number>;
  path: ReadonlyMap<number, number>;
  /** Votes of past changes whose messages read like the request. */
  memory: ReadonlyMap<number, number>;
  /** Files the request names. */
  mentioned: ReadonlySet<number>;
}

export interface RankedFile {
  number: number;
  score: number;
  parts: Readonly<Record<keyof FileSignals, number>>;
}

/** What each signal adds at its best. A named file beats any guess. */
const SIGNAL_WEIGHTS: Readonly<Record<keyof FileSignals, number>> = {
  content: 1,
  path: 0.5,
  memory: 0.8,
  mentioned: 3,
};

/** Files are candidates when they are among the best of any one signal. */
const CANDIDATES_PER_SIGNAL = 150;

export function rankFiles(signals: FileSignals): RankedFile[] {
  const best = {
    content: bestOf(signals.content),
    path: bestOf(signals.path),
    memory: bestOf(signals.memory),
  };
  const candidates = new Set(signals.mentioned);
  for (const scores of [signals.content, signals.path, signals.memory]) {
    for (const number of topOf(scores, CANDIDATES_PER_SIGNAL)) candidates.add(number);
  }
  return [...candidates]
    .map((number) => {
      const parts = {
        content: share(signals.content, number, best.content) * SIGNAL_WEIGHTS.content,
        path: share(signals.path, number, best.path) * SIGNAL_WEIGHTS.path,
        memory: share(signals.memory, number, best.memory) * SIGNAL_WEIGHTS.memory,
        mentioned: signals.mentioned.has(number) ? SIGNAL_WEIGHTS.mentioned : 0,
      };
      const score = parts.content + parts.path + parts.memory + parts.mentioned;
      return { number, score, parts };
    })
    .toSorted((a, b) => b.score - a.score || a.number - b.number);
}

/** The keys with the highest values, best first. */
export function topOf<Key>(scores: ReadonlyMap<Key, number>, count: number): Key[] {
  return [...scores]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([key]) => key);
}

export interface PastChange {
  position: number;
  fileNumber: number;
  fileCount: number;
  committedAt: Date;
}

const VOTE_HALF_LIFE_DAYS = 730;

/**
 * Past changes vote for the files they touched: more, the closer their message is to the request, the
 * more recent and the narrower they were.
 */
export function voteByHistory(
  similarity: ReadonlyMap<number, number>,
  changes: readonly PastChange[],
  now: Date,
): Map<number, number> {
  const best = bestOf(similarity);
  const votes = new Map<number, number>();
  for (const change of changes) {
    const days = Math.max(0, now.getTime() - change.committedAt.getTime()) / 86_400_000;
    const vote =
      (share(similarity, change.position, best) ** 1.5 * 0.5 ** (days / VOTE_HALF_LIFE_DAYS)) /
      Math.sqrt(Math.max(1, change.fileCount));
    votes.set(change.fileNumber, (votes.get(change.fileNumber) ?? 0) + vote);
  }
  return votes;
}

export function bestOf(scores: ReadonlyMap<unknown, number>): number {
  let best = 0;
  for (const score of scores.values()) if (score > best) best = score;
  return best;
}

function share(scores: ReadonlyMap<number, number>, number: number, best: number): number {
  return best === 0 ? 0 : (scores.get(number) ?? 0) / best;
}
