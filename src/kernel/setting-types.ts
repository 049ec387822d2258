/** The kinds of values settings have. */
import { z } from 'zod';

export const flag = z.union([
  z.boolean(),
  z
    .enum(['true', 'false', '1', '0', 'yes', 'no'])
    .transform((text) => ['true', '1', 'yes'].includes(text)),
]);

/** A whole number. Text is read only when it is digits: coercion would take nothing for zero. */
export const count = (min = 0, max = Number.MAX_SAFE_INTEGER) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value),
    z.number().int().min(min).max(max),
  );

/** Must never be shown. */
export const secret = z.string().min(1).meta({ secret: true });

/** A list, which the environment writes with commas. */
export const list = (item: z.ZodString = z.string().min(1).max(300)) =>
  z.preprocess(
    (value) =>
      typeof value === 'string'
        ? value
            .split(',')
            .map((part) => part.trim())
            .filter((part) => part !== '')
        : value,
    z.array(item).max(500),
  );
