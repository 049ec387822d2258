/**
 * Reads CloudEvents 1.0 in the three modes of its HTTP binding: binary (attributes in headers),
 * structured (one event as JSON) and batched (a list of such). Pure.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 */
import { z } from 'zod';
import { AppError, checkValue, type Json } from '#kernel';
import type { Delivery } from '#connectors/contract';

export const UNREADABLE = 'cloudevents.unreadable_delivery';
const MAX_EVENTS = 1_000;
const MAX_DEPTH = 64;

export interface CloudEvent {
  id: string;
  source: string;
  type: string;
  subject?: string | undefined;
  /** RFC 3339. */
  time?: string | undefined;
  dataContentType?: string | undefined;
  dataSchema?: string | undefined;
  /** Further attributes, by name. */
  extensions: Record<string, string | number | boolean>;
  data?: Json | undefined;
  /** Data that is no JSON. */
  dataBase64?: string | undefined;
}

const text = (max: number) => z.string().min(1).max(max);
const Attributes = z.looseObject({
  specversion: z.literal('1.0', 'must be 1.0'),
  id: text(500),
  source: text(1_000),
  type: text(300),
  subject: text(1_000).nullish(),
  time: z.iso.datetime({ offset: true }).nullish(),
  datacontenttype: text(300).nullish(),
  dataschema: text(2_000).nullish(),
  data_base64: z.base64().nullish(),
});

/** @throws AppError `cloudevents.unreadable_delivery`; then none of the delivery's events counts. */
export function parseEvents({ headers, body }: Delivery): CloudEvent[] {
  const contentType = headers['content-type'] ?? '';
  if (/^application\/cloudevents-batch\+json\s*(;|$)/i.test(contentType)) {
    const items = parseJsonText(body);
    if (!Array.isArray(items)) throw unreadable('A batch is a JSON list of events.');
    if (items.length > MAX_EVENTS) {
      throw unreadable(`A batch holds at most ${MAX_EVENTS} events.`);
    }
    return items.map(toEvent);
  }
  if (/^application\/cloudevents\+json\s*(;|$)/i.test(contentType)) {
    return [toEvent(parseJsonText(body))];
  }
  if (/^application\/cloudevents/i.test(contentType)) {
    throw unreadable(`${contentType.slice(0, 100)} is not understood, only JSON.`);
  }
  return [fromHeaders(headers, body, contentType)];
}

function fromHeaders(
  headers: Delivery['headers'],
  body: Uint8Array,
  contentType: string,
): CloudEvent {
  const attributes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('ce-') && value !== undefined) attributes[name.slice(3)] = decode(value);
  }
  const isJson = contentType === '' || /^[\w.+-]+\/(?:[\w.+-]+\+)?json\s*(;|$)/i.test(contentType);
  const event = { ...attributes, ...(contentType === '' ? {} : { datacontenttype: contentType }) };
  if (isJson && body.length > 0) return toEvent({ ...event, data: parseJsonText(body) });
  return toEvent(
    body.length === 0 ? event : { ...event, data_base64: Buffer.from(body).toString('base64') },
  );
}

function toEvent(item: unknown): CloudEvent {
  const given = checkValue(Attributes, item, UNREADABLE);
  const { specversion: _version, id, source, type, subject, time, ...rest } = given;
  const { datacontenttype, dataschema, data_base64: dataBase64, data, ...others } = rest;
  return {
    id,
    source,
    type,
    ...(subject == null ? {} : { subject }),
    ...(time == null ? {} : { time }),
    ...(datacontenttype == null ? {} : { dataContentType: datacontenttype }),
    ...(dataschema == null ? {} : { dataSchema: dataschema }),
    extensions: extensionsOf(others),
    ...(data === undefined ? {} : { data: data as Json }),
    ...(dataBase64 == null ? {} : { dataBase64 }),
  };
}

/** Names of attributes are lower-case letters and digits; anything else is left out. */
function extensionsOf(others: Record<string, unknown>): CloudEvent['extensions'] {
  const found: [string, string | number | boolean][] = [];
  for (const [name, value] of Object.entries(others)) {
    if (!/^[a-z0-9]{1,60}$/.test(name)) continue;
    const isSimple = typeof value === 'number' || typeof value === 'boolean';
    if (isSimple || (typeof value === 'string' && value.length <= 1_000)) found.push([name, value]);
  }
  return Object.fromEntries(found.slice(0, 30));
}

/** Header values are percent-encoded where they are not plain ASCII. */
function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJsonText(body: Uint8Array): unknown {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch (cause) {
    throw new AppError('invalid', UNREADABLE, { message: 'The body is not valid JSON.', cause });
  }
  refuseDepth(value);
  return value;
}

/** What reads the value further on may be recursive; this is not. */
function refuseDepth(value: unknown): void {
  const rest: [unknown, number][] = [[value, 0]];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const [item, depth] = next;
    if (typeof item !== 'object' || item === null) continue;
    if (depth >= MAX_DEPTH) throw unreadable(`It is nested more than ${MAX_DEPTH} levels deep.`);
    for (const entry of Object.values(item)) rest.push([entry, depth + 1]);
  }
}

export function unreadable(message: string): AppError {
  return new AppError('invalid', UNREADABLE, {
    message,
    hint: 'See docs/connectors/cloudevents.md for what is read.',
  });
}
