/** Why an agent came to nothing, from its exit, its stream and its last words. Pure. */
import type { Reading } from './meter.ts';
import type { ProcessEnd } from './process.ts';
import type { Failure } from './schema.ts';

/** So many refusals in a row, with nothing done in between, are not worth waiting for in a worker. */
export const TROUBLES_IN_A_ROW = 3;

/** Words of providers and agents. Theirs change: add here, never in the logic. */
const UNAUTHENTICATED =
  /\b(?:401|403)\b|unauthori[sz]ed|authentication[_ ](?:failed|error|required)|not (?:logged|signed) in|please (?:run )?\/?log ?in|invalid (?:x-)?api[- ]key|no (?:api key|credentials|authentication)|missing api key|set an auth method|api key (?:not|is) (?:set|missing|valid)/i;
const RATE_LIMITED =
  /\b(?:429|529)\b|rate[_ -]?limit|too many requests|resource[_ ]exhausted|overloaded|usage limit|quota|limit reached|out of credits|insufficient[_ ]quota|hit your limit/i;

/** Without word of when: first a short wait, then ever longer ones. */
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 30 * 60_000;

/** Whether the refusals so far mean that it should be stopped now. */
export function isStuck({ troubles }: Pick<Reading, 'troubles'>): boolean {
  return troubles.length >= TROUBLES_IN_A_ROW;
}

/** Undefined: it did what it was asked. */
export function diagnose(
  end: Pick<ProcessEnd, 'exitCode' | 'killedBy' | 'isMissing' | 'output'>,
  reading: Pick<Reading, 'troubles' | 'end'>,
  about: { program: string; isStopped: boolean; now: Date; sleeps: number },
): Failure | undefined {
  const { program } = about;
  if (end.isMissing) {
    return {
      code: 'agents.binary_missing',
      message: `The program ${program} is not installed on this node.`,
    };
  }
  const isDone = end.exitCode === 0 && reading.end?.isError !== true;
  if (isDone && !about.isStopped) return undefined;
  const { troubles } = reading;
  // Its stream knows better than its last words, which may quote code that speaks of limits.
  const told = [
    ...troubles.map(({ text, status }) => `${status ?? ''} ${text}`),
    reading.end?.text,
  ];
  const words = told.filter((text) => text !== undefined && text.trim() !== '').join('\n');
  const heard = words === '' ? end.output.slice(-4_000) : words;
  if (RATE_LIMITED.test(heard)) return rateLimited(program, heard, about);
  if (UNAUTHENTICATED.test(heard)) {
    const message = `${program} is not signed in, or its key is not accepted.`;
    return { code: 'agents.unauthenticated', message };
  }
  if (end.killedBy !== null) {
    return { code: 'agents.killed', message: `${program} was killed by ${end.killedBy}.` };
  }
  const said = lastLine(heard);
  const how = end.exitCode === null ? 'ended' : `ended with exit code ${end.exitCode}`;
  return { code: 'agents.failed', message: `${program} ${how}${said === '' ? '' : `: ${said}`}` };
}

function rateLimited(
  program: string,
  heard: string,
  { now, sleeps }: { now: Date; sleeps: number },
): Failure {
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(sleeps, 10));
  const retryAt = readResetTime(heard, now) ?? new Date(now.getTime() + wait);
  return {
    code: 'agents.rate_limited',
    message: `The provider of ${program} limits it for now.`,
    retryAt,
  };
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** Later than this is no limit of a provider but a misreading. */
const LATEST_MS = 8 * 86_400_000;

/** When a limit ends, as far as the words tell; undefined where they do not, or it is over. */
export function readResetTime(text: string, now: Date): Date | undefined {
  const at = readInstant(text) ?? readWait(text, now) ?? readHour(text, now);
  if (at === undefined) return undefined;
  const ms = at.getTime() - now.getTime();
  return ms > 0 && ms <= LATEST_MS ? at : undefined;
}

function readInstant(text: string): Date | undefined {
  const epoch = /limit reached\|(\d{10})\b/i.exec(text)?.[1];
  if (epoch !== undefined) return new Date(Number(epoch) * 1_000);
  const iso = /\b(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))/.exec(
    text,
  )?.[1];
  return iso === undefined ? undefined : new Date(iso);
}

/** `try again in 3 hours 20 minutes`, `retry after 34s`, `retryDelay":"34s"`. */
function readWait(text: string, now: Date): Date | undefined {
  const said =
    /(?:try again in|retry[-_ ]?(?:after|in)|resets? in|retryDelay)["':= ]*((?:[\d.]+ *(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)?[ ,]*(?:and )?)+)/i.exec(
      text,
    )?.[1];
  if (said === undefined) return undefined;
  let ms = 0;
  for (const [, amount = '', unit = 's'] of said.matchAll(/([\d.]+) *([a-z]+)?/gi)) {
    const key = /^m(?:s|illi)/i.test(unit) ? 'ms' : unit[0]!.toLowerCase();
    ms += Number(amount) * (UNITS[key] ?? 1_000);
  }
  return Number.isFinite(ms) && ms > 0 ? new Date(now.getTime() + ms) : undefined;
}

/** `resets at 5pm (UTC)`; without a zone it is read as UTC. */
function readHour(text: string, now: Date): Date | undefined {
  const match = /resets? (?:at )?(\d{1,2})(?::(\d\d))? ?(am|pm)?\b/i.exec(text);
  if (match === null) return undefined;
  const [, hourText = '', minutes = '0', half] = match;
  const hour =
    (Number(hourText) % (half === undefined ? 24 : 12)) + (/pm/i.test(half ?? '') ? 12 : 0);
  const at = new Date(now);
  at.setUTCHours(hour, Number(minutes), 0, 0);
  if (at <= now) at.setUTCDate(at.getUTCDate() + 1);
  return at;
}

function lastLine(text: string): string {
  return (text.trim().split('\n').at(-1) ?? '').slice(0, 300);
}
