/** A score as a person reads it in a terminal: one line per factor, its curve drawn, this change marked. */
import type { ExplainedFactor, RiskExplanation } from '#policy';
import { counted, printable } from './output.ts';
import type { Wire } from './wire.ts';

const BLOCKS = '▁▂▃▄▅▆▇█';
const WIDTH = 16;

export function renderExplanation(explanation: Wire<RiskExplanation>): string[] {
  const { factors, ranks, score, kind } = explanation;
  const width = Math.max(...factors.map(({ name }) => name.length), 0);
  const lines = factors.map(
    (factor) =>
      `  ${signed(factor.points).padStart(5)}  ${factor.name.padEnd(width)}  ${(factor.curve === null ? '' : drawCurve(factor.curve)).padEnd(WIDTH + 2)}  ${printable(factor.explanation)}`,
  );
  return [
    `risk ${score} of 100 (${kind}), as a sum of points; [ ] marks this change on the curve of a factor`,
    ...lines,
    `  ${String(score).padStart(5)}  ${'score'.padEnd(width)}`,
    ...(ranks === null
      ? []
      : [
          `  ranked among ${counted(ranks.changes, 'change')} of this repository (weight ${percent(ranks.ownShare)}; the rest is all repositories)`,
        ]),
    ...renderReliability(explanation.reliability),
  ];
}

function renderReliability(reliability: Wire<RiskExplanation>['reliability']): string[] {
  if (reliability === null) return [];
  const { bins, error, model, knownDefects } = reliability;
  const fitted = `${model}, fitted to ${counted(reliability.changes, 'change')} and ${counted(knownDefects, 'known defect')}`;
  if (bins.length === 0) {
    return [`  calibration: too few changes are a year old to tell (${fitted})`];
  }
  return [
    `  calibration: ${fitted}; said and found are ${percent(error ?? 0)} apart on average`,
    ...bins.map(
      (bin) =>
        `    said ${percent(bin.declared).padStart(6)}   found ${percent(bin.realised).padStart(6)}   ${counted(bin.changes, 'change')}`,
    ),
  ];
}

/** Blocks from the lowest to the highest point of the curve, with the place of the change in brackets. */
export function drawCurve({ points, place }: NonNullable<ExplainedFactor['curve']>): string {
  const low = Math.min(...points);
  const span = Math.max(...points) - low;
  const here = Math.min(WIDTH - 1, Math.max(0, Math.floor(place * WIDTH)));
  const blocks = Array.from({ length: WIDTH }, (_, step) => {
    const value = points[Math.round((step / (WIDTH - 1)) * (points.length - 1))] ?? low;
    const height = span === 0 ? 0 : Math.round(((value - low) / span) * (BLOCKS.length - 1));
    return BLOCKS[height]!;
  });
  blocks[here] = `[${blocks[here]!}]`;
  return blocks.join('');
}

function signed(points: number): string {
  return points > 0 ? `+${points}` : String(points);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
