/**
 * A model that follows a script: it speaks Anthropic's Messages API with server-sent events, so that a
 * real agent runs against it without network, key or chance. It keeps every request it was sent.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the model does once so many tool results are in the conversation. */
export type Turn = { tool: string; input: Record<string, unknown> } | { text: string };

interface Block {
  type: string;
  text?: string;
  content?: unknown;
}

export interface ModelRequest {
  system?: unknown;
  messages: { role: string; content: string | Block[] }[];
  tools?: { name: string }[];
  stream?: boolean;
}

export interface ScriptedModel extends AsyncDisposable {
  readonly url: string;
  /** Requests that offered tools, in order: the turns of the agent itself. */
  readonly turns: readonly ModelRequest[];
}

export async function startScriptedModel(script: readonly Turn[]): Promise<ScriptedModel> {
  const turns: ModelRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      if (request.method !== 'POST' || !path.startsWith('/v1/messages')) {
        response.writeHead(path.startsWith('/v1/models') ? 200 : 404, json).end('{"data":[]}');
        return;
      }
      if (path.includes('count_tokens')) {
        response.writeHead(200, json).end('{"input_tokens":100}');
        return;
      }
      const body = JSON.parse(Buffer.concat(chunks).toString()) as ModelRequest;
      // Titles, summaries and the like are asked for without tools; they are no step of the script.
      if ((body.tools?.length ?? 0) === 0) {
        say(response, { text: 'Done.' }, body.stream === true);
        return;
      }
      turns.push(body);
      // Retries repeat a conversation, so its own results say where the script stands.
      const turn = script[countResults(body)] ?? { text: 'Done.' };
      say(response, turn, body.stream === true);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    turns,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** Everything a request tells the model, as one text. */
export function textOf(request: ModelRequest): string {
  return request.messages.map(({ content }) => flatten(content)).join('\n');
}

function flatten(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return (content as Block[]).map(({ text, content: inner }) => text ?? flatten(inner)).join('\n');
}

function countResults({ messages }: ModelRequest): number {
  return messages
    .flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    .filter(({ type }) => type === 'tool_result').length;
}

const json = { 'content-type': 'application/json' };
let spoken = 0;

function say(response: ServerResponse, turn: Turn, stream: boolean): void {
  spoken += 1;
  const isTool = 'tool' in turn;
  const block = isTool
    ? { type: 'tool_use', id: `toolu_${spoken}`, name: turn.tool, input: turn.input }
    : { type: 'text', text: turn.text };
  const message = {
    id: `msg_${spoken}`,
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5',
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 10 },
  };
  const stop = isTool ? 'tool_use' : 'end_turn';
  if (!stream) {
    const whole = { ...message, content: [block], stop_reason: stop };
    response.writeHead(200, json).end(JSON.stringify(whole));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (type: string, data: Record<string, unknown>) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  send('message_start', { message: { ...message, content: [], stop_reason: null } });
  const empty = isTool ? { ...block, input: {} } : { type: 'text', text: '' };
  send('content_block_start', { index: 0, content_block: empty });
  const delta = isTool
    ? { type: 'input_json_delta', partial_json: JSON.stringify(turn.input) }
    : { type: 'text_delta', text: turn.text };
  send('content_block_delta', { index: 0, delta });
  send('content_block_stop', { index: 0 });
  const usage = { output_tokens: 10 };
  send('message_delta', { delta: { stop_reason: stop, stop_sequence: null }, usage });
  send('message_stop', {});
  response.end();
}
