/** What was said of changes when they landed, against what became of them: by bins of equal size. Pure. */

/** A change that was scored before it landed, and whose year is over. */
export interface SettledForecast {
  /** Said when it landed, 0 to 1. */
  probability: number;
  /** A defect was found within 365 days. */
  isDefective: boolean;
}

export interface ReliabilityBin {
  /** Lowest and highest probability said. */
  from: number;
  to: number;
  changes: number;
  /** Mean of what was said, 0 to 1. */
  declared: number;
  /** Share that was defective, 0 to 1. */
  realised: number;
}

const BINS = 10;
/** Of fewer changes a bin says nothing. */
const MIN_CHANGES = 100;

/** From the least to the most risky; empty while too few changes are settled. */
export function reliabilityOf(settled: readonly SettledForecast[]): ReliabilityBin[] {
  if (settled.length < MIN_CHANGES) return [];
  const sorted = settled.toSorted((a, b) => a.probability - b.probability);
  return Array.from({ length: BINS }, (_, bin) => {
    const part = sorted.slice(
      Math.floor((bin * sorted.length) / BINS),
      Math.floor(((bin + 1) * sorted.length) / BINS),
    );
    const declared = part.reduce((sum, { probability }) => sum + probability, 0) / part.length;
    const defective = part.filter(({ isDefective }) => isDefective).length;
    return {
      from: rounded(part[0]!.probability),
      to: rounded(part.at(-1)!.probability),
      changes: part.length,
      declared: rounded(declared),
      realised: rounded(defective / part.length),
    };
  });
}

/** Mean distance of what was said from what became true, weighed by changes; null without bins. */
export function calibrationError(bins: readonly ReliabilityBin[]): number | null {
  const changes = bins.reduce((sum, bin) => sum + bin.changes, 0);
  if (changes === 0) return null;
  const distance = bins.reduce(
    (sum, bin) => sum + bin.changes * Math.abs(bin.declared - bin.realised),
    0,
  );
  return rounded(distance / changes);
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
