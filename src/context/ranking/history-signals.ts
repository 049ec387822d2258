/** Signals from the past: similar changes, companions, activity. Values in, scores out. */
import { type ChangeHistory, WIDE_CHANGE } from './change-history.ts';
import { decay, type Ranked, topOf } from './scores.ts';
import { rarity, type Scores } from './text-field.ts';

const MEMORY_BM25 = { k1: 1.2, b: 0.5 };
/** A word of so many changes tells none apart, and costs the most. */
const COMMON_WORD_SHARE = 0.25;
const RECENT_TOUCHES = 80;

/** How alike the words of each past change are to the query, by position. */
export function similarChanges(history: ChangeHistory, query: ReadonlyMap<string, number>): Scores {
  const scores = new Float64Array(history.size);
  const { k1, b } = MEMORY_BM25;
  for (const [term, asked] of query) {
    const positions: number[] = [];
    const counts: number[] = [];
    history.eachWord(term, (position, count) => {
      positions.push(position);
      counts.push(count);
    });
    const weight = rarity(positions.length, history.spoken) * (1 + Math.log(asked));
    for (let at = 0; at < positions.length; at += 1) {
      const count = counts[at]!;
      const length = history.wordCounts[positions[at]!]!;
      const norm = k1 * (1 - b + (b * length) / history.averageWords);
      scores[positions[at]!]! += (weight * count * (k1 + 1)) / (count + norm);
    }
  }
  return scores;
}

export interface Memory {
  /** Votes of many similar changes for their files. */
  votes: Scores;
  /** The likeness of the single most similar change of each file. */
  best: Scores;
  /** The changes that voted, most similar first; `file` is the position. */
  changes: Ranked[];
}

/** Past changes vote for their files: more, the more alike, the more recent and the narrower they were. */
export function rememberChanges(
  history: ChangeHistory,
  similarity: Scores,
  now: number,
  options: { changes: number; halfLifeDays: number },
): Memory {
  const votes = new Float64Array(history.paths.length);
  const best = new Float64Array(history.paths.length);
  const changes = topOf(similarity, options.changes);
  for (const { file: position, score } of changes) {
    const files = history.filesOf[position]!;
    if (files.length === 0 || files.length > WIDE_CHANGE) continue;
    const age = now - history.times[position]!;
    const vote = (score ** 1.5 * decay(age, options.halfLifeDays)) / Math.sqrt(files.length);
    const likeness = score * decay(age, 3 * options.halfLifeDays);
    for (const file of files) {
      votes[file]! += vote;
      if (likeness > best[file]!) best[file] = likeness;
    }
  }
  return { votes, best, changes };
}

/**
 * Document expansion: each file is described by the messages of all its changes, and searched like a
 * text. A narrow change describes its files better than a wide one.
 */
export function searchByMessages(
  history: ChangeHistory,
  query: ReadonlyMap<string, number>,
  descriptionLengths: Float64Array,
): Scores {
  const files = history.paths.length;
  const scores = new Float64Array(files);
  const counts = new Float64Array(files);
  let total = 0;
  for (let file = 0; file < files; file += 1) total += descriptionLengths[file]!;
  const average = Math.max(1, total / Math.max(1, history.livingCount));
  for (const [term, asked] of query) {
    const touched: number[] = [];
    const positions: number[] = [];
    const times: number[] = [];
    history.eachWord(term, (position, count) => {
      positions.push(position);
      times.push(count);
    });
    if (positions.length > COMMON_WORD_SHARE * history.spoken + 20) continue;
    for (let at = 0; at < positions.length; at += 1) {
      const group = history.filesOf[positions[at]!]!;
      if (group.length === 0 || group.length > WIDE_CHANGE) continue;
      const weight = Math.min(3, times[at]!) / Math.sqrt(group.length);
      for (const file of group) {
        if (counts[file] === 0) touched.push(file);
        counts[file]! += weight;
      }
    }
    const weight = rarity(touched.length, history.livingCount) * (1 + Math.log(asked));
    for (const file of touched) {
      const count = counts[file]!;
      counts[file] = 0;
      const norm = 1.2 * (0.4 + (0.6 * descriptionLengths[file]!) / average);
      scores[file]! += (weight * count * 2.2) / (count + norm);
    }
  }
  return scores;
}

/** How much text the messages of each file's changes amount to. */
export function descriptionLengths(history: ChangeHistory): Float64Array {
  const lengths = new Float64Array(history.paths.length);
  for (let position = 0; position < history.size; position += 1) {
    const group = history.filesOf[position]!;
    if (group.length === 0 || group.length > WIDE_CHANGE) continue;
    const share = (history.wordCounts[position] ?? 0) / Math.sqrt(group.length);
    for (const file of group) lengths[file]! += share;
  }
  return lengths;
}

/** Files that changed together with the seeds: recent and narrow changes count most. */
export function spreadByCochange(
  history: ChangeHistory,
  seeds: readonly Ranked[],
  now: number,
  halfLifeDays = 365,
): Scores {
  const scores = new Float64Array(history.paths.length);
  for (const { file, score } of seeds) {
    let total = 0;
    const together = new Map<number, number>();
    for (const position of history.touches[file]!.slice(-RECENT_TOUCHES)) {
      const group = history.filesOf[position]!;
      if (group.length > WIDE_CHANGE) continue;
      const weight = decay(now - history.times[position]!, halfLifeDays);
      total += weight;
      const share = weight / Math.log2(1 + group.length);
      for (const other of group) {
        if (other !== file) together.set(other, (together.get(other) ?? 0) + share);
      }
    }
    for (const [other, weight] of together) scores[other]! += (score * weight) / (total + 1);
  }
  return scores;
}

/** How often files change these days. */
export function recentActivity(
  history: ChangeHistory,
  now: number,
  halfLifeDays: number,
  changes: number,
): Scores {
  const scores = new Float64Array(history.paths.length);
  for (
    let position = history.size - 1;
    position >= Math.max(0, history.size - changes);
    position -= 1
  ) {
    const group = history.filesOf[position]!;
    if (group.length > WIDE_CHANGE) continue;
    const weight = decay(now - history.times[position]!, halfLifeDays);
    for (const file of group) scores[file]! += weight;
  }
  return scores;
}

/** Votes of given changes, such as those of the same area, for their files. */
export function voteByChanges(
  history: ChangeHistory,
  positions: readonly number[],
  now: number,
  halfLifeDays: number,
): Scores {
  const scores = new Float64Array(history.paths.length);
  for (const position of positions) {
    const group = history.filesOf[position]!;
    if (group.length === 0 || group.length > WIDE_CHANGE) continue;
    const weight = decay(now - history.times[position]!, halfLifeDays) / Math.sqrt(group.length);
    for (const file of group) scores[file]! += weight;
  }
  return scores;
}
