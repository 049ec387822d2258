/**
 * Durable steps per second, beside named peers: chains of ten steps that do nothing, sixteen at
 * once, one Node process, one embedded PostgreSQL with fsync on. Rounds are interleaved, because the
 * machine's speed drifts; only ratios within one run mean anything.
 */
import { absurd } from './engines/absurd.ts';
import { dbos } from './engines/dbos.ts';
import { type BenchPeer, STEPS_PER_RUN } from './engines/engine.ts';
import { graphileWorker } from './engines/graphile-worker.ts';
import { ours, oursWithoutLedger } from './engines/ours.ts';
import type { BenchServer } from './server.ts';
import { median, type Table, type Verdict } from './report.ts';

const PEERS: readonly BenchPeer[] = [ours, oursWithoutLedger, absurd, dbos, graphileWorker];

export interface Measured {
  peer: BenchPeer;
  stepsPerSecond: number[];
  loneStepMs: number[];
}

export async function measureDurableSteps(
  server: BenchServer,
  options: { rounds: number; runs: number; loneRuns: number; say(line: string): void },
): Promise<{ measured: Measured[]; skipped: { peer: BenchPeer; why: string }[] }> {
  const measured = new Map<BenchPeer, Measured>();
  const skipped = new Map<BenchPeer, string>();
  const urls = new Map<BenchPeer, string>();
  for (const [index, peer] of PEERS.entries()) {
    urls.set(peer, await server.createDatabase(`steps_${index}`));
  }
  for (let round = 0; round < options.rounds; round += 1) {
    // A different one goes first in every round.
    const order = PEERS.map((_, index) => PEERS[(index + round) % PEERS.length]!);
    for (const peer of order.filter((one) => !skipped.has(one))) {
      // Only one engine lives at a time: the pollers of the others would share its processor.
      const engine = await peer.open(urls.get(peer)!);
      if (typeof engine === 'string') {
        skipped.set(peer, engine);
        options.say(`${peer.name} is left out: ${engine}`);
        continue;
      }
      await using _engine = engine;
      await engine.run(20);
      const before = performance.now();
      await engine.run(options.runs);
      const seconds = (performance.now() - before) / 1_000;
      const result = measured.get(peer) ?? { peer, stepsPerSecond: [], loneStepMs: [] };
      result.stepsPerSecond.push((options.runs * STEPS_PER_RUN) / seconds);
      for (let lone = 0; lone < options.loneRuns; lone += 1) {
        const start = performance.now();
        await engine.run(1);
        result.loneStepMs.push((performance.now() - start) / STEPS_PER_RUN);
      }
      measured.set(peer, result);
      options.say(
        `round ${round + 1}: ${peer.name} ${Math.round(result.stepsPerSecond.at(-1)!)} steps/s`,
      );
    }
  }
  return {
    measured: PEERS.flatMap((peer) => measured.get(peer) ?? []),
    skipped: [...skipped].map(([peer, why]) => ({ peer, why })),
  };
}

export function durableStepsTable(measured: readonly Measured[]): Table {
  const own = median(measured.find(({ peer }) => peer === ours)?.stepsPerSecond ?? []);
  return {
    head: ['engine', 'steps/s (median)', 'range', 'ours / it', 'lone run, ms/step', 'note'],
    rows: measured.map(({ peer, stepsPerSecond, loneStepMs }) => [
      peer.name,
      String(Math.round(median(stepsPerSecond))),
      `${Math.round(Math.min(...stepsPerSecond))}-${Math.round(Math.max(...stepsPerSecond))}`,
      peer === ours ? '1' : (own / median(stepsPerSecond)).toFixed(2),
      median(loneStepMs).toFixed(1),
      peer.note,
    ]),
  };
}

export function durableStepsVerdicts(measured: readonly Measured[]): Verdict[] {
  const own = measured.find(({ peer }) => peer === ours);
  if (own === undefined) return [];
  const verdicts: Verdict[] = [];
  for (const [peer, factor] of [
    [absurd, 1.5],
    [dbos, 2.5],
  ] as const) {
    const other = measured.find((one) => one.peer === peer);
    if (other === undefined) continue;
    const ratio = median(own.stepsPerSecond) / median(other.stepsPerSecond);
    verdicts.push({
      bar: `durable steps/s, ledger in the transaction: at least ${factor}x ${peer.name}`,
      figure: `${ratio.toFixed(2)}x`,
      isMet: ratio >= factor,
    });
  }
  const slow = measured.find((one) => one.peer === dbos);
  if (slow !== undefined) {
    const ratio = median(own.loneStepMs) / median(slow.loneStepMs);
    verdicts.push({
      bar: 'latency of a step of a lone run: at most 1.2x DBOS',
      figure: `${ratio.toFixed(2)}x`,
      isMet: ratio <= 1.2,
    });
  }
  return verdicts;
}
