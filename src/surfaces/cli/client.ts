/** The command line's way to the server: HTTP with a token, and problems turned back into AppErrors. */
import { AppError, type ErrorKind, STATUS_OF_KIND } from '#kernel';

export interface ApiClient {
  readonly url: string;
  get<Answer>(path: string, query?: Record<string, string | number | undefined>): Promise<Answer>;
  send<Answer>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer>;
  /** Lines of an NDJSON answer, as they arrive. */
  lines(path: string): AsyncIterable<unknown>;
  /** The same for a question that is sent with a body. */
  sendForLines(path: string, body: unknown): AsyncIterable<unknown>;
}

export function createApiClient(options: {
  url: string;
  token: string | undefined;
  timeoutMs?: number;
}): ApiClient {
  const { url, token, timeoutMs = 60_000 } = options;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new AppError('invalid', 'cli.bad_address', {
      message: `${url} is not the address of a server.`,
      hint: 'Give --url or LOOM_URL in full, for example http://127.0.0.1:7400.',
    });
  }
  // A header takes no such text, and what cannot be sent cannot be a token of ours.
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new AppError('unauthenticated', 'cli.bad_token', {
      message: 'The token holds characters no token has.',
      hint: 'Copy it again in full, or make a new one with `loom token create`.',
    });
  }

  async function call(
    method: string,
    path: string,
    body?: unknown,
    hasTimeout = true,
  ): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(new URL(path, url), {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(hasTimeout ? { signal: AbortSignal.timeout(timeoutMs) } : {}),
      });
    } catch (cause) {
      throw new AppError('unavailable', 'cli.server_unreachable', {
        message: `No LoomStack server answers at ${url}.`,
        hint: 'Start one with `npm start` (or `loom serve`), or name it with --url or LOOM_URL.',
        cause,
      });
    }
    if (!response.ok) throw await readProblem(response);
    return response;
  }

  return {
    url,
    async get<Answer>(path: string, query: Record<string, string | number | undefined> = {}) {
      const search = new URLSearchParams();
      for (const [key, value] of Object.entries(query)) {
        if (value !== undefined) search.set(key, String(value));
      }
      const suffix = search.size > 0 ? `?${search.toString()}` : '';
      return (await (await call('GET', `${path}${suffix}`)).json()) as Answer;
    },
    async send<Answer>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) {
      const response = await call(method, path, body);
      const text = await response.text();
      return (text === '' ? {} : JSON.parse(text)) as Answer;
    },
    async *lines(path) {
      yield* readLines(await call('GET', path, undefined, false));
    },
    async *sendForLines(path, body) {
      yield* readLines(await call('POST', path, body, false));
    },
  };
}

async function* readLines(response: Response): AsyncGenerator {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    const parts = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part !== '') yield JSON.parse(part) as unknown;
  }
  if (rest !== '') yield JSON.parse(rest) as unknown;
}

interface Problem {
  code?: string;
  detail?: string;
  title?: string;
  hint?: string;
  requestId?: string;
}

async function readProblem(response: Response): Promise<AppError> {
  const problem = (await response.json().catch(() => ({}))) as Problem;
  const kinds = Object.entries(STATUS_OF_KIND) as [ErrorKind, number][];
  const kind =
    kinds.find(([, status]) => status === response.status)?.[0] ??
    (response.status < 500 ? 'invalid' : 'internal');
  const request = problem.requestId === undefined ? '' : ` (request ${problem.requestId})`;
  return new AppError(kind, problem.code ?? 'cli.unexpected_answer', {
    message: `${problem.detail ?? problem.title ?? `The server answered ${response.status}`}${kind === 'internal' ? request : ''}`,
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    ...(kind === 'unauthenticated' && problem.hint === undefined
      ? { hint: 'Give a token with --token or LOOM_TOKEN; `loom token create` makes one.' }
      : {}),
  });
}
