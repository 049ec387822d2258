/** One way to call the server: JSON in and out, the session cookie, and problems as errors. */

export type QueryValue = string | number | boolean | undefined | null;

/** What the server refused and what to do about it, from a problem+json answer. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly requestId: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    problem: {
      code?: string | undefined;
      message: string;
      hint?: string | undefined;
      requestId?: string | undefined;
      details?: Record<string, unknown> | undefined;
    },
  ) {
    super(problem.message);
    this.status = status;
    this.code = problem.code ?? `http.${status}`;
    this.hint = problem.hint;
    this.requestId = problem.requestId;
    this.details = problem.details ?? {};
  }
}

/** `/v1/changes?state=open`, leaving out what is not set. */
export function withQuery(path: string, query: Record<string, QueryValue> = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

export function get<Answer>(
  path: string,
  query?: Record<string, QueryValue>,
  signal?: AbortSignal,
): Promise<Answer> {
  return send<Answer>('GET', withQuery(path, query), undefined, signal);
}

export function post<Answer>(path: string, body: unknown = {}): Promise<Answer> {
  return send<Answer>('POST', path, body);
}

export function remove<Answer>(path: string): Promise<Answer> {
  return send<Answer>('DELETE', path);
}

async function send<Answer>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Answer> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (method !== 'GET') headers['idempotency-key'] = randomKey();
  if (body !== undefined) headers['content-type'] = 'application/json';

  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiProblem(0, {
      code: 'console.unreachable',
      message: 'The LoomStack server does not answer.',
      hint: 'Check that it still runs: the terminal you started it in says so. This page recovers by itself.',
    });
  }

  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  const answer: unknown = isJson && text !== '' ? JSON.parse(text) : text;
  if (!response.ok) throw toProblem(response, answer);
  return answer as Answer;
}

function toProblem(response: Response, answer: unknown): ApiProblem {
  const problem = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<
    string,
    unknown
  >;
  const textOf = (name: string) =>
    typeof problem[name] === 'string' ? (problem[name] as string) : undefined;
  return new ApiProblem(response.status, {
    code: textOf('code'),
    message: textOf('detail') ?? textOf('title') ?? `The server answered ${response.status}.`,
    hint: textOf('hint'),
    requestId: textOf('requestId') ?? response.headers.get('x-request-id') ?? undefined,
    details: problem,
  });
}

/** `crypto.randomUUID` exists on secure origins only; an intranet server may be plain HTTP. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
