/**
 * Fetch for addresses that outside systems have a say in. The name is resolved once and the connection
 * goes to the very address that was checked, so a name that answers differently the second time gains
 * nothing. Addresses inside are reached only where a setting of ours names them. No proxy from the
 * environment, no decompression bombs, no endless answers.
 */
import { lookup as resolveName, type LookupAddress } from 'node:dns';
import * as http from 'node:http';
import * as https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { AppError } from '#kernel';
import { isInsideAddress } from './addresses.ts';

export interface GuardedFetchOptions {
  /** Base addresses from settings: these origins may be inside, because the operator said so. */
  trustedUrls: readonly string[];
  timeoutMs: number;
  /** Longest answer that is read, after decompression. */
  maxBytes: number;
  /** Whether a redirect to this address is followed; otherwise it is the answer. All are unless given. */
  mayFollow?: (to: URL) => boolean;
}

export interface GuardedRequest {
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
  signal?: AbortSignal | undefined;
}

export type GuardedFetch = (url: string | URL, request?: GuardedRequest) => Promise<Response>;

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const BODYLESS = new Set([101, 204, 205, 304]);
/** What proves who we are; another origin than the one it was meant for never sees it. */
const CREDENTIAL_HEADERS =
  /^(authorization|cookie|proxy-authorization|x-.*(token|key)|private-token)$/i;

/**
 * @throws AppError `connector.private_address`, `connector.bad_address`, `connector.too_many_redirects`,
 * `connector.answer_too_long`, `connector.timeout` and `connector.unreachable`.
 */
export function createGuardedFetch(options: GuardedFetchOptions): GuardedFetch {
  const trusted = new Set(options.trustedUrls.map((url) => new URL(url).origin));

  return async (url, request = {}) => {
    const deadline = AbortSignal.timeout(options.timeoutMs);
    const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
    let target = parseUrl(url);
    let { method = 'GET', headers = {}, body } = request;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const answer = await once(target, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      const location = answer.headers.get('location');
      if (!REDIRECTS.has(answer.status) || location === null) return answer;
      const next = parseUrl(new URL(location, target));
      if (options.mayFollow?.(next) === false) return answer;
      // A redirect is the outside system's word: it may not turn a write into another write elsewhere.
      const isRead = method === 'GET' || method === 'HEAD';
      if (!isRead && answer.status !== 303) {
        if (next.origin !== target.origin) return answer;
        if (answer.status < 307) [method, body] = ['GET', undefined];
      } else if (answer.status === 303) [method, body] = ['GET', undefined];
      if (next.origin !== target.origin) headers = withoutCredentials(headers);
      if (target.protocol === 'https:' && next.protocol === 'http:') throw badAddress();
      target = next;
    }
    throw new AppError('invalid', 'connector.too_many_redirects', {
      message: `${target.host} redirects in circles.`,
      hint: 'Check the base address in the settings of the connector.',
    });

    function once(
      at: URL,
      call: {
        method: string;
        headers: Readonly<Record<string, string>>;
        body?: string | Uint8Array;
      },
    ): Promise<Response> {
      const { promise, resolve, reject } = Promise.withResolvers<Response>();
      const isTrusted = trusted.has(at.origin);
      const literal = at.hostname.replace(/^\[|\]$/g, '');
      if (isIP(literal) !== 0 && !isTrusted && isInsideAddress(literal)) throw privateAddress(at);
      const { request: open } = at.protocol === 'https:' ? https : http;
      const outgoing = open(
        at,
        {
          method: call.method,
          headers: { 'accept-encoding': 'gzip, deflate, br', ...call.headers },
          signal,
          lookup: guardedLookup(at, isTrusted),
        },
        (incoming) => {
          readAnswer(incoming, options.maxBytes).then(resolve, (error: unknown) =>
            reject(toFailure(error, at, deadline)),
          );
        },
      );
      outgoing.on('error', (error) => reject(toFailure(error, at, deadline)));
      outgoing.end(call.body);
      return promise;
    }
  };
}

/** Resolves as Node does, and refuses names that lead inside. */
function guardedLookup(at: URL, isTrusted: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolveName(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      if (!isTrusted && found.some(({ address }) => isInsideAddress(address))) {
        callback(privateAddress(at) as NodeJS.ErrnoException, []);
        return;
      }
      if (options.all === true) callback(null, found);
      else callback(null, found[0]!.address, found[0]!.family);
    });
  };
}

async function readAnswer(incoming: http.IncomingMessage, maxBytes: number): Promise<Response> {
  const status = incoming.statusCode ?? 500;
  const headers = new Headers();
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index]!, incoming.rawHeaders[index + 1]!);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const stream = decompress(incoming, headers);
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) {
      incoming.destroy();
      throw new AppError('invalid', 'connector.answer_too_long', {
        message: `The answer has more than ${maxBytes} bytes.`,
        hint: 'The connector reads page by page; check that the base address is the one of the API.',
      });
    }
    chunks.push(chunk);
  }
  return new Response(BODYLESS.has(status) ? null : Buffer.concat(chunks), { status, headers });
}

function decompress(incoming: http.IncomingMessage, headers: Headers): Readable {
  const encoding = headers.get('content-encoding')?.toLowerCase();
  const make = { gzip: createGunzip, deflate: createInflate, br: createBrotliDecompress }[
    encoding ?? ''
  ];
  if (make === undefined) return incoming;
  headers.delete('content-encoding');
  headers.delete('content-length');
  const plain = make();
  // The error of the stream is met where it is read.
  pipeline(incoming, plain, () => {});
  return plain;
}

function parseUrl(url: string | URL): URL {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw badAddress();
  }
  const isWeb = parsed.protocol === 'https:' || parsed.protocol === 'http:';
  if (!isWeb || parsed.username !== '' || parsed.password !== '') throw badAddress();
  return parsed;
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !CREDENTIAL_HEADERS.test(name)),
  );
}

function badAddress(): AppError {
  return new AppError('invalid', 'connector.bad_address', {
    message: 'An address is not one that may be called.',
    hint: 'Addresses begin with https:// (or http://), hold no password, and never lead back to http.',
  });
}

function privateAddress(at: URL): AppError {
  return new AppError('forbidden', 'connector.private_address', {
    message: `${at.hostname} leads to an address inside the network, which no outside system may name.`,
    hint: 'A system of your own is reached when its base address is in the settings of its connector.',
  });
}

/** Node's errors quote addresses with queries; ours name the host alone. */
function toFailure(error: unknown, at: URL, deadline: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  if (deadline.aborted) {
    return new AppError('unavailable', 'connector.timeout', {
      message: `${at.host} did not answer in time.`,
      hint: 'It is tried again later.',
    });
  }
  const { code } = (error ?? {}) as { code?: unknown };
  return new AppError('unavailable', 'connector.unreachable', {
    message: `${at.host} cannot be reached${typeof code === 'string' ? ` (${code})` : ''}.`,
    hint: 'Check the base address, the name server and the firewall; it is tried again later.',
  });
}
