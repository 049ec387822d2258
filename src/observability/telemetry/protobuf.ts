/**
 * Reads OTLP in protobuf into the shape OTLP has in JSON, as far as we look at it. A table of fields after
 * opentelemetry-proto 1.x (https://github.com/open-telemetry/opentelemetry-proto) and the wire format; no
 * generated code. Unknown fields are skipped. Pure.
 */

type Kind =
  | 'text'
  | 'bytes'
  | 'int'
  | 'bool'
  | 'double'
  /** Eight bytes, read as a decimal text, as JSON has it. */
  | 'fixed64'
  | 'sfixed64'
  | 'enum';
interface Field {
  name: string;
  type: Kind | Message;
  repeated?: true;
}
/** Fields by their numbers; a function, because messages hold each other. */
type Message = () => Readonly<Record<number, Field>>;

const one = (name: string, type: Kind | Message): Field => ({ name, type });
const many = (name: string, type: Message): Field => ({ name, type, repeated: true });

const AnyValue: Message = () => ({
  1: one('stringValue', 'text'),
  2: one('boolValue', 'bool'),
  3: one('intValue', 'int'),
  4: one('doubleValue', 'double'),
});
const KeyValue: Message = () => ({ 1: one('key', 'text'), 2: one('value', AnyValue) });
const Resource: Message = () => ({ 1: many('attributes', KeyValue) });
const Status: Message = () => ({ 3: one('code', 'enum') });
const Span: Message = () => ({
  5: one('name', 'text'),
  7: one('startTimeUnixNano', 'fixed64'),
  9: many('attributes', KeyValue),
  15: one('status', Status),
});
const LogRecord: Message = () => ({
  1: one('timeUnixNano', 'fixed64'),
  5: one('body', AnyValue),
  6: many('attributes', KeyValue),
  11: one('observedTimeUnixNano', 'fixed64'),
  12: one('eventName', 'text'),
});
const DataPoint: Message = () => ({
  3: one('timeUnixNano', 'fixed64'),
  4: one('asDouble', 'double'),
  6: one('asInt', 'sfixed64'),
  7: many('attributes', KeyValue),
});
const Sum: Message = () => ({
  1: many('dataPoints', DataPoint),
  2: one('aggregationTemporality', 'enum'),
});
const Metric: Message = () => ({ 1: one('name', 'text'), 7: one('sum', Sum) });

const scoped = (name: string, items: string, item: Message): Message => {
  const scope: Message = () => ({ 2: many(items, item) });
  const group: Message = () => ({ 1: one('resource', Resource), 2: many(name, scope) });
  return group;
};
const REQUESTS: Readonly<Record<'traces' | 'logs' | 'metrics', Message>> = {
  traces: () => ({ 1: many('resourceSpans', scoped('scopeSpans', 'spans', Span)) }),
  logs: () => ({ 1: many('resourceLogs', scoped('scopeLogs', 'logRecords', LogRecord)) }),
  metrics: () => ({ 1: many('resourceMetrics', scoped('scopeMetrics', 'metrics', Metric)) }),
};

/** Messages hold each other no deeper than this; what does is no OTLP. */
const MAX_DEPTH = 12;

/** The export request in the bytes. @throws RangeError, SyntaxError when they are none. */
export function decodeRequest(
  signal: keyof typeof REQUESTS,
  bytes: Uint8Array,
): Record<string, unknown> {
  return readMessage(
    REQUESTS[signal],
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    0,
  );
}

function readMessage(message: Message, bytes: Buffer, depth: number): Record<string, unknown> {
  if (depth > MAX_DEPTH) throw new RangeError('nested too deep');
  const fields = message();
  const value: Record<string, unknown> = {};
  let at = 0;
  while (at < bytes.length) {
    const [tag, afterTag] = readVarint(bytes, at);
    const wire = Number(tag & 7n);
    const end = endOf(bytes, afterTag, wire);
    const field = fields[Number(tag >> 3n)];
    if (field !== undefined) {
      const read = readField(field.type, bytes, afterTag, end, wire, depth);
      if (read === undefined) throw new SyntaxError(`${field.name} has another type`);
      if (field.repeated === true) ((value[field.name] ??= []) as unknown[]).push(read);
      else value[field.name] = read;
    }
    at = end;
  }
  return value;
}

/** Undefined when the wire type does not fit the field. */
function readField(
  type: Kind | Message,
  bytes: Buffer,
  from: number,
  end: number,
  wire: number,
  depth: number,
): unknown {
  if (typeof type === 'function' || type === 'text' || type === 'bytes') {
    if (wire !== 2) return undefined;
    const [, start] = readVarint(bytes, from);
    const part = bytes.subarray(start, end);
    if (typeof type === 'function') return readMessage(type, part, depth + 1);
    return part.toString(type === 'text' ? 'utf8' : 'hex');
  }
  if (type === 'int' || type === 'bool' || type === 'enum') {
    if (wire !== 0) return undefined;
    const [varint] = readVarint(bytes, from);
    if (type === 'bool') return varint !== 0n;
    return type === 'enum' ? Number(varint) : BigInt.asIntN(64, varint).toString();
  }
  if (wire !== 1) return undefined;
  if (type === 'double') return bytes.readDoubleLE(from);
  return (type === 'fixed64' ? bytes.readBigUInt64LE(from) : bytes.readBigInt64LE(from)).toString();
}

/** Where the value that begins at `from` ends. @throws RangeError beyond the bytes. */
function endOf(bytes: Buffer, from: number, wire: number): number {
  let end: number;
  switch (wire) {
    case 0:
      end = readVarint(bytes, from)[1];
      break;
    case 1:
      end = from + 8;
      break;
    case 2: {
      const [length, start] = readVarint(bytes, from);
      end = start + Number(length);
      break;
    }
    case 5:
      end = from + 4;
      break;
    default:
      throw new SyntaxError(`wire type ${wire} is not known`);
  }
  if (end > bytes.length) throw new RangeError('a value ends beyond its message');
  return end;
}

function readVarint(bytes: Buffer, from: number): [bigint, number] {
  let value = 0n;
  for (let at = from; at < from + 10; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) throw new RangeError('a number ends beyond its message');
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - from));
    if (byte < 0x80) return [BigInt.asUintN(64, value), at + 1];
  }
  throw new SyntaxError('a number is too long');
}
