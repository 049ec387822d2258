/** Whether a freeze holds at a moment, and when that changes next. Pure. */
import { Cron } from 'croner';
import { type Freeze, type FreezeSpan, LOCAL_OF_OWNER, type WeeklySpan } from './document.ts';
import { EVERY_OFFSET, toLocal } from './zoned-time.ts';

const MINUTE = 60_000;
const WEEK_MINUTES = 7 * 24 * 60;
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/**
 * True when it holds. `ownerZones` are those of the teams that own what is touched; where they are
 * needed and nobody knows them, it holds as soon as it holds anywhere on earth.
 */
export function freezeHolds(freeze: Freeze, now: Date, ownerZones: readonly string[]): boolean {
  return zonesOf(freeze, ownerZones).some((zone) => spanHolds(freeze.span, now, zone));
}

/** The next moment within two weeks at which some freeze begins or ends; null when none does. */
export function nextFreezeChange(freezes: readonly Freeze[], now: Date): Date | null {
  const holds = (at: Date) => freezes.map((freeze) => freezeHolds(freeze, at, [])).join();
  const current = holds(now);
  const first = Math.floor(now.getTime() / (15 * MINUTE)) + 1;
  if (freezes.length === 0) return null;
  // Spans start and end at quarters of an hour in every zone there is, if not in every file.
  for (let step = 0; step < 14 * 24 * 4; step += 1) {
    const at = new Date((first + step) * 15 * MINUTE);
    if (holds(at) !== current) return at;
  }
  return null;
}

/** `Fri 14:00 - Mon 08:00`; undefined when it is no such span. */
export function readWeeklySpan(text: string): WeeklySpan | undefined {
  const moment = String.raw`(mon|tue|wed|thu|fri|sat|sun)[a-z]* (\d{1,2}):(\d{2})`;
  const match = new RegExp(`^${moment}\\s*-\\s*${moment}$`, 'i').exec(text.trim());
  if (match === null) return undefined;
  const minuteOf = (day = '', hour = '', minute = '') =>
    Number(hour) > 24 || Number(minute) > 59
      ? Number.NaN
      : DAYS.indexOf(day.toLowerCase()) * 24 * 60 + Number(hour) * 60 + Number(minute);
  const start = minuteOf(match[1], match[2], match[3]);
  const end = minuteOf(match[4], match[5], match[6]);
  return Number.isNaN(start) || Number.isNaN(end) || start === end ? undefined : { start, end };
}

/** What is wrong with a cron pattern; undefined when nothing is. */
export function cronProblem(pattern: string): string | undefined {
  // Patterns with seconds would let a freeze begin thousands of times an hour.
  if (pattern.trim().split(/\s+/).length !== 5) {
    return 'A pattern has five fields: minute, hour, day, month, weekday';
  }
  try {
    return new Cron(pattern, { paused: true }).nextRun() === null
      ? 'The pattern never comes'
      : undefined;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^CronPattern: /, '') : 'Not a pattern';
  }
}

function zonesOf({ zone }: Freeze, ownerZones: readonly string[]): readonly string[] {
  if (zone !== LOCAL_OF_OWNER) return [zone];
  return ownerZones.length === 0 ? EVERY_OFFSET : ownerZones;
}

function spanHolds(span: FreezeSpan, now: Date, zone: string): boolean {
  switch (span.kind) {
    case 'once': {
      const local = toLocal(now, zone);
      return span.from <= local && local < span.to;
    }
    case 'weekly': {
      const local = toLocal(now, zone);
      const minute =
        ((local.getUTCDay() + 6) % 7) * 24 * 60 + local.getUTCHours() * 60 + local.getUTCMinutes();
      const { start, end } = span.weekly;
      const length = (end - start + WEEK_MINUTES) % WEEK_MINUTES;
      return (minute - start + WEEK_MINUTES) % WEEK_MINUTES < length;
    }
    case 'cron': {
      const cron = new Cron(span.pattern, { paused: true, timezone: zone });
      // The pattern asks for the run before; one that begins at this very moment counts too.
      const [began] = cron.previousRuns(1, new Date(now.getTime() + 1_000));
      return began !== undefined && now.getTime() - began.getTime() < span.forMs;
    }
  }
}
