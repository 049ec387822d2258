/** How each provider's protocol says the same things; the script knows none of it. */

export type Answer = ({ tool: string; input: Record<string, unknown> } | { text: string }) & {
  usage: { input: number; output: number };
  /** The request, where tools may be offered in forms of their own. */
  body: Record<string, unknown>;
};

export interface Dialect {
  name: 'anthropic' | 'responses' | 'chat' | 'gemini';
  isCall(path: string): boolean;
  isStream(path: string, body: Record<string, unknown>): boolean;
  read(body: Record<string, unknown>): { tools: string[]; text: string; results: number };
  whole(answer: Answer): unknown;
  stream(answer: Answer): { event?: string; data: unknown }[];
  refuse(status: number, message: string): unknown;
}

let spoken = 0;
const nextId = (prefix: string) => `${prefix}_${(spoken += 1)}`;
const listOf = (value: unknown) => (Array.isArray(value) ? value : []) as Record<string, unknown>[];
const asksToStream = (_path: string, body: Record<string, unknown>) => body['stream'] === true;

/** Texts of nested blocks in order; anything that is neither a text nor holds one is left out. */
function flatten(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(flatten).filter(Boolean).join('\n');
  if (typeof value !== 'object' || value === null) return '';
  const { text, content, parts, output, functionResponse, response } = value as Record<
    string,
    unknown
  >;
  if (response !== undefined) return JSON.stringify(response);
  return flatten(text ?? content ?? parts ?? output ?? functionResponse);
}

const anthropic: Dialect = {
  name: 'anthropic',
  isCall: (path) => path.endsWith('/messages'),
  isStream: asksToStream,
  read(body) {
    const messages = listOf(body['messages']);
    const blocks = messages.flatMap(({ content }) => listOf(content));
    return {
      tools: listOf(body['tools']).map(({ name }) => String(name)),
      text: flatten([body['system'], messages]),
      results: blocks.filter(({ type }) => type === 'tool_result').length,
    };
  },
  whole: (answer) => ({
    ...message(answer),
    content: [anthropicBlock(answer)],
    stop_reason: 'tool' in answer ? 'tool_use' : 'end_turn',
  }),
  stream(answer) {
    const block = anthropicBlock(answer);
    const empty = 'tool' in answer ? { ...block, input: {} } : { type: 'text', text: '' };
    const delta =
      'tool' in answer
        ? { type: 'input_json_delta', partial_json: JSON.stringify(answer.input) }
        : { type: 'text_delta', text: answer.text };
    const stop_reason = 'tool' in answer ? 'tool_use' : 'end_turn';
    return [
      { type: 'message_start', message: { ...message(answer), content: [], stop_reason: null } },
      { type: 'content_block_start', index: 0, content_block: empty },
      { type: 'content_block_delta', index: 0, delta },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason, stop_sequence: null },
        usage: { output_tokens: answer.usage.output },
      },
      { type: 'message_stop' },
    ].map((data) => ({ event: data.type, data }));
  },
  refuse: (status, text) => ({
    type: 'error',
    error: { type: status === 429 ? 'rate_limit_error' : 'api_error', message: text },
  }),
};

function anthropicBlock(answer: Answer): Record<string, unknown> {
  return 'tool' in answer
    ? { type: 'tool_use', id: nextId('toolu'), name: answer.tool, input: answer.input }
    : { type: 'text', text: answer.text };
}

function message({ usage }: Answer): Record<string, unknown> {
  return {
    id: nextId('msg'),
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5',
    stop_sequence: null,
    usage: { input_tokens: usage.input, output_tokens: usage.output },
  };
}

const responses: Dialect = {
  name: 'responses',
  isCall: (path) => path.endsWith('/responses'),
  isStream: asksToStream,
  read(body) {
    const input = listOf(body['input']);
    return {
      tools: listOf(body['tools']).flatMap(({ type, name, tools }) =>
        type === 'namespace'
          ? listOf(tools).map((tool) => `${String(name)}__${String(tool['name'])}`)
          : [typeof name === 'string' ? name : String(type)],
      ),
      text: flatten([
        body['instructions'],
        typeof body['input'] === 'string' ? body['input'] : input,
      ]),
      results: input.filter(({ type }) => String(type).endsWith('_call_output')).length,
    };
  },
  whole: (answer) => response(answer, [responseItem(answer)]),
  stream(answer) {
    const item = responseItem(answer);
    const whole = response(answer, [item]);
    return [
      { type: 'response.created', response: { ...whole, status: 'in_progress', output: [] } },
      { type: 'response.output_item.added', output_index: 0, item },
      ...('text' in answer
        ? [
            {
              type: 'response.output_text.delta',
              item_id: item['id'],
              output_index: 0,
              content_index: 0,
              delta: answer.text,
            },
          ]
        : []),
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: whole },
    ].map((data) => ({ event: data.type, data }));
  },
  refuse: (status, text) => ({
    error: { type: status === 429 ? 'rate_limit_exceeded' : 'api_error', message: text },
  }),
};

/** Tools of a group are called by group and name, free-form ones with a text. */
function responseItem(answer: Answer): Record<string, unknown> {
  if ('text' in answer) {
    const content = [{ type: 'output_text', text: answer.text, annotations: [] }];
    return { type: 'message', id: nextId('msg'), role: 'assistant', status: 'completed', content };
  }
  const call = { id: nextId('fc'), call_id: nextId('call'), status: 'completed' };
  const offered = listOf(answer.body['tools']);
  const group = offered.find(
    ({ type, name, tools }) =>
      type === 'namespace' &&
      listOf(tools).some((tool) => `${String(name)}__${String(tool['name'])}` === answer.tool),
  );
  if (group !== undefined) {
    const namespace = String(group['name']);
    const name = answer.tool.slice(namespace.length + 2);
    return {
      type: 'function_call',
      ...call,
      namespace,
      name,
      arguments: JSON.stringify(answer.input),
    };
  }
  const isCustom = offered.some(({ type, name }) => type === 'custom' && name === answer.tool);
  return isCustom
    ? { type: 'custom_tool_call', ...call, name: answer.tool, input: String(answer.input['input']) }
    : {
        type: 'function_call',
        ...call,
        name: answer.tool,
        arguments: JSON.stringify(answer.input),
      };
}

function response({ usage }: Answer, output: unknown[]): Record<string, unknown> {
  return {
    id: nextId('resp'),
    object: 'response',
    created_at: 0,
    status: 'completed',
    model: 'scripted',
    output,
    usage: {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.input + usage.output,
    },
  };
}

const chat: Dialect = {
  name: 'chat',
  isCall: (path) => path.endsWith('/chat/completions'),
  isStream: asksToStream,
  read(body) {
    const messages = listOf(body['messages']);
    return {
      tools: listOf(body['tools']).map(({ function: f, name }) =>
        String((f as { name?: unknown } | undefined)?.name ?? name),
      ),
      text: flatten(messages),
      results: messages.filter(({ role }) => role === 'tool').length,
    };
  },
  whole: (answer) => ({
    ...completion('chat.completion'),
    choices: [{ index: 0, message: chatMessage(answer), finish_reason: chatReason(answer) }],
    usage: chatUsage(answer),
  }),
  stream(answer) {
    const head = completion('chat.completion.chunk');
    const { tool_calls, ...rest } = chatMessage(answer);
    const calls = listOf(tool_calls).map((call, index) => ({ index, ...call }));
    const delta = calls.length === 0 ? rest : { ...rest, tool_calls: calls };
    return [
      { ...head, choices: [{ index: 0, delta, finish_reason: null }] },
      { ...head, choices: [{ index: 0, delta: {}, finish_reason: chatReason(answer) }] },
      { ...head, choices: [], usage: chatUsage(answer) },
      '[DONE]',
    ].map((data) => ({ data }));
  },
  refuse: (status, text) => ({ error: { code: status, type: 'rate_limit', message: text } }),
};

function completion(object: string): Record<string, unknown> {
  return { id: nextId('chatcmpl'), object, created: 0, model: 'scripted' };
}

function chatMessage(answer: Answer): Record<string, unknown> {
  if ('text' in answer) return { role: 'assistant', content: answer.text };
  const call = { name: answer.tool, arguments: JSON.stringify(answer.input) };
  return {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: nextId('call'), type: 'function', function: call }],
  };
}

const chatReason = (answer: Answer) => ('tool' in answer ? 'tool_calls' : 'stop');
const chatUsage = ({ usage }: Answer) => ({
  prompt_tokens: usage.input,
  completion_tokens: usage.output,
  total_tokens: usage.input + usage.output,
});

const gemini: Dialect = {
  name: 'gemini',
  isCall: (path) => /:(?:streamG|g)enerateContent$/.test(path),
  isStream: (path) => path.includes(':stream'),
  read(body) {
    const contents = listOf(body['contents']);
    const parts = contents.flatMap((content) => listOf(content['parts']));
    return {
      tools: listOf(body['tools']).flatMap((tool) =>
        listOf(tool['functionDeclarations']).map(({ name }) => String(name)),
      ),
      text: flatten([body['systemInstruction'], contents]),
      results: parts.filter((part) => part['functionResponse'] !== undefined).length,
    };
  },
  whole: geminiAnswer,
  stream: (answer) => [{ data: geminiAnswer(answer) }],
  refuse: (status, text) => ({
    error: {
      code: status,
      message: text,
      status: status === 429 ? 'RESOURCE_EXHAUSTED' : 'INTERNAL',
    },
  }),
};

function geminiAnswer(answer: Answer): unknown {
  const config = (answer.body['generationConfig'] ?? {}) as Record<string, unknown>;
  const schema = config['responseJsonSchema'] ?? config['responseSchema'];
  const part =
    'tool' in answer
      ? { functionCall: { name: answer.tool, args: answer.input } }
      : { text: schema === undefined ? answer.text : JSON.stringify(sampleOf(schema)) };
  const { usage } = answer;
  return {
    candidates: [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }],
    usageMetadata: {
      promptTokenCount: usage.input,
      candidatesTokenCount: usage.output,
      totalTokenCount: usage.input + usage.output,
    },
    modelVersion: 'scripted',
  };
}

/** The least value a schema takes: side requests for JSON are asked again and again without one. */
function sampleOf(schema: unknown): unknown {
  const { type, properties, items, minimum, ...rest } = (schema ?? {}) as Record<string, unknown>;
  if (Array.isArray(rest['enum'])) return rest['enum'][0];
  switch (typeof type === 'string' ? type.toLowerCase() : '') {
    case 'object':
      return Object.fromEntries(
        Object.entries((properties ?? {}) as object).map(([key, value]) => [key, sampleOf(value)]),
      );
    case 'array':
      return items === undefined ? [] : [sampleOf(items)];
    case 'number':
    case 'integer':
      return minimum ?? 1;
    case 'boolean':
      return false;
    default:
      return 'Done.';
  }
}

export const DIALECTS: readonly Dialect[] = [anthropic, responses, chat, gemini];
