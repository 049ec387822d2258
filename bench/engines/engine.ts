/** What the durable-step benchmark asks of an engine: run chains of ten steps that do nothing. */

export const STEPS_PER_RUN = 10;
export const AT_ONCE = 16;

export interface BenchEngine extends AsyncDisposable {
  /** Starts this many runs, `AT_ONCE` at a time, and resolves when the last one has ended. */
  run(count: number): Promise<void>;
}

export interface BenchPeer {
  name: string;
  note: string;
  /** Makes tables and workers; a text says why it cannot take part. */
  open(url: string): Promise<BenchEngine | string>;
}

/** Runs `work` for 0 … count-1, at most `lanes` of them at the same time. */
export async function inLanes(
  count: number,
  lanes: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  async function lane(): Promise<void> {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, lane));
}

/** Packages of bench/package.json are loaded when the benchmark runs, so that nothing else needs them. */
export async function loadPeer<Module>(name: string): Promise<Module | string> {
  try {
    return (await import(name)) as Module;
  } catch {
    return `${name} is not installed; run \`npm ci --prefix bench\``;
  }
}

/** Looks again until it holds; a lone run is looked at more often, because its time is what counts. */
export async function until(holds: () => boolean | Promise<boolean>, runs: number): Promise<void> {
  while (!(await holds())) {
    await new Promise((resolve) => {
      setTimeout(resolve, runs === 1 ? 1 : 10);
    });
  }
}
