/** What all parts of the connector share: names, keys, people and the state of a merge request. Pure. */
import { hash } from 'node:crypto';
import { z } from 'zod';
import type { SignalChange } from '#connectors/contract';

export const GITLAB = 'gitlab';
/** Name of our commit status. */
export const STATUS_NAME = 'LoomStack';
export const UNREADABLE = 'gitlab.unreadable_delivery';

/** Webhooks write `2026-01-05 09:00:00 UTC`, the API ISO 8601; recorded payloads have both. */
export const Time = z
  .string()
  .transform((text) => new Date(text.replace(/^(\S+) (\S+) UTC$/, '$1T$2Z')))
  .refine((date) => !Number.isNaN(date.getTime()), 'is no time');

export const Sha = z.string().regex(/^[0-9a-f]{40,64}$/);
export const User = z
  .object({ id: z.number().nullish(), username: z.string(), email: z.string().nullish() })
  .nullish();
export type User = z.infer<typeof User>;

export function person(user: User): { login?: string; email?: string } {
  if (!user) return {};
  // GitLab writes `[REDACTED]` where the address is private.
  const hasEmail = user.email?.includes('@') === true;
  return { login: user.username, ...(hasEmail ? { email: user.email! } : {}) };
}

/** Digest of the parts: short, and equal for equals. */
export function keyOf(kind: string, project: string, parts: readonly unknown[]): string {
  const digest = hash('sha256', JSON.stringify(parts), 'hex').slice(0, 32);
  return `${GITLAB}:${hash('sha256', project, 'hex').slice(0, 16)}:${kind}:${digest}`;
}

/** A merge request as webhook and API tell it: equal facts give equal keys, whichever told. */
export interface MergeRequestFact {
  project: string;
  iid: number;
  state: string;
  updatedAt: Date;
  change: SignalChange;
  mergeSha: string | undefined;
}

export function changeKey({ project, iid, state, updatedAt, change }: MergeRequestFact): string {
  // The API has milliseconds, webhooks have not.
  const second = Math.floor(updatedAt.getTime() / 1_000);
  return keyOf('merge-request', project, [iid, state, change.headSha, second]);
}
