/** What the ledger stores and hands out. */
import { z } from 'zod';
import { idSchema, JsonObject } from '#kernel';

/** Who did it, and for whom: an agent acts on behalf of a person. */
export const Actor = z.object({
  kind: z.enum(['person', 'agent', 'connector', 'system']),
  /** `usr_…`, `ses_…`, `github`, `workflow`: stable, never a display name. */
  id: z.string().min(1).max(200),
  onBehalfOf: z.string().max(200).optional(),
});
export type Actor = z.infer<typeof Actor>;

/**
 * What else the event is about, by role. Traces are walks over these links, so every event names all
 * the things it touches: `{ change: 'chg_…', session: 'ses_…', commit: '<40 hex>' }`.
 */
export const EventRefs = z.partialRecord(
  z.enum([
    'signal',
    'workItem',
    'session',
    'claim',
    'pack',
    'change',
    'commit',
    'mergeCommit',
    'decision',
    'approval',
    'run',
    'step',
    'deployment',
    'incident',
    'repository',
    'person',
  ]),
  z.string().max(300),
);
export type EventRefs = z.infer<typeof EventRefs>;

export const LedgerEvent = z.object({
  id: idSchema('evt'),
  /** Index in the transparency log; null until the sequencer has placed it (within a second). */
  seq: z.int().nonnegative().nullable(),
  type: z.string(),
  subject: z.string(),
  actor: Actor,
  cause: idSchema('evt').nullable(),
  correlationId: z.string(),
  occurredAt: z.date(),
  recordedAt: z.date(),
  refs: EventRefs,
  /** Null when it was erased; the log still proves that it existed. */
  data: JsonObject.nullable(),
});
export type LedgerEvent = z.infer<typeof LedgerEvent>;

export interface NewEvent {
  /** Made beforehand by the caller, when rows of the same transaction name it as their cause. */
  id?: LedgerEvent['id'] | undefined;
  /** `noun.past-participle`, such as `change.opened`. */
  type: string;
  subject: string;
  actor: Actor;
  cause?: LedgerEvent['id'] | undefined;
  /** One thread of work, from signal to outcome. Without it the event starts a thread of its own. */
  correlationId?: string | undefined;
  /** The source's word; the ledger adds its own `recordedAt`. */
  occurredAt?: Date | undefined;
  /** Roles that are undefined are left out. */
  refs?: { readonly [Role in keyof EventRefs]?: string | null | undefined } | undefined;
  /** JSON-safe values only (dates become RFC 3339 text). Never a secret. */
  data?: Readonly<Record<string, unknown>> | undefined;
}

/** A call to an outside system, made after the commit by whichever node takes it. */
export interface NewOutboxMessage {
  /** Who delivers it: the name a handler was registered under, such as `github.merge`. */
  target: string;
  payload: Readonly<Record<string, unknown>>;
  /** Equal keys are one message: a second enqueue does nothing. Passed on to the outside system. */
  idempotencyKey: string;
  cause?: LedgerEvent['id'] | undefined;
  correlationId?: string | undefined;
  dueAt?: Date | undefined;
}
