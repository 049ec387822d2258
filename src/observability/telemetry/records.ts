/**
 * The records in an OTLP export request, whatever their signal: one flat list of names with attributes.
 * Reads what is there and skips what is not; an exporter of another release is no reason to refuse. Pure.
 */

export type Signal = 'traces' | 'logs' | 'metrics';
export type Attributes = ReadonlyMap<string, string | number | boolean>;

export interface TelemetryRecord {
  signal: Signal;
  /** Of the span, the metric, or what the log record calls its event. */
  name: string;
  resource: Attributes;
  attributes: Attributes;
  /** Milliseconds since 1970; undefined where it says none. */
  atMs: number | undefined;
  /** A span that says it failed. */
  hasFailed: boolean;
  /** Of a data point that is a difference; undefined for anything else. */
  value: number | undefined;
}

/** More than any exporter puts into one batch; the rest is rejected, and said so. */
export const MAX_RECORDS = 20_000;
const DELTA = 1;
const FAILED = 2;

export function readRecords(
  signal: Signal,
  request: unknown,
): { records: TelemetryRecord[]; rejected: number } {
  const records: TelemetryRecord[] = [];
  let rejected = 0;
  const add = (record: Omit<TelemetryRecord, 'signal'>) => {
    if (records.length < MAX_RECORDS) records.push({ signal, ...record });
    else rejected += 1;
  };
  const [groups, scopes, items] = NAMES[signal];
  for (const group of listOf(request, groups)) {
    const resource = attributesOf(fieldOf(group, 'resource'));
    for (const item of listOf(group, scopes).flatMap((scope) => listOf(scope, items))) {
      if (signal === 'metrics') readMetric(item, resource, add);
      else add(signal === 'logs' ? readLog(item, resource) : readSpan(item, resource));
    }
  }
  return { records, rejected };
}

const NAMES: Readonly<Record<Signal, readonly [string, string, string]>> = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
};

type Plain = Omit<TelemetryRecord, 'signal'>;

/** Agents name the event in an attribute; the field for it may hold a place in their source. */
function readLog(item: unknown, resource: Attributes): Plain {
  const attributes = attributesOf(item);
  const body = valueOf(fieldOf(item, 'body'));
  const named = attributes.get('event.name') ?? fieldOf(item, 'eventName') ?? body;
  const atMs =
    millis(fieldOf(item, 'timeUnixNano')) ?? millis(fieldOf(item, 'observedTimeUnixNano'));
  const name = typeof named === 'string' ? named : '';
  return { name, resource, attributes, atMs, hasFailed: false, value: undefined };
}

function readSpan(item: unknown, resource: Attributes): Plain {
  const name = fieldOf(item, 'name');
  const code = fieldOf(fieldOf(item, 'status'), 'code');
  return {
    name: typeof name === 'string' ? name : '',
    resource,
    attributes: attributesOf(item),
    atMs: millis(fieldOf(item, 'startTimeUnixNano')),
    hasFailed: code === FAILED || code === 'STATUS_CODE_ERROR',
    value: undefined,
  };
}

/** Sums of differences only: what is told as a running total cannot be added up. */
function readMetric(item: unknown, resource: Attributes, add: (record: Plain) => void): void {
  const name = fieldOf(item, 'name');
  const sum = fieldOf(item, 'sum');
  const temporality = fieldOf(sum, 'aggregationTemporality');
  if (typeof name !== 'string') return;
  if (temporality !== DELTA && temporality !== 'AGGREGATION_TEMPORALITY_DELTA') return;
  for (const point of listOf(sum, 'dataPoints')) {
    const value = Number(fieldOf(point, 'asDouble') ?? fieldOf(point, 'asInt'));
    if (!Number.isFinite(value)) continue;
    const atMs = millis(fieldOf(point, 'timeUnixNano'));
    add({ name, resource, attributes: attributesOf(point), atMs, hasFailed: false, value });
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function listOf(value: unknown, name: string): unknown[] {
  const list = fieldOf(value, name);
  return Array.isArray(list) ? (list as unknown[]) : [];
}

/** Nanoseconds since 1970, a number or a text, in milliseconds. */
function millis(nanos: unknown): number | undefined {
  const value = Number(nanos) / 1e6;
  return Number.isFinite(value) && value > 0 ? value : undefined;
}

function attributesOf(value: unknown): Attributes {
  const pairs: [string, string | number | boolean][] = [];
  for (const pair of listOf(value, 'attributes')) {
    const key = fieldOf(pair, 'key');
    const read = valueOf(fieldOf(pair, 'value'));
    if (typeof key === 'string' && read !== undefined) pairs.push([key, read]);
  }
  return new Map(pairs);
}

/** Texts, numbers and truth; lists and maps say nothing we ask for. */
function valueOf(value: unknown): string | number | boolean | undefined {
  const text = fieldOf(value, 'stringValue');
  if (typeof text === 'string') return text;
  const truth = fieldOf(value, 'boolValue');
  if (typeof truth === 'boolean') return truth;
  const number = fieldOf(value, 'intValue') ?? fieldOf(value, 'doubleValue');
  if (typeof number !== 'string' && typeof number !== 'number') return undefined;
  return Number.isFinite(Number(number)) ? Number(number) : undefined;
}
