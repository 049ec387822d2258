/**
 * A model that follows a script, for real agents without network, key or chance. It speaks what they
 * speak: Anthropic's Messages, OpenAI's Responses and Chat Completions, Gemini's generateContent. The
 * next step is told by the tool results already in the conversation, so that retries and side requests
 * cannot shift the script; requests that offer no tools get plain text.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { type Answer, DIALECTS, type Dialect } from './model-dialects.ts';

/**
 * What the model does once so many tool results are in the conversation: calls a tool by the name the
 * agent offers it under, speaks, or refuses as a provider does (429 with `retry-after`, 401, 529).
 */
export type Turn =
  | { tool: string; input: Record<string, unknown> }
  | { text: string }
  | { status: number; headers?: Record<string, string>; message?: string };

/** One request that offered tools: a turn of the agent itself. */
export interface ModelRequest {
  dialect: Dialect['name'];
  /** Names of the tools as the agent offers them; those of groups as `GROUP__NAME`. */
  tools: readonly string[];
  /** Everything the conversation says, system prompt first, as one text. */
  text: string;
  /** Tool results it already holds. */
  results: number;
  headers: IncomingMessage['headers'];
}

export interface ScriptedModel extends AsyncDisposable {
  /** Without a path: Anthropic and Gemini take it as it is, OpenAI's clients want `${url}/v1`. */
  readonly url: string;
  /** Requests that offered tools, in order. */
  readonly turns: readonly ModelRequest[];
}

export async function startScriptedModel(
  script: readonly Turn[],
  /** Tokens every answer claims to have used. */
  usage = { input: 10, output: 10 },
): Promise<ScriptedModel> {
  const turns: ModelRequest[] = [];

  function answer(request: IncomingMessage, response: ServerResponse, raw: Buffer): void {
    const path = (request.url ?? '').split('?')[0]!;
    const dialect = DIALECTS.find(({ isCall }) => request.method === 'POST' && isCall(path));
    if (dialect === undefined) {
      const known = /count_?tokens$/i.test(path)
        ? COUNTED
        : /models(\/[^/:]+)?$/.test(path) && MODELS;
      sendJson(response, known === false ? 404 : 200, known === false ? {} : known);
      return;
    }
    const body = JSON.parse(raw.toString()) as Record<string, unknown>;
    const read = dialect.read(body);
    const isTurn = read.tools.length > 0;
    if (isTurn) turns.push({ dialect: dialect.name, headers: request.headers, ...read });
    const turn = isTurn ? (script[read.results] ?? DONE) : DONE;
    if ('status' in turn) {
      const message = turn.message ?? 'The script refuses this request.';
      sendJson(response, turn.status, dialect.refuse(turn.status, message), turn.headers);
      return;
    }
    const said: Answer = { ...turn, usage, body };
    if (!dialect.isStream(path, body)) {
      sendJson(response, 200, dialect.whole(said));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const { event, data } of dialect.stream(said)) {
      const name = event === undefined ? '' : `event: ${event}\n`;
      response.write(`${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
    }
    response.end();
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      try {
        answer(request, response, decode(request, Buffer.concat(chunks)));
      } catch (error) {
        sendJson(response, 500, { error: { message: String(error) } });
      }
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
  return request.text;
}

const DONE = { text: 'Done.' };
const COUNTED = { input_tokens: 100, totalTokens: 100 };
/** Both forms at once: OpenAI's `data` and Gemini's and Codex's `models`. */
const MODELS = { object: 'list', data: [], models: [] };

function decode(request: IncomingMessage, raw: Buffer): Buffer {
  switch (request.headers['content-encoding']) {
    case 'gzip':
      return gunzipSync(raw);
    case 'br':
      return brotliDecompressSync(raw);
    case 'zstd':
      return zstdDecompressSync(raw);
    default:
      return raw;
  }
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
