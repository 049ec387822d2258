/** Durations and rates as workflow files write them: `500ms`, `30s`, `10m`, `2h`, `14d`, `10/1m`. */
import { z } from 'zod';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,6})(ms|s|m|h|d)$/;
const RATE = /^(\d{1,6})\/(\d{1,6}(?:ms|s|m|h|d))$/;

/** In milliseconds. The text has passed the schema. */
export function durationMs(text: string): number {
  const [, amount = '', unit = ''] = DURATION.exec(text) ?? [];
  return Number(amount) * UNITS[unit as keyof typeof UNITS];
}

/** `shortest` keeps a time limit of nothing from failing every attempt. */
export function duration(shortestMs: number, longest: string): z.ZodString {
  return z
    .string()
    .regex(DURATION, 'is a number and a unit: 500ms, 30s, 10m, 2h, 14d')
    .refine(
      (text) => !DURATION.test(text) || durationMs(text) >= shortestMs,
      `is ${shortestMs} ms at least`,
    )
    .refine(
      (text) => !DURATION.test(text) || durationMs(text) <= durationMs(longest),
      `is ${longest} at most`,
    );
}

/** `10/1m`: ten within any minute. The text has passed the schema. */
export function rateOf(text: string): { count: number; windowMs: number } {
  const [, count = '', window = ''] = RATE.exec(text) ?? [];
  return { count: Number(count), windowMs: durationMs(window) };
}

/** The window is a second at least and a day at most: of longer ones nobody keeps the count. */
export const Rate = z
  .string()
  .regex(RATE, 'is how many in what time: 10/1m, 100/1h')
  .refine((text) => !RATE.test(text) || rateOf(text).count > 0, 'allows one at least')
  .refine((text) => {
    if (!RATE.test(text)) return true;
    const { windowMs } = rateOf(text);
    return windowMs >= 1_000 && windowMs <= UNITS.d;
  }, 'counts within 1s at least and 1d at most');
