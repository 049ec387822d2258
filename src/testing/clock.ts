/** A clock that stands still until a test moves it. */
import type { Clock } from '#kernel';

export interface TestClock extends Clock {
  advance(milliseconds: number): void;
}

export function testClock(start = new Date('2026-01-05T09:00:00.000Z')): TestClock {
  let now = start.getTime();
  return {
    now: () => new Date(now),
    advance(milliseconds) {
      now += milliseconds;
    },
  };
}
