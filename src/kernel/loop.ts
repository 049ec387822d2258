/** Background work: do what is due, wait for more, outlive every error, and tell how it goes. */
import { Bell } from './bell.ts';
import type { Clock } from './clock.ts';
import { describeError, isUnavailable } from './errors.ts';
import type { Logger } from './log.ts';

export interface LoopHealth {
  state: 'running' | 'failing' | 'stopped';
  /** When the work last ended, well or badly. */
  lastRunAt: Date | null;
  /** Why the last attempt failed, fit to be shown; null when it did not. */
  lastError: string | null;
}

/** A loop any node may run; disposing stops it after the work in hand. */
export interface BackgroundLoop extends AsyncDisposable {
  readonly name: string;
  /** Does what is due now and says how much that was; for tests and for shutdown. */
  runOnce(): Promise<number>;
  health(): LoopHealth;
}

/** Keeps what a loop has to say about itself. */
export function createHealthRecord(clock: Clock) {
  const health: LoopHealth = { state: 'stopped', lastRunAt: null, lastError: null };
  return {
    read: (): LoopHealth => ({ ...health }),
    started(): void {
      health.state = 'running';
    },
    stopped(): void {
      health.state = 'stopped';
    },
    succeeded(): void {
      health.lastRunAt = clock.now();
      health.lastError = null;
      if (health.state === 'failing') health.state = 'running';
    },
    failed(error: unknown): void {
      health.lastRunAt = clock.now();
      health.lastError = describeError(error);
      if (health.state === 'running') health.state = 'failing';
    },
  };
}

export interface LoopOptions {
  name: string;
  clock: Clock;
  log: Logger;
  /** Does what is due and says how much that was. Never runs twice at once. */
  work(): Promise<number>;
  /** What `runOnce` does; without it, `work`. */
  runOnce?(): Promise<number>;
  /** The longest pause while there is nothing to do, and the pause after a failure. */
  everyMs: number;
  /**
   * Pause after work was done, so that the next look finds a batch; pauses double from here to
   * `everyMs` while there is nothing to do. Absent: look again at once, then every `everyMs`.
   */
  gatherMs?: number;
  /** Pause before the first look. */
  firstAfterMs?: number;
  /** Arranges that the bell rings when there may be work. Polling stays the truth. */
  listen?(bell: Bell, signal: AbortSignal): void;
  /** False leaves all work to `runOnce`. */
  start?: boolean | undefined;
}

/** Runs `work` until disposed of. Its timers do not keep a process alive that has nothing else to do. */
export function startLoop(options: LoopOptions): BackgroundLoop {
  const { name, everyMs, gatherMs = 0 } = options;
  const log = options.log.child({ loop: name });
  const health = createHealthRecord(options.clock);
  const bell = new Bell();
  const stopping = new AbortController();
  let turn: Promise<unknown> = Promise.resolve();

  function takeTurn(work: () => Promise<number>): Promise<number> {
    const mine = turn.then(work);
    turn = mine.then(
      () => health.succeeded(),
      (error: unknown) => health.failed(error),
    );
    return mine;
  }

  async function run(): Promise<void> {
    let pauseMs = options.firstAfterMs ?? 0;
    if (pauseMs > 0) await bell.wait(pauseMs, stopping.signal);
    while (!stopping.signal.aborted) {
      try {
        const done = await takeTurn(() => options.work());
        if (done > 0) pauseMs = gatherMs;
        else pauseMs = gatherMs > 0 ? Math.min(Math.max(pauseMs, gatherMs) * 2, everyMs) : everyMs;
      } catch (error) {
        pauseMs = everyMs;
        if (isUnavailable(error)) {
          log.warn({ err: error }, 'the database is away; background work waits');
        } else log.error({ err: error }, 'background work failed and will be tried again');
      }
      const rang = await bell.wait(pauseMs, stopping.signal);
      if (rang && gatherMs > 0) pauseMs = gatherMs;
    }
  }

  let running = Promise.resolve();
  if (options.start !== false) {
    health.started();
    options.listen?.(bell, stopping.signal);
    running = run();
  }
  return {
    name,
    runOnce: () => takeTurn(() => (options.runOnce ?? options.work)()),
    health: () => health.read(),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
      await turn;
      health.stopped();
    },
  };
}
