/** Candidates of one question as rows of numbers, and what the numbers are called. Pure. */
import { type Ranked, topOf } from './scores.ts';
import type { Scores } from './text-field.ts';

export interface Signal {
  name: string;
  scores: Scores;
}

export interface CandidateTable {
  /** File numbers (or person numbers). */
  candidates: number[];
  columns: string[];
  /** Row by row. */
  values: Float32Array;
  /** The best entries of each signal, by its name. */
  ranked: Map<string, Ranked[]>;
}

/** Places are told this far down each signal. */
const RANKED_DEPTH = 300;
const PER_SIGNAL = 3;

/**
 * The union of the best of each signal. Each signal gives three columns: the score relative to the best
 * one, 10 / (10 + place) and 1 / sqrt(place). `statics` adds columns that need no comparison.
 */
export function tabulate(
  signals: readonly Signal[],
  options: {
    perSignal: number;
    accepts: (candidate: number) => boolean;
    statics: {
      columns: readonly string[];
      fill: (candidate: number, row: Float32Array, at: number) => void;
    };
  },
): CandidateTable {
  const ranked = new Map<string, Ranked[]>();
  const pool = new Set<number>();
  for (const { name, scores } of signals) {
    const best = topOf(scores, RANKED_DEPTH, options.accepts);
    ranked.set(name, best);
    for (const { file } of best.slice(0, options.perSignal)) pool.add(file);
  }
  const candidates = [...pool].toSorted((a, b) => a - b);
  const columns = [
    ...signals.flatMap(({ name }) => [name, `${name}.place`, `${name}.root`]),
    ...options.statics.columns,
  ];
  const values = new Float32Array(candidates.length * columns.length);
  const rowOf = new Map(candidates.map((candidate, row) => [candidate, row]));
  signals.forEach(({ name, scores }, index) => {
    const best = ranked.get(name)!;
    const most = best[0]?.score ?? 0;
    if (most <= 0) return;
    candidates.forEach((candidate, row) => {
      values[row * columns.length + index * PER_SIGNAL] = (scores[candidate] ?? 0) / most;
    });
    best.forEach(({ file }, place) => {
      const row = rowOf.get(file);
      if (row === undefined) return;
      const at = row * columns.length + index * PER_SIGNAL;
      values[at + 1] = 10 / (11 + place);
      values[at + 2] = 1 / Math.sqrt(1 + place);
    });
  });
  const at = signals.length * PER_SIGNAL;
  candidates.forEach((candidate, row) => {
    const start = row * columns.length;
    options.statics.fill(candidate, values.subarray(start, start + columns.length), at);
  });
  return { candidates, columns, values, ranked };
}
