/**
 * `loom mcp`: MCP over standard input and output for agents that start a program. It carries each
 * message to the server's /mcp and its answers back, so there is one implementation of the tools.
 */
import { createInterface } from 'node:readline';
import { findCredentials } from './credentials.ts';

interface Message {
  id?: string | number | null;
  method?: string;
  params?: {
    protocolVersion?: string;
    requestId?: string | number;
    _meta?: Record<string, unknown>;
  };
}

export async function runMcpBridge(
  flags: { url?: string | undefined; token?: string | undefined; data?: string | undefined },
  streams: {
    stdin: NodeJS.ReadableStream;
    out: (text: string) => void;
    err: (text: string) => void;
  },
): Promise<number> {
  const { url, token } = findCredentials(flags);
  let protocolVersion: string | undefined;
  const open = new Set<Promise<void>>();
  /** Requests under way, by id: over HTTP a client cancels by hanging up. */
  const cancels = new Map<string | number, AbortController>();

  async function carry(line: string): Promise<void> {
    let message: Message;
    try {
      message = JSON.parse(line) as Message;
    } catch {
      reply({ jsonrpc: '2.0', id: null, error: { code: -32_700, message: 'not valid JSON' } });
      return;
    }
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      reply({
        jsonrpc: '2.0',
        id: null,
        error: { code: -32_600, message: 'one message to a line, each a JSON object' },
      });
      return;
    }
    protocolVersion = versionOf(message) ?? protocolVersion;
    if (message.method === 'notifications/cancelled' && message.params?.requestId !== undefined) {
      cancels.get(message.params.requestId)?.abort();
      return;
    }
    const cancel = new AbortController();
    if (message.id != null) cancels.set(message.id, cancel);
    try {
      const response = await fetch(new URL('/mcp', url), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(protocolVersion === undefined || message.method === 'initialize'
            ? {}
            : { 'mcp-protocol-version': protocolVersion }),
          ...modernHeaders(message),
          ...(process.env['LOOM_SESSION'] === undefined
            ? {}
            : { 'loom-session': process.env['LOOM_SESSION'] }),
        },
        body: line,
        signal: cancel.signal,
      });
      await relay(response, message);
    } catch {
      // Nobody waits for an answer any more.
      if (cancel.signal.aborted) return;
      fail(message, `LoomStack is not reachable at ${url}. Start it with \`npm start\`.`);
    } finally {
      if (message.id != null) cancels.delete(message.id);
    }
  }

  async function relay(response: Response, message: Message): Promise<void> {
    const type = response.headers.get('content-type') ?? '';
    if (type.includes('text/event-stream')) {
      let rest = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? []) {
        const parts = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
        rest = parts.pop() ?? '';
        for (const part of parts)
          if (part.startsWith('data:')) streams.out(`${part.slice(5).trim()}\n`);
      }
      if (rest.startsWith('data:')) streams.out(`${rest.slice(5).trim()}\n`);
      return;
    }
    const text = (await response.text()).trim();
    if (response.ok) {
      if (text !== '') streams.out(`${text.replaceAll('\n', '')}\n`);
      return;
    }
    fail(message, detailOf(text) ?? `The server answered ${response.status}.`);
  }

  function fail(message: Message, text: string): void {
    // Notifications have no id and get no answer.
    if (message.id === undefined) streams.err(`${text}\n`);
    else reply({ jsonrpc: '2.0', id: message.id, error: { code: -32_603, message: text } });
  }

  function reply(value: unknown): void {
    streams.out(`${JSON.stringify(value)}\n`);
  }

  for await (const line of createInterface({ input: streams.stdin })) {
    if (line.trim() === '') continue;
    const work: Promise<void> = carry(line).finally(() => open.delete(work));
    open.add(work);
    // The handshake decides the version of everything after it.
    if (line.includes('"initialize"')) await work;
  }
  await Promise.all(open);
  return 0;
}

function versionOf(message: Message): string | undefined {
  if (message.method === 'initialize') return message.params?.protocolVersion;
  const stated = message.params?._meta?.['io.modelcontextprotocol/protocolVersion'];
  return typeof stated === 'string' ? stated : undefined;
}

/** The newer revision names method and target in headers, so that proxies need not read bodies. */
function modernHeaders(message: Message): Record<string, string> {
  const params = message.params as { name?: unknown; uri?: unknown } | undefined;
  const name = params?.name ?? params?.uri;
  return {
    ...(message.method === undefined ? {} : { 'mcp-method': message.method }),
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
  };
}

function detailOf(text: string): string | undefined {
  try {
    const value = JSON.parse(text) as { detail?: unknown; error?: { message?: unknown } };
    const detail = value.detail ?? value.error?.message;
    return typeof detail === 'string' ? detail : undefined;
  } catch {
    return undefined;
  }
}
