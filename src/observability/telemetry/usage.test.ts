/**
 * Goal: what each agent reports comes out as the same numbers, whatever it calls them and however it is
 * encoded, and bytes that are no telemetry are refused rather than believed.
 * Method: records as the agents write them, in JSON and in protobuf by an encoder of the test's own.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeRequest } from './protobuf.ts';
import { readRecords } from './records.ts';
import { sumUp } from './service.ts';
import { readPrices, readUsage } from './usage.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const NANOS = `${NOW.getTime()}000000`;
type Value = string | number | boolean;

const value = (it: Value) =>
  typeof it === 'string'
    ? { stringValue: it }
    : typeof it === 'boolean'
      ? { boolValue: it }
      : Number.isInteger(it)
        ? { intValue: String(it) }
        : { doubleValue: it };
const attributes = (values: Record<string, Value>) =>
  Object.entries(values).map(([key, it]) => ({ key, value: value(it) }));

const logs = (service: string, ...records: Record<string, Value>[]) => ({
  resourceLogs: [
    {
      resource: { attributes: attributes({ 'service.name': service }) },
      scopeLogs: [
        {
          logRecords: records.map((record) => ({
            timeUnixNano: NANOS,
            attributes: attributes(record),
          })),
        },
      ],
    },
  ],
});
const usageOf = (signal: 'logs' | 'traces' | 'metrics', request: unknown, prices: string[] = []) =>
  readUsage(readRecords(signal, request).records, { prices: readPrices(prices), now: NOW });

test('Claude Code: requests with their cost, failures and tool calls, and nothing of what was said', () => {
  const session = { 'session.id': 's1', model: 'claude-x' };
  const request = logs(
    'claude-code',
    {
      ...session,
      'event.name': 'api_request',
      input_tokens: 10,
      output_tokens: 5,
      cache_read_tokens: 900,
      cache_creation_tokens: 70,
      cost_usd: '0.0125',
    },
    { ...session, 'event.name': 'api_error', status_code: 529 },
    { ...session, 'event.name': 'tool_result', success: 'false', tool_name: 'Bash' },
    { ...session, 'event.name': 'user_prompt', prompt: 'the secret is hunter2' },
  );

  expect(usageOf('logs', request)).toEqual([
    {
      agent: 'claude-code',
      externalId: 's1',
      sessionId: null,
      workItemId: null,
      source: 'logs',
      model: 'claude-x',
      day: '2026-11-22',
      requests: 1,
      errors: 1,
      toolCalls: 1,
      toolErrors: 1,
      inputTokens: 10,
      outputTokens: 5,
      cacheReadTokens: 900,
      cacheWriteTokens: 70,
      costUsdMicros: 12_500,
      unpricedRequests: 0,
    },
  ]);
});

test('Codex tells no money: it is priced by the longest name that fits, cached tokens by their own price', () => {
  const bare = { 'event.name': 'codex.sse_event', 'event.kind': 'response.completed' };
  const request = logs(
    'codex_cli_rs',
    { ...bare, 'conversation.id': 'c1' },
    {
      'event.name': 'codex.sse_event',
      'event.kind': 'response.completed',
      'conversation.id': 'c1',
      model: 'gpt-9-mini',
      input_token_count: 1_000,
      cached_token_count: 800,
      output_token_count: 100,
    },
  );

  expect(usageOf('logs', request)[0]).toMatchObject({ unpricedRequests: 1, costUsdMicros: 0 });
  expect(usageOf('logs', request, ['gpt-9=100/100', 'gpt-9-mini=1/10/0.5'])[0]).toMatchObject({
    agent: 'codex',
    inputTokens: 200,
    cacheReadTokens: 800,
    costUsdMicros: 200 + 400 + 1_000,
    unpricedRequests: 0,
  });
});

test('spans of any agent that follows the conventions count, and one that failed counts as failed', () => {
  const span = (operation: string, code: number) => ({
    name: operation,
    startTimeUnixNano: NANOS,
    status: { code },
    attributes: attributes({
      'gen_ai.operation.name': operation,
      'gen_ai.conversation.id': 'c2',
      'gen_ai.usage.input_tokens': 7,
      'gen_ai.usage.output_tokens': 3,
    }),
  });
  const request = {
    resourceSpans: [
      {
        resource: { attributes: attributes({ 'service.name': 'github-copilot' }) },
        scopeSpans: [
          // What an agent's whole turn used is in its requests already.
          { spans: [span('chat', 2), span('execute_tool', 0), span('invoke_agent', 0)] },
        ],
      },
    ],
  };

  expect(usageOf('traces', request)).toMatchObject([
    { agent: 'copilot', requests: 1, errors: 1, toolCalls: 1, inputTokens: 7, outputTokens: 3 },
  ]);
});

test('counters count where they tell differences; running totals cannot be added up', () => {
  const metric = (temporality: number) => ({
    resourceMetrics: [
      {
        resource: { attributes: attributes({ 'service.name': 'claude-code' }) },
        scopeMetrics: [
          {
            metrics: [
              {
                name: 'claude_code.token.usage',
                sum: {
                  aggregationTemporality: temporality,
                  dataPoints: [
                    {
                      asDouble: 12,
                      attributes: attributes({ 'session.id': 's1', type: 'output' }),
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
  });

  expect(usageOf('metrics', metric(1))).toMatchObject([{ source: 'metrics', outputTokens: 12 }]);
  expect(usageOf('metrics', metric(2))).toEqual([]);
});

test('views of one spend are not added: the most complete one counts', () => {
  const row = { ...usageOf('logs', logs('codex', TOOL))[0]!, lastAt: NOW };
  const seen = { ...row, inputTokens: 100, costUsdMicros: 0 };

  expect(
    sumUp([
      { ...seen, source: 'logs' },
      { ...seen, source: 'logs', model: 'other' },
      { ...seen, source: 'metrics', inputTokens: 150, costUsdMicros: 9 },
    ]),
  ).toEqual({ tokens: 200, costUsdMicros: 9, model: 'other' });
});
const TOOL = { 'event.name': 'codex.tool_result', 'conversation.id': 'c1', success: 'true' };

// Protobuf, written down from the published field numbers.
const varint = (number: bigint): number[] =>
  number < 128n ? [Number(number)] : [Number(number & 127n) | 128, ...varint(number >> 7n)];
const part = (field: number, bytes: readonly number[]) => [
  ...varint(BigInt(field * 8 + 2)),
  ...varint(BigInt(bytes.length)),
  ...bytes,
];
const text = (field: number, it: string) => part(field, [...Buffer.from(it)]);
const fixed = (field: number, it: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(it);
  return [field * 8 + 1, ...bytes];
};
const double = (field: number, it: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(it);
  return [field * 8 + 1, ...bytes];
};
const any = (it: Value) =>
  typeof it === 'string'
    ? text(1, it)
    : typeof it === 'boolean'
      ? [16, it ? 1 : 0]
      : Number.isInteger(it)
        ? [24, ...varint(BigInt.asUintN(64, BigInt(it)))]
        : double(4, it);
const pairs = (field: number, values: Record<string, Value>) =>
  Object.entries(values).flatMap(([key, it]) =>
    part(field, [...text(1, key), ...part(2, any(it))]),
  );

test('protobuf says what JSON says', () => {
  const scalar = fc.oneof(
    fc.string(),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((it) => !Number.isInteger(it)),
  );
  const record = fc.dictionary(fc.string({ minLength: 1 }), scalar, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(record, { maxLength: 4 }), fc.string(), (records, service) => {
      const bytes = part(1, [
        ...part(1, pairs(1, { 'service.name': service })),
        // A scope nobody asked for, and a field of tomorrow.
        ...part(2, [
          ...part(1, text(1, 'scope')),
          ...records.flatMap((each) =>
            part(2, [...fixed(1, BigInt(NANOS)), ...pairs(6, each), ...text(99, 'new')]),
          ),
        ]),
      ]);

      const decoded = decodeRequest('logs', Uint8Array.from(bytes));

      expect(readRecords('logs', decoded)).toEqual(readRecords('logs', logs(service, ...records)));
    }),
    { numRuns: 60 },
  );
});

test('any bytes are read or refused, and never for long', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        readUsage(readRecords('traces', decodeRequest('traces', bytes)).records, {
          prices: {},
          now: NOW,
        });
      } catch (error) {
        expect(error instanceof RangeError || error instanceof SyntaxError).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});

test('any JSON is read as far as it is telemetry', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      expect(usageOf('logs', { resourceLogs: [json] })).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
