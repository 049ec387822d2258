/**
 * The one way connectors call an outside system over HTTP: bounded in time, size and number, told apart
 * into our failures, and never with a secret in an error. It makes one attempt: what may pass by itself is
 * `unavailable` with `retryAfterSeconds`, and the outbox or the next sweep tries again. While a system
 * wants us to wait, calls fail here without reaching it.
 */
import { AppError, type Clock } from '#kernel';
import { createGuardedFetch, type GuardedFetch } from './guarded-fetch.ts';
import { createRateBudget, pauseAsked, type RateBudget } from './rate-budget.ts';

export interface HttpClientOptions {
  /** Name of the system as people write it: begins the messages. */
  title: string;
  /** Address all paths are relative to; from settings, so it may be inside. */
  baseUrl: string;
  /** Further addresses from settings. */
  trustedUrls?: readonly string[];
  /** Headers of every call to the base address, read anew each time: tokens expire. */
  headers?: () => Record<string, string> | Promise<Record<string, string>>;
  /** Our own bound, lower than the system's. */
  callsPerHour?: number;
  timeoutMs?: number;
  maxBytes?: number;
  clock: Clock;
  budget?: RateBudget;
  /** For tests and for clients that bring their own way. */
  fetch?: GuardedFetch;
}

export interface HttpCall {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  /** Relative to the base address, or a whole URL the system named, which then gets no credentials. */
  path: string;
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is; say its content-type in `headers`. */
  body?: string | Uint8Array;
  /** Answers that are no failure: 304, or 404 where nothing is an answer. */
  accept?: readonly number[];
}

export interface HttpAnswer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface HttpClient {
  /** The body as JSON; undefined where it is empty. @throws AppError `connector.*` */
  json(call: HttpCall): Promise<HttpAnswer<unknown>>;
  text(call: HttpCall): Promise<HttpAnswer<string>>;
  bytes(call: HttpCall): Promise<HttpAnswer<Uint8Array>>;
  readonly budget: RateBudget;
}

const CALLS_PER_HOUR = 3_600;
const TIMEOUT_MS = 30_000;
const MAX_BYTES = 20_000_000;
const MAX_QUOTED = 300;

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { title, clock, callsPerHour = CALLS_PER_HOUR } = options;
  const base = new URL(options.baseUrl.endsWith('/') ? options.baseUrl : `${options.baseUrl}/`);
  const budget = options.budget ?? createRateBudget({ callsPerHour, clock });
  const fetch =
    options.fetch ??
    createGuardedFetch({
      trustedUrls: [base.href, ...(options.trustedUrls ?? [])],
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      maxBytes: options.maxBytes ?? MAX_BYTES,
    });

  async function send(call: HttpCall, accepts: string): Promise<Response> {
    const waitMs = budget.waitMs();
    if (waitMs > 0) throw slowDown(title, waitMs);
    const url = urlOf(base, call);
    const isOurs = url.origin === base.origin;
    budget.noteCall();
    const response = await fetch(url, {
      method: call.method ?? 'GET',
      headers: {
        accept: accepts,
        'user-agent': 'loomstack',
        ...(isOurs ? await options.headers?.() : {}),
        ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...call.headers,
      },
      ...(call.json === undefined
        ? call.body === undefined
          ? {}
          : { body: call.body }
        : { body: JSON.stringify(call.json) }),
    });
    if (isOurs) budget.noteAnswer(response.status, response.headers);
    if (response.ok || call.accept?.includes(response.status) === true) return response;
    throw await toHttpFailure(response, { title, url, method: call.method ?? 'GET', clock });
  }

  return {
    budget,
    async json(call) {
      const response = await send(call, 'application/json');
      const text = await response.text();
      const { status, headers } = response;
      if (text.trim() === '') return { status, headers, body: undefined };
      return { status, headers, body: readJson(text, headers, title) };
    },
    async text(call) {
      const response = await send(call, '*/*');
      return { status: response.status, headers: response.headers, body: await response.text() };
    },
    async bytes(call) {
      const response = await send(call, '*/*');
      const body = new Uint8Array(await response.arrayBuffer());
      return { status: response.status, headers: response.headers, body };
    },
  };
}

function urlOf(base: URL, { path, query }: HttpCall): URL {
  const isWhole = /^https?:\/\//i.test(path);
  const url = new URL(isWhole ? path : path.replace(/^\//, ''), base);
  if (!isWhole && (url.origin !== base.origin || !url.pathname.startsWith(base.pathname))) {
    // `..` or `//host` in a name from outside.
    throw new AppError('invalid', 'connector.bad_path', {
      message: 'A name from outside would lead the call to another address.',
      hint: 'Names with `..` or `//` are not called.',
    });
  }
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

/** A proxy's login page or a maintenance notice comes as HTML with status 200: later it may be gone. */
function readJson(text: string, headers: Headers, title: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const type = headers.get('content-type')?.split(';')[0] ?? 'no content type';
    throw new AppError('unavailable', 'connector.unreadable_answer', {
      message: `${title} answered with ${/html/i.test(type) ? 'a web page' : type} where JSON was expected.`,
      hint: 'A proxy or a maintenance page may stand in between; check the base address.',
    });
  }
}

function slowDown(title: string, waitMs: number): AppError {
  const seconds = Math.ceil(waitMs / 1_000);
  return new AppError('unavailable', 'connector.rate_limited', {
    message: `${title} asks us to slow down.`,
    hint: `Tried again in ${seconds} seconds; other calls wait too.`,
    details: { retryAfterSeconds: seconds },
  });
}

/** An answer that is no success, in our words. The system's own are quoted only where they are short text. */
export async function toHttpFailure(
  response: Response,
  at: { title: string; url: URL; method: string; clock: Clock },
): Promise<AppError> {
  const { title, url, method, clock } = at;
  const { status } = response;
  const pauseMs = pauseAsked(status, response.headers, clock.now());
  if (pauseMs !== undefined && status !== 503) return slowDown(title, pauseMs);
  // Without the query, in which secrets have been seen.
  const cause = new Error(`${method} ${url.host}${url.pathname} answered ${status}`);
  if (status >= 500 || status === 408) {
    return new AppError('unavailable', 'connector.unreachable', {
      message: `${title} does not answer as it should (${status}).`,
      hint: 'It is tried again later.',
      ...(pauseMs === undefined
        ? {}
        : { details: { retryAfterSeconds: Math.ceil(pauseMs / 1_000) } }),
      cause,
    });
  }
  switch (status) {
    case 401:
      return new AppError('unavailable', 'connector.bad_credentials', {
        message: `${title} does not accept our credentials.`,
        hint: 'Renew the token or key in the settings of the connector.',
        cause,
      });
    case 403:
      return new AppError('forbidden', 'connector.forbidden', {
        message: `${title} does not let us do this.`,
        hint: 'Compare the permissions we were given with the page of the connector in docs/connectors.',
        cause,
      });
    case 404:
    case 410:
      return new AppError('not_found', 'connector.not_found', {
        message: `${title} has no such thing, or does not show it to us.`,
        hint: 'Check the name, and what the account of the connector may see.',
        cause,
      });
    default:
      return new AppError('invalid', 'connector.refused', {
        message: `${title} refused the request (${status})${await quote(response)}.`,
        cause,
      });
  }
}

/** The message of a JSON error, in the spellings that are common; anything else is left out. */
async function quote(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as Record<string, unknown>;
    const { message, error, errorMessages } = body;
    const words = [message, error, Array.isArray(errorMessages) ? errorMessages[0] : undefined];
    const text = words.find((word) => typeof word === 'string');
    return text === undefined ? '' : `: ${text.slice(0, MAX_QUOTED)}`;
  } catch {
    return '';
  }
}
