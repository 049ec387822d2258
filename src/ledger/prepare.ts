/** Turns a new event into the row that is stored, or refuses it. Values in, values out. */
import { randomBytes } from 'node:crypto';
import { AppError, canonicalJson, type Clock, type Id, isId, type NewId } from '#kernel';
import { EventRefs, type NewEvent } from './schema.ts';
import { sha256 } from './transparency/merkle.ts';

/** Larger things belong in a file or a table; the event names them by hash. */
export const MAX_DATA_BYTES = 1_048_576;
const MAX_NAME_LENGTH = 300;
export const SALT_BYTES = 32;
const TYPE = /^[a-z][A-Za-z0-9_-]*(?:\.[a-z][A-Za-z0-9_-]*)+$/;
const REF_NAMES: ReadonlySet<string> = new Set(EventRefs.keyType.options);

/** An event ready to be stored. */
export interface PreparedEvent {
  id: Id<'evt'>;
  event: NewEvent;
  /** Its thread of work: known, or that of an earlier stored event. Neither: its own. */
  thread: { correlationId?: string | undefined; inheritFrom?: string | undefined };
  occurredAt: Date;
  recordedAt: Date;
  refs: EventRefs;
  /** Canonical JSON, for equal events to have equal bytes. */
  refsText: string;
  /** Everything the event names, each once: how it is found later. */
  names: string[];
  /** The payload as JSON text; undefined when the event has none. */
  dataText: string | undefined;
  salt: Buffer;
  /** SHA-256(salt || payload): what the log keeps when the payload is erased. */
  commitment: Buffer;
}

/** @throws AppError `ledger.bad_event` or `ledger.data_too_large`. */
export function prepareEvents(
  events: readonly NewEvent[],
  deps: { clock: Clock; newId: NewId },
): PreparedEvent[] {
  const recordedAt = deps.clock.now();
  const salts = randomBytes(SALT_BYTES * events.length);
  const named = new Map(
    events.flatMap((event) => (event.id === undefined ? [] : [[event.id, event]])),
  );
  return events.map((event, index) => {
    refuseBadNames(event);
    const refs = withoutGaps(event.refs ?? {});
    const salt = salts.subarray(index * SALT_BYTES, (index + 1) * SALT_BYTES);
    const dataText = event.data === undefined ? undefined : toJsonText(event);
    return {
      id: event.id ?? deps.newId('evt'),
      event,
      thread: findThread(event, named),
      occurredAt: event.occurredAt ?? recordedAt,
      recordedAt,
      refs,
      refsText: canonicalJson(refs),
      names: [...new Set([event.subject, ...Object.values(refs)])],
      dataText,
      salt,
      commitment: dataText === undefined ? salt : commitTo(salt, Buffer.from(dataText)),
    };
  });
}

/** Follows causes through the batch, where an event may name another that is not stored yet. */
function findThread(
  event: NewEvent,
  named: ReadonlyMap<string, NewEvent>,
): PreparedEvent['thread'] {
  let current = event;
  // A chain cannot be longer than the batch, unless it is a ring.
  for (let steps = 0; steps <= named.size; steps += 1) {
    if (current.correlationId !== undefined) return { correlationId: current.correlationId };
    if (current.cause === undefined) return { correlationId: current.id };
    const cause = named.get(current.cause);
    if (cause === undefined) return { inheritFrom: current.cause };
    current = cause;
  }
  throw badEvent(event.type, 'it is its own cause');
}

/** The commitment to a payload: erasing salt and value leaves nothing to guess from. */
export function commitTo(salt: Uint8Array, value: Uint8Array): Buffer {
  return sha256(Buffer.concat([salt, value]));
}

function toJsonText(event: NewEvent): string {
  let text: string;
  try {
    text = JSON.stringify(event.data);
  } catch (cause) {
    throw badEvent(event.type, 'its data is not JSON', cause);
  }
  // UTF-8 takes at most three bytes for each UTF-16 unit, so most texts need not be measured.
  if (text.length * 3 > MAX_DATA_BYTES && Buffer.byteLength(text) > MAX_DATA_BYTES) {
    throw new AppError('invalid', 'ledger.data_too_large', {
      message: `The data of ${event.type} is larger than ${MAX_DATA_BYTES} bytes.`,
      hint: 'Store it elsewhere and put its hash into the event.',
    });
  }
  return text;
}

function withoutGaps(refs: NonNullable<NewEvent['refs']>): EventRefs {
  return Object.fromEntries(Object.entries(refs).filter(([, value]) => typeof value === 'string'));
}

function refuseBadNames(event: NewEvent): void {
  if (!TYPE.test(event.type) || event.type.length > MAX_NAME_LENGTH) {
    throw badEvent(event.type, 'its type is not like noun.past-participle');
  }
  const { id, subject, actor, cause, correlationId, refs = {} } = event;
  if (id !== undefined && !isId('evt', id))
    throw badEvent(event.type, 'its id is not one of an event');
  refuseBadName(event.type, 'subject', subject);
  refuseBadName(event.type, 'actor', actor.id);
  const optional = { onBehalfOf: actor.onBehalfOf, cause, correlationId, ...refs };
  for (const [what, name] of Object.entries(optional)) {
    if (name !== undefined && name !== null) refuseBadName(event.type, what, name);
  }
  for (const name of Object.keys(refs)) {
    if (!REF_NAMES.has(name)) throw badEvent(event.type, `there is no ref called ${name}`);
  }
}

function refuseBadName(type: string, what: string, name: string): void {
  // PostgreSQL cannot store the zero character in text.
  if (name.length === 0 || name.length > MAX_NAME_LENGTH || name.includes('\0')) {
    throw badEvent(type, `${what} must have 1 to ${MAX_NAME_LENGTH} characters, none of them zero`);
  }
}

function badEvent(type: string, what: string, cause?: unknown): AppError {
  return new AppError('invalid', 'ledger.bad_event', {
    message: `The event ${type.slice(0, 100)} cannot be recorded: ${what}.`,
    cause,
  });
}
