/**
 * A new claim beside many that are open: the inverted index, as the server asks it, against comparing
 * with everybody. Both answer the same questions in turn, so that the load of the machine falls on both.
 */
import { ClaimIndex } from '../src/orchestration/overlap/claim-index.ts';
import { percentile, type Table, type Verdict } from './report.ts';

export interface OverlapMeasured {
  open: number;
  buildMs: number;
  indexMs: number[];
  /** Asking, and taking the claim in as well. */
  claimMs: number[];
  /** Processor time, which other programs of the machine do not stretch. */
  claimCpuMs: number[];
  allMs: number[];
  candidates: number;
}

const SIZES = [100, 1_000, 10_000];
const BAR_MS = 5;
const FOLDERS = 400;
const FILES = 60;

export function measureOverlap({ claims }: { claims: number }): OverlapMeasured[] {
  return SIZES.map((open) => measureSize(open, claims));
}

function measureSize(open: number, claims: number): OverlapMeasured {
  const random = numbersFrom(open);
  const holders = Array.from({ length: open }, () => pathsOf(random));
  const index = new ClaimIndex();
  const began = performance.now();
  for (const [at, paths] of holders.entries()) index.set(`chg_${at}`, paths);
  const measured: OverlapMeasured = {
    open,
    buildMs: performance.now() - began,
    indexMs: [],
    claimMs: [],
    claimCpuMs: [],
    allMs: [],
    candidates: 0,
  };
  // The first ones warm both ways up.
  for (let round = -100; round < claims; round += 1) {
    const paths = pathsOf(random);
    const cpu = process.cpuUsage();
    const start = performance.now();
    const found = index.candidates(paths);
    const asked = performance.now();
    index.set('chg_new', paths);
    const claimed = performance.now();
    const { user, system } = process.cpuUsage(cpu);
    index.delete('chg_new');
    const before = performance.now();
    const plain = compareWithAll(holders, paths);
    const after = performance.now();
    if (plain !== found.size) throw new Error(`the index found ${found.size} of ${plain}`);
    if (round < 0) continue;
    measured.indexMs.push(asked - start);
    measured.claimMs.push(claimed - start);
    measured.claimCpuMs.push((user + system) / 1_000);
    measured.allMs.push(after - before);
    measured.candidates += found.size;
  }
  return measured;
}

/** A few files each, most of them in few folders, as in real repositories. */
function pathsOf(random: () => number): string[] {
  const count = 1 + Math.floor(random() ** 3 * 40);
  return Array.from({ length: count }, () => {
    const folder = Math.floor(random() ** 2 * FOLDERS);
    return `src/area-${folder % 20}/part-${folder}/file-${Math.floor(random() * FILES)}.ts`;
  });
}

function compareWithAll(holders: readonly (readonly string[])[], paths: readonly string[]): number {
  const wanted = new Set(paths);
  return holders.filter((held) => held.some((path) => wanted.has(path))).length;
}

/** Equal runs ask equal questions. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export function overlapTable(measured: readonly OverlapMeasured[]): Table {
  const us = (ms: number) => `${(ms * 1_000).toFixed(1)} us`;
  return {
    head: [
      'open',
      'index built',
      'asked p50 / p99',
      'claimed p50 / p99',
      'of processor',
      'all pairs p50 / p99',
      'candidates',
    ],
    rows: measured.map((one) => [
      String(one.open),
      `${one.buildMs.toFixed(0)} ms`,
      `${us(percentile(one.indexMs, 0.5))} / ${us(percentile(one.indexMs, 0.99))}`,
      `${us(percentile(one.claimMs, 0.5))} / ${us(percentile(one.claimMs, 0.99))}`,
      `${us(percentile(one.claimCpuMs, 0.5))} / ${us(percentile(one.claimCpuMs, 0.99))}`,
      `${us(percentile(one.allMs, 0.5))} / ${us(percentile(one.allMs, 0.99))}`,
      (one.candidates / one.indexMs.length).toFixed(1),
    ]),
  };
}

export function overlapVerdicts(measured: readonly OverlapMeasured[]): Verdict[] {
  return measured
    .filter(({ open }) => open === SIZES.at(-1))
    .map(({ open, claimMs, claimCpuMs, allMs }) => {
      const p99 = percentile(claimMs, 0.99);
      const cpu = percentile(claimCpuMs, 0.99);
      return {
        bar: `a new claim beside ${open} open changes, p99 at most ${BAR_MS} ms`,
        figure: `${p99.toFixed(2)} ms (${cpu.toFixed(2)} of processor); comparing with all ${percentile(allMs, 0.99).toFixed(1)} ms`,
        isMet: p99 <= BAR_MS,
      };
    });
}
