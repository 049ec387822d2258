/** Subscriptions to events. */
import { z } from 'zod';
import { idSchema } from '#kernel';

export const WebhookSubscription = z.object({
  id: idSchema('sub'),
  url: z.string(),
  /** Exact types, prefixes that end in a dot, or the star alone. */
  eventTypes: z.array(z.string()),
  description: z.string(),
  state: z.enum(['active', 'paused']),
  pausedWhy: z.string().nullable(),
  createdAt: z.date(),
  /** Since when every delivery has failed; null while it works. */
  failingSince: z.date().nullable(),
  lastSuccessAt: z.date().nullable(),
  lastError: z.string().nullable(),
});
export type WebhookSubscription = z.infer<typeof WebhookSubscription>;

export const EventType = z
  .string()
  .max(100)
  .regex(
    /^(\*|[a-z][a-z-]*\.([a-z][a-z-]*)?)$/,
    'must be a type such as change.merged, a prefix such as change., or *',
  );

/** Pure. */
export function isWanted(wanted: readonly string[], type: string): boolean {
  // What the outbox has to say of deliveries would beget deliveries.
  if (type.startsWith('outbox.')) return false;
  return wanted.some(
    (one) => one === '*' || one === type || (one.endsWith('.') && type.startsWith(one)),
  );
}
