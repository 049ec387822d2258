/** Tags of a Sentry event: pairs of name and value, in one of two spellings. Pure. */
import { z } from 'zod';
import type { Labels } from './labels.ts';

const Pair = z.union([
  z.tuple([z.string(), z.string()]),
  z
    .object({ key: z.string(), value: z.string() })
    .transform(({ key, value }): [string, string] => [key, value]),
]);
/** What is no pair is left out: a tag may be anything a client library made of it. */
export const labels = z.array(z.unknown()).nullish();

export function labelsOf(tags: readonly unknown[] | null | undefined): Labels {
  return Object.fromEntries(
    (tags ?? []).flatMap((tag) => {
      const pair = Pair.safeParse(tag);
      return pair.success ? [pair.data] : [];
    }),
  );
}
