/** Delivers what a crash of this node left untold by its forge: soon after the start, and now and then. */
import type { LocalForge } from '#connectors/local';
import type { Logger } from '#kernel';
import type { BackgroundLoop } from '#ledger';

const FIRST_AFTER_MS = 1_000;
const EVERY_MS = 5 * 60_000;

export function forgeSweepLoop(deps: { forge: LocalForge; log: Logger }): BackgroundLoop {
  const log = deps.log.child({ loop: 'forge-sweep' });
  let isStopped = false;
  let running: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  function runOnce(): Promise<number> {
    const turn = running.then(async () => {
      await deps.forge.sweep();
      return 0;
    });
    running = turn.catch(() => {});
    return turn;
  }

  function schedule(waitMs: number): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      void runOnce()
        .catch((error: unknown) => log.warn({ err: error }, 'the local forge was not swept'))
        .then(() => schedule(EVERY_MS));
    }, waitMs);
    timer.unref();
  }
  schedule(FIRST_AFTER_MS);

  return {
    name: 'forge-sweep',
    runOnce,
    async [Symbol.asyncDispose]() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
