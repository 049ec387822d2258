/** When a schedule fires. Pure; the caller says what time it is. */
import { Cron } from 'croner';
import { durationMs } from './durations.ts';

export interface ScheduleTimes {
  cron?: string | undefined;
  every?: string | undefined;
  zone: string;
  stop?: { at?: string | undefined } | undefined;
}

/** What is wrong with it; undefined when nothing is. */
export function scheduleProblem({ cron, every, zone }: ScheduleTimes): string | undefined {
  if ((cron === undefined) === (every === undefined)) return 'says cron or every, one of the two';
  if (!isZone(zone)) return `zone: ${zone} is no time zone; write one such as Europe/Berlin`;
  if (every !== undefined) return durationMs(every) < 60_000 ? 'every: is 1m at least' : undefined;
  // Patterns with seconds would fire thousands of times an hour.
  if (cron!.trim().split(/\s+/).length !== 5) {
    return 'cron: has five fields: minute, hour, day, month, weekday';
  }
  try {
    const next = new Cron(cron!, { paused: true, timezone: zone }).nextRun();
    return next === null ? 'cron: never comes' : undefined;
  } catch (error) {
    const words = error instanceof Error ? error.message : 'is not a pattern';
    return `cron: ${words.replace(/^CronPattern: /, '')}`;
  }
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).format() !== '';
  } catch {
    return false;
  }
}

/**
 * The first firing after a moment; null when there is none any more. In the hour that clocks skip a
 * firing comes at its end, in the hour they repeat it comes once, both as croner has it.
 */
export function nextFiring(schedule: ScheduleTimes, after: Date): Date | null {
  const next =
    schedule.cron === undefined
      ? new Date(after.getTime() + durationMs(schedule.every ?? '1d'))
      : new Cron(schedule.cron, { paused: true, timezone: schedule.zone }).nextRun(after);
  const last = schedule.stop?.at;
  // The whole of the last day counts, wherever on earth it is.
  if (next === null || (last !== undefined && next >= endOfDay(last))) return null;
  return next;
}

function endOfDay(date: string): Date {
  return new Date(Date.parse(`${date}T00:00:00Z`) + 36 * 3_600_000);
}
