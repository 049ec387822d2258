/** The events of intake. The signal's text stays in the inbox: it is from outside and may be large. */
import type { Signal } from '#connectors/contract';
import type { Id } from '#kernel';
import type { NewEvent } from '#ledger';
import { ORCHESTRATION } from '../deps.ts';
import type { InboxRow } from './store.ts';
import { signalRefs } from './subject.ts';

export function signalReceived(
  id: Id<'sig'>,
  event: Id<'evt'>,
  signal: Signal,
  deliveryId: string,
): NewEvent {
  return {
    id: event,
    type: 'signal.received',
    subject: id,
    actor: { kind: 'connector', id: signal.source },
    occurredAt: signal.occurredAt,
    refs: { signal: id, ...signalRefs(signal) },
    data: { type: signal.type, deliveryId, dedupeKey: signal.dedupeKey },
  };
}

export function signalBuried(row: InboxRow, error: string): NewEvent {
  return {
    type: 'signal.dead-lettered',
    subject: row.id,
    actor: ORCHESTRATION,
    cause: row.event_id,
    refs: { signal: row.id },
    data: { type: row.type, attempts: row.attempt, error },
  };
}
