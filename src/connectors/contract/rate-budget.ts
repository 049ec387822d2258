/**
 * How often we may still call a system: what it told us in headers, and the bound we keep ourselves. In
 * memory and per node; the system's own answer is the truth after a restart.
 */
import type { Clock } from '#kernel';

export interface RateSnapshot {
  /** Calls the system allows in its window; undefined where it does not say. */
  limit: number | undefined;
  remaining: number | undefined;
  resetsAt: Date | undefined;
  /** Calls this node made within the last hour. */
  callsLastHour: number;
  /** Our own bound. */
  callsPerHour: number;
  /** While the system wants us to wait. */
  closedUntil: Date | undefined;
}

export interface RateBudget {
  /** Milliseconds to wait before the next call; 0 when it may be made. */
  waitMs(): number;
  noteCall(): void;
  /** Takes what an answer says of limits. */
  noteAnswer(status: number, headers: Headers): void;
  snapshot(): RateSnapshot;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** A system that asks us to slow down without saying for how long. */
const DEFAULT_PAUSE_MS = 60_000;
/** No header makes us wait longer: a clock that is wrong by years must not switch a connector off. */
const LONGEST_PAUSE_MS = 2 * HOUR_MS;

export function createRateBudget(options: { callsPerHour: number; clock: Clock }): RateBudget {
  const { callsPerHour, clock } = options;
  // Counts per minute of the last hour: exact enough, and small however many calls there are.
  const minutes = new Map<number, number>();
  let limit: number | undefined;
  let remaining: number | undefined;
  let resetsAt: Date | undefined;
  let closedUntil = 0;

  function callsLastHour(now: number): number {
    const oldest = Math.floor((now - HOUR_MS) / MINUTE_MS);
    let calls = 0;
    for (const [minute, count] of minutes) {
      if (minute <= oldest) minutes.delete(minute);
      else calls += count;
    }
    return calls;
  }

  return {
    waitMs() {
      const now = clock.now().getTime();
      if (closedUntil > now) return closedUntil - now;
      if (callsLastHour(now) < callsPerHour) return 0;
      const oldest = Math.min(...minutes.keys());
      return Math.max(1, (oldest + 1) * MINUTE_MS + HOUR_MS - now);
    },

    noteCall() {
      const minute = Math.floor(clock.now().getTime() / MINUTE_MS);
      minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
    },

    noteAnswer(status, headers) {
      const now = clock.now();
      limit = numberIn(headers, 'x-ratelimit-limit', 'ratelimit-limit') ?? limit;
      remaining = numberIn(headers, 'x-ratelimit-remaining', 'ratelimit-remaining') ?? remaining;
      resetsAt = resetOf(headers, now) ?? resetsAt;
      const pause = pauseAsked(status, headers, now);
      if (pause !== undefined) closedUntil = Math.max(closedUntil, now.getTime() + pause);
    },

    snapshot() {
      const now = clock.now().getTime();
      return {
        limit,
        remaining,
        resetsAt,
        callsLastHour: callsLastHour(now),
        callsPerHour,
        closedUntil: closedUntil > now ? new Date(closedUntil) : undefined,
      };
    },
  };
}

/**
 * For how long an answer asks us to stay away, in milliseconds; undefined when it does not.
 * `Retry-After` is seconds or an HTTP date (RFC 9110); a 403 or 429 with nothing left waits for the reset.
 * A GitHub secondary limit is a 403 or 429 with `Retry-After`, or without any header: a minute then.
 */
export function pauseAsked(status: number, headers: Headers, now: Date): number | undefined {
  const after = headers.get('retry-after');
  const isLimit = status === 429 || ((status === 403 || status === 503) && after !== null);
  const remaining = numberIn(headers, 'x-ratelimit-remaining', 'ratelimit-remaining');
  const isSpent = status === 403 && remaining === 0;
  if (!isLimit && !isSpent) return undefined;
  const wanted =
    readRetryAfter(after, now) ??
    (remaining === 0 ? untilOf(resetOf(headers, now), now) : undefined) ??
    DEFAULT_PAUSE_MS;
  return Math.min(Math.max(wanted, 1_000), LONGEST_PAUSE_MS);
}

function readRetryAfter(text: string | null, now: Date): number | undefined {
  if (text === null) return undefined;
  if (/^\d+(\.\d+)?$/.test(text.trim())) return Number(text) * 1_000;
  return untilOf(new Date(text), now);
}

function untilOf(moment: Date | undefined, now: Date): number | undefined {
  const until = (moment?.getTime() ?? Number.NaN) - now.getTime();
  return Number.isNaN(until) ? undefined : Math.max(0, until);
}

/** Seconds since the epoch (GitHub), seconds from now (RateLimit-Reset), or a date (Jira). */
function resetOf(headers: Headers, now: Date): Date | undefined {
  const text = headers.get('x-ratelimit-reset') ?? headers.get('ratelimit-reset');
  if (text === null) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) {
    const date = new Date(text);
    return Number.isNaN(date.getTime()) ? undefined : date;
  }
  // Linear counts in milliseconds; no window of anyone is thirty years long.
  if (value > 1e11) return new Date(value);
  return new Date(value > 1e9 ? value * 1_000 : now.getTime() + value * 1_000);
}

function numberIn(headers: Headers, ...names: string[]): number | undefined {
  for (const name of names) {
    const text = headers.get(name);
    if (text !== null && /^\d+$/.test(text.trim())) return Number(text);
  }
  return undefined;
}
