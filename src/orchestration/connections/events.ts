/** The events of connections. */
import type { Actor, NewEvent } from '#ledger';

export function connectionPaused(name: string, reason: string | null, actor: Actor): NewEvent {
  return { type: 'connection.paused', subject: name, actor, refs: {}, data: { reason } };
}

export function connectionResumed(name: string, actor: Actor): NewEvent {
  return { type: 'connection.resumed', subject: name, actor, refs: {}, data: {} };
}

/** Names what was given and never the values; null when it was taken back. */
export function connectionSetUp(
  name: string,
  values: Readonly<Record<string, string>> | undefined,
  actor: Actor,
): NewEvent {
  const settings = values === undefined ? null : Object.keys(values).sort();
  return { type: 'connection.set-up', subject: name, actor, refs: {}, data: { settings } };
}

/** Never holds the secret. `acceptedUntil` ends the time in which the old one still counts. */
export function secretRotated(name: string, acceptedUntil: Date, actor: Actor): NewEvent {
  return {
    type: 'connection.secret-rotated',
    subject: name,
    actor,
    refs: {},
    data: { acceptedUntil: acceptedUntil.toISOString() },
  };
}
