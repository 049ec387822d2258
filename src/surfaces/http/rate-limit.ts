/** How many requests one caller may make in a minute; counted in memory, per node. */
import { AppError, type Clock } from '#kernel';

const WINDOW_MS = 60_000;
/** Above this many windows the finished ones are dropped. */
const SWEEP_AT = 10_000;

export interface RateLimit {
  /** Takes one request from the caller's budget. @throws AppError `http.rate_limited`. */
  take(key: string): void;
}

export function createRateLimit(clock: Clock, requestsPerMinute: number): RateLimit {
  const windows = new Map<string, { startedAt: number; count: number }>();

  function sweep(now: number): void {
    for (const [key, { startedAt }] of windows) {
      if (now - startedAt >= WINDOW_MS) windows.delete(key);
    }
  }

  return {
    take(key) {
      const now = clock.now().getTime();
      let window = windows.get(key);
      if (window === undefined || now - window.startedAt >= WINDOW_MS) {
        if (windows.size >= SWEEP_AT) sweep(now);
        window = { startedAt: now, count: 0 };
        windows.set(key, window);
      }
      window.count += 1;
      if (window.count <= requestsPerMinute) return;

      const retryAfterSeconds = Math.ceil((window.startedAt + WINDOW_MS - now) / 1_000);
      throw new AppError('limit_exceeded', 'http.rate_limited', {
        message: `More than ${requestsPerMinute} requests in a minute.`,
        hint: `Wait ${retryAfterSeconds} s, or raise limits.requestsPerMinute.`,
        details: { retryAfterSeconds },
      });
    },
  };
}
