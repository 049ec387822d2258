/** The loop that all background work of this room shares: do what is due, then wait for more. */
import { AppError, type Logger } from '#kernel';
import type { BackgroundLoop } from './service.ts';
import { Bell } from './wake.ts';

const SHORTEST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 500;

/**
 * Runs `work` until disposed of. Waits grow from 10 ms to half a second while there is nothing to
 * do: a busy loop works in batches, an idle one costs little, and a lost wake-up costs half a second.
 */
export function startLoop(options: {
  name: string;
  log: Logger;
  /** Does what is due and says how much that was. Never runs twice at once. */
  work(): Promise<number>;
  /** What `runOnce` does; without it, `work`. */
  runOnce?(): Promise<number>;
  /** Arranges that the bell rings when there may be work. */
  listen(bell: Bell, signal: AbortSignal): void;
  /** False leaves all work to `runOnce`. */
  start?: boolean | undefined;
}): BackgroundLoop {
  const log = options.log.child({ loop: options.name });
  const bell = new Bell();
  const stopping = new AbortController();
  let turn: Promise<unknown> = Promise.resolve();

  function takeTurn(work: () => Promise<number>): Promise<number> {
    const mine = turn.then(work);
    turn = mine.catch(() => {});
    return mine;
  }

  async function run(): Promise<void> {
    let waitMs = SHORTEST_WAIT_MS;
    while (!stopping.signal.aborted) {
      try {
        const done = await takeTurn(() => options.work());
        waitMs = done > 0 ? SHORTEST_WAIT_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS);
      } catch (error) {
        waitMs = LONGEST_WAIT_MS;
        const isGone = error instanceof AppError && error.kind === 'unavailable';
        if (isGone) log.warn({ err: error }, 'the database is away; background work waits');
        else log.error({ err: error }, 'background work failed and will be tried again');
      }
      if (await bell.wait(waitMs, stopping.signal)) waitMs = SHORTEST_WAIT_MS;
    }
  }

  let running = Promise.resolve();
  if (options.start !== false) {
    options.listen(bell, stopping.signal);
    running = run();
  }
  return {
    name: options.name,
    runOnce: () => takeTurn(() => (options.runOnce ?? options.work)()),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
      await turn;
    },
  };
}
