/** The weights that ship: fitted by scripts/train-ranking.ts, one file for all tasks. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RankingWeights } from './model.ts';

let shipped: RankingWeights | undefined;

export function shippedWeights(): RankingWeights {
  shipped ??= readWeights(join(import.meta.dirname, 'weights.json'));
  return shipped;
}

export function readWeights(file: string): RankingWeights {
  return RankingWeights.parse(JSON.parse(readFileSync(file, 'utf8')));
}
