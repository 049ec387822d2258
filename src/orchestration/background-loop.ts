/** Runs a piece of work again and again: at once while there is more, else after a pause. */
import type { Logger } from '#kernel';
import type { BackgroundLoop } from '#ledger';

export function startLoop(options: {
  name: string;
  everyMs: number;
  log: Logger;
  /** Gives how much it did; anything above zero means "look again at once". */
  runOnce(): Promise<number>;
}): BackgroundLoop & { wake(): void } {
  const { name, everyMs, log, runOnce } = options;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isWoken = false;

  function schedule(delayMs: number): void {
    if (isStopped || running !== undefined) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      isWoken = false;
      running = work().then((delay) => {
        running = undefined;
        schedule(isWoken ? 0 : delay);
      });
    }, delayMs);
    timer.unref();
  }

  async function work(): Promise<number> {
    try {
      return (await runOnce()) > 0 ? 0 : everyMs;
    } catch (error) {
      // A database that is away comes back: the loop outlives every error.
      log.warn({ err: error, loop: name }, 'background loop failed and will try again');
      return everyMs;
    }
  }

  schedule(everyMs);
  return {
    name,
    runOnce,
    wake() {
      isWoken = true;
      schedule(0);
    },
    async [Symbol.asyncDispose]() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
