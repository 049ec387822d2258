/**
 * The events of intake. The signal's text stays in the inbox: it is from outside and may be large. Only
 * what we have no word of our own for is told in the event, because nothing else will ever tell it.
 */
import type { Signal } from '#connectors/contract';
import type { Id } from '#kernel';
import type { NewEvent } from '#ledger';
import { ORCHESTRATION } from '../deps.ts';
import type { InboxRow } from './store.ts';
import { signalRefs } from './subject.ts';

/** Characters of data: the standard asks everyone to pass on 64 KiB and nobody to pass on more. */
const MAX_TOLD = 65_536;

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
    data: {
      type: signal.type,
      deliveryId,
      dedupeKey: signal.dedupeKey,
      ...(signal.type === 'event.received' ? { event: toldOf(signal.event) } : {}),
    },
  };
}

/** The event as it came; of long data only the length. */
function toldOf(event: Extract<Signal, { type: 'event.received' }>['event']): object {
  const { data, dataBase64, ...attributes } = event;
  const length = (dataBase64 ?? JSON.stringify(data) ?? '').length;
  return length > MAX_TOLD ? { ...attributes, dataLength: length } : event;
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
