/** Lets processes race for one exclusive claim after another, for the test and for scripts/claim-race.ts. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export interface RaceResult {
  rounds: number;
  /** Rounds with exactly one holder. */
  fair: number;
  /** Numbers of the grants, round by round. */
  fences: number[];
  elapsedMs: number;
}

/** Each round all processes ask at the same moment; the next begins when all were answered. */
export async function raceForClaims(options: {
  url: string;
  processes: number;
  rounds: number;
  /** Hears how many rounds are over. */
  onRound?: (rounds: number) => void;
}): Promise<RaceResult> {
  const { url, processes, rounds, onRound } = options;
  const racers = Array.from({ length: processes }, (_, index) => startRacer(url, `racer-${index}`));
  try {
    await Promise.all(racers.map(({ next }) => next()));
    const startedAt = performance.now();
    const fences: number[] = [];
    let fair = 0;
    for (let round = 0; round < rounds; round += 1) {
      for (const { child } of racers) child.stdin.write(`${round}\n`);
      const answers = await Promise.all(racers.map(({ next }) => next()));
      const granted = answers.map((line) => Number(line.split(' ')[1])).filter((it) => it > 0);
      if (granted.length === 1) fair += 1;
      fences.push(...granted);
      onRound?.(round + 1);
    }
    return { rounds, fair, fences, elapsedMs: performance.now() - startedAt };
  } finally {
    for (const { child } of racers) child.kill();
  }
}

interface Racer {
  child: ChildProcessByStdio<Writable, Readable, null>;
  /** The next line it says. @throws when it ends instead. */
  next(): Promise<string>;
}

function startRacer(url: string, name: string): Racer {
  const script = join(import.meta.dirname, 'test-racer.ts');
  const child = spawn(process.execPath, [script, url, name], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async next() {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${name} ended early`);
      return value;
    },
  };
}
