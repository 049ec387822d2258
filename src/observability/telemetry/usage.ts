/**
 * What a batch of telemetry says of the spend of sessions. How agents call their records and attributes is
 * a table, because these names belong to others and change; read from Claude Code 2.1.330, Codex 0.169.0,
 * Gemini CLI 0.61.0, Copilot CLI 1.0.102, and the GenAI conventions of OpenTelemetry for all others.
 * Only numbers and names of models are read: prompts, answers, arguments and results stay where they are. Pure.
 */
import type { Attributes, TelemetryRecord } from './records.ts';

export type UsageSource = 'logs' | 'spans' | 'metrics';

export interface UsageCounts {
  requests: number;
  errors: number;
  toolCalls: number;
  toolErrors: number;
  /** Tokens of prompts that were not read from a cache. */
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  costUsdMicros: number;
  unpricedRequests: number;
}

export interface Usage extends UsageCounts {
  agent: string;
  /** The agent's own id of its session; with `sessionId` it is only a fallback. */
  externalId: string;
  /** Our id, where the resource attribute `loom.session` says it. */
  sessionId: string | null;
  workItemId: string | null;
  source: UsageSource;
  /** Empty where none is named. */
  model: string;
  /** UTC, YYYY-MM-DD. */
  day: string;
}

/** US dollars for a million tokens. What is left out costs what `input` costs. */
export interface Prices {
  input: number;
  output: number;
  cacheRead?: number | undefined;
  cacheWrite?: number | undefined;
}

const SESSION = ['session.id', 'gen_ai.conversation.id', 'conversation.id'];
const MAX_NAME = 200;
const MAX_TOKENS = 1e9;
const MAX_USD = 10_000;

/** Agents by the start of `service.name`. */
const SERVICES: readonly [string, string][] = [
  ['claude-code', 'claude-code'],
  ['codex', 'codex'],
  ['gemini-cli', 'gemini-cli'],
  ['github-copilot', 'copilot'],
  ['copilot', 'copilot'],
  ['opencode', 'opencode'],
  ['cursor', 'cursor'],
];

interface RequestRule {
  kind: 'request' | 'error' | 'tool';
  /** Only records of which these attributes have these values. */
  where?: Readonly<Record<string, string>>;
  input?: string;
  output?: string;
  /** Tokens of thinking, where they are told apart from the output. */
  thinking?: string;
  cacheRead?: string;
  cacheWrite?: string;
  /** US dollars. */
  cost?: string;
  /** Whether `input` counts what was read from a cache as well. */
  inputHoldsCache?: true;
  /** Truth of success; absent counts as a success. */
  succeeded?: string;
}

/** Log records by `event.name`, without the prefix some put before it. */
const LOGS: Readonly<Record<string, readonly RequestRule[]>> = {
  'claude-code api_request': [
    {
      kind: 'request',
      input: 'input_tokens',
      output: 'output_tokens',
      cacheRead: 'cache_read_tokens',
      cacheWrite: 'cache_creation_tokens',
      cost: 'cost_usd',
    },
  ],
  'claude-code api_error': [{ kind: 'error' }],
  'claude-code tool_result': [{ kind: 'tool', succeeded: 'success' }],
  'codex sse_event': [
    {
      kind: 'request',
      where: { 'event.kind': 'response.completed' },
      input: 'input_token_count',
      output: 'output_token_count',
      cacheRead: 'cached_token_count',
      cacheWrite: 'cache_write_token_count',
      inputHoldsCache: true,
    },
    { kind: 'error', where: { 'event.kind': 'response.failed' } },
  ],
  'codex tool_result': [{ kind: 'tool', succeeded: 'success' }],
  'gemini-cli api_response': [
    {
      kind: 'request',
      input: 'input_token_count',
      output: 'output_token_count',
      thinking: 'thoughts_token_count',
      cacheRead: 'cached_content_token_count',
      inputHoldsCache: true,
    },
  ],
  'gemini-cli api_error': [{ kind: 'error' }],
  'gemini-cli tool_call': [{ kind: 'tool', succeeded: 'success' }],
};
const PREFIXES = /^(?:claude_code|codex|gemini_cli)\./;

/** Spans by `gen_ai.operation.name`, of any agent. */
const SPAN: RequestRule = {
  kind: 'request',
  input: 'gen_ai.usage.input_tokens',
  output: 'gen_ai.usage.output_tokens',
  cacheRead: 'gen_ai.usage.cache_read.input_tokens',
  cacheWrite: 'gen_ai.usage.cache_creation.input_tokens',
  inputHoldsCache: true,
};
const SPANS: Readonly<Record<string, RequestRule>> = {
  chat: SPAN,
  generate_content: SPAN,
  text_completion: SPAN,
  execute_tool: { kind: 'tool' },
};

const CLAUDE_TOKENS: Readonly<Record<string, keyof UsageCounts>> = {
  input: 'inputTokens',
  output: 'outputTokens',
  cacheRead: 'cacheReadTokens',
  cacheCreation: 'cacheWriteTokens',
};
const MODELS = ['model', 'gen_ai.response.model', 'gen_ai.request.model'];

/**
 * One entry per session, source, model and day. Records that name no session, or count nothing, add
 * nothing. `prices` by the start of the model's name; the longest that fits is taken.
 */
export function readUsage(
  records: readonly TelemetryRecord[],
  options: { prices: Readonly<Record<string, Prices>>; now: Date },
): Usage[] {
  return addUp(
    records.flatMap((record) => {
      const counts = countsOf(record, options.prices);
      const place = counts === undefined ? undefined : placeOf(record, options.now);
      return place === undefined ? [] : [{ ...place, ...NOTHING, ...counts }];
    }),
  );
}

/** One entry for each session, source, model and day. */
export function addUp(usages: readonly Usage[]): Usage[] {
  const found = new Map<string, Usage>();
  for (const usage of usages) {
    const { agent, externalId, source, model, day } = usage;
    const key = JSON.stringify([agent, externalId, source, model, day]);
    const sum = found.get(key);
    if (sum === undefined) found.set(key, { ...usage });
    else for (const name of COUNTED) sum[name] += usage[name];
  }
  return [...found.values()];
}

const NOTHING: UsageCounts = {
  requests: 0,
  errors: 0,
  toolCalls: 0,
  toolErrors: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  costUsdMicros: 0,
  unpricedRequests: 0,
};

const COUNTED = Object.keys(NOTHING) as (keyof UsageCounts)[];
const SOURCES = { logs: 'logs', traces: 'spans', metrics: 'metrics' } as const;

function placeOf(record: TelemetryRecord, now: Date): Omit<Usage, keyof UsageCounts> | undefined {
  const { attributes, resource, signal } = record;
  const sessionId = nameIn(resource, ['loom.session']) ?? null;
  const externalId = nameIn(attributes, SESSION) ?? nameIn(resource, SESSION) ?? sessionId;
  if (externalId === null) return undefined;
  // A clock that is off by years would put spend into days nobody looks at.
  const isSane =
    record.atMs !== undefined && Math.abs(record.atMs - now.getTime()) < 7 * 86_400_000;
  return {
    agent: agentOf(resource),
    externalId,
    sessionId,
    workItemId: nameIn(resource, ['loom.work_item']) ?? null,
    source: SOURCES[signal],
    model: nameIn(attributes, MODELS) ?? '',
    day: new Date(isSane ? record.atMs! : now).toISOString().slice(0, 10),
  };
}

function agentOf(resource: Attributes): string {
  const service = nameIn(resource, ['service.name']) ?? 'unknown';
  const known = SERVICES.find(([start]) => service.toLowerCase().startsWith(start));
  return known?.[1] ?? service.slice(0, 100);
}

function countsOf(
  record: TelemetryRecord,
  prices: Readonly<Record<string, Prices>>,
): Partial<UsageCounts> | undefined {
  if (record.signal === 'metrics') return readClaudeMetric(record);
  const { attributes } = record;
  const rule =
    record.signal === 'traces'
      ? SPANS[nameIn(attributes, ['gen_ai.operation.name']) ?? '']
      : LOGS[`${agentOf(record.resource)} ${record.name.replace(PREFIXES, '')}`]?.find((each) =>
          Object.entries(each.where ?? {}).every(([name, value]) => attributes.get(name) === value),
        );
  if (rule === undefined) return undefined;
  // Codex tells of the end of each answer twice, once without its tokens.
  if (rule.input !== undefined && record.signal === 'logs' && !attributes.has(rule.input)) {
    return undefined;
  }
  const hasFailed =
    record.hasFailed ||
    (rule.succeeded !== undefined &&
      ['false', false].includes((attributes.get(rule.succeeded) ?? true) as string | boolean));
  switch (rule.kind) {
    case 'error':
      return { errors: 1 };
    case 'tool':
      return { toolCalls: 1, toolErrors: hasFailed ? 1 : 0 };
    case 'request':
      return { ...readRequest(rule, attributes, prices), errors: hasFailed ? 1 : 0 };
  }
}

function readRequest(
  rule: RequestRule,
  attributes: Attributes,
  prices: Readonly<Record<string, Prices>>,
): Partial<UsageCounts> {
  const tokens = (name: string | undefined) =>
    Math.min(MAX_TOKENS, Math.round(numberIn(attributes, name) ?? 0));
  const cacheReadTokens = tokens(rule.cacheRead);
  const cacheWriteTokens = tokens(rule.cacheWrite);
  const cached = rule.inputHoldsCache === true ? cacheReadTokens + cacheWriteTokens : 0;
  const used = {
    inputTokens: Math.max(0, tokens(rule.input) - cached),
    outputTokens: tokens(rule.output) + tokens(rule.thinking),
    cacheReadTokens,
    cacheWriteTokens,
  };
  const model = nameIn(attributes, MODELS) ?? '';
  const told = numberIn(attributes, rule.cost);
  const usd = told === undefined ? priceOf(used, pricesOf(model, prices)) : Math.min(told, MAX_USD);
  return {
    requests: 1,
    ...used,
    ...(usd === undefined ? { unpricedRequests: 1 } : { costUsdMicros: Math.round(usd * 1e6) }),
  };
}

/** `gpt-5=1.25/10/0.125` as the setting has it: dollars of input, output, cache reads and writes. */
export function readPrices(lines: readonly string[]): Record<string, Prices> {
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.lastIndexOf('=');
      const [input = 0, output = 0, cacheRead, cacheWrite] = line
        .slice(at + 1)
        .split('/')
        .map(Number);
      return [line.slice(0, at), { input, output, cacheRead, cacheWrite }];
    }),
  );
}

/** The price whose name is the longest start of the model's. */
function pricesOf(model: string, prices: Readonly<Record<string, Prices>>): Prices | undefined {
  const names = Object.keys(prices).filter((name) => model.startsWith(name));
  const best = names.toSorted((one, other) => other.length - one.length)[0];
  return best === undefined ? undefined : prices[best];
}

function priceOf(
  used: Pick<UsageCounts, 'inputTokens' | 'outputTokens' | 'cacheReadTokens' | 'cacheWriteTokens'>,
  prices: Prices | undefined,
): number | undefined {
  if (prices === undefined) return undefined;
  const { input, output, cacheRead = input, cacheWrite = input } = prices;
  return (
    (used.inputTokens * input +
      used.outputTokens * output +
      used.cacheReadTokens * cacheRead +
      used.cacheWriteTokens * cacheWrite) /
    1e6
  );
}

/** The one agent whose counters are differences by session and class of tokens. */
function readClaudeMetric(record: TelemetryRecord): Partial<UsageCounts> | undefined {
  const value = record.value ?? 0;
  if (value <= 0) return undefined;
  if (record.name === 'claude_code.cost.usage') {
    return { costUsdMicros: Math.round(Math.min(value, MAX_USD) * 1e6) };
  }
  const kind = CLAUDE_TOKENS[nameIn(record.attributes, ['type']) ?? ''];
  if (record.name !== 'claude_code.token.usage' || kind === undefined) return undefined;
  return { [kind]: Math.min(MAX_TOKENS, Math.round(value)) };
}

/** A short name, without what no database or terminal should get. */
function nameIn(attributes: Attributes, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = attributes.get(name);
    if (typeof value !== 'string') continue;
    const clean = value
      .toWellFormed()
      .replaceAll(/\p{Cc}/gu, '')
      .slice(0, MAX_NAME)
      .trim();
    if (clean !== '') return clean;
  }
  return undefined;
}

/** A count or an amount, also where it is written as a text; never below zero. */
function numberIn(attributes: Attributes, name: string | undefined): number | undefined {
  const value = name === undefined ? undefined : attributes.get(name);
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  if (value === '' || !Number.isFinite(Number(value))) return undefined;
  return Math.max(0, Number(value));
}
