/** Reading a body: never more bytes than allowed, JSON only where JSON is meant, every issue named. */
import type { z } from 'zod';
import { AppError, suggest } from '#kernel';
import { explainIssue } from './explain-issue.ts';

/** Reads the raw bytes and stops as soon as there are too many. */
export async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > limit) throw tooLarge(limit);
  if (request.body === null) return new Uint8Array();

  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(limit: number): AppError {
  return new AppError('limit_exceeded', 'http.body_too_large', {
    message: `The body is larger than ${limit} bytes.`,
    hint: 'Send less at once, or raise limits.bodyBytes.',
    details: { limit },
  });
}

/** Parses the bytes of a request as JSON. An empty body is an empty object. */
export function parseBody(request: Request, bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) return {};
  const contentType = request.headers.get('content-type') ?? '';
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType)) {
    throw new AppError('invalid', 'http.unsupported_content_type', {
      message: `The body is ${contentType === '' ? 'of no stated type' : contentType}, not JSON.`,
      hint: 'Send it with `Content-Type: application/json`.',
    });
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AppError('invalid', 'http.malformed_json', {
      message: 'The body is not valid JSON.',
      hint: cause instanceof SyntaxError ? cause.message : 'It must be UTF-8.',
      cause,
    });
  }
}

/** Checks one part of a request; an unknown key is refused with the nearest known one. */
export function checkPart<Schema extends z.ZodObject>(
  part: 'path' | 'query' | 'body',
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  refuseUnstorable(part, value);
  const result = schema.safeParse(value);
  if (result.success) return result.data;

  const known = Object.keys(schema.shape);
  const issues = result.error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys' || issue.path.length > 0) {
      const message = explainIssue(issue, schema, value);
      return [{ path: issue.path.map(String).join('.'), message }];
    }
    return issue.keys.map((key) => {
      const near = suggest(key, known);
      const hint =
        near === undefined ? `Known are ${known.join(', ') || 'none'}.` : `Did you mean ${near}?`;
      return { path: key, message: `is not known here. ${hint}` };
    });
  });
  const first = issues[0];
  throw new AppError('invalid', `http.invalid_${part}`, {
    message: sentence(part, first),
    hint: 'The shape of every request is in /docs.',
    details: { issues },
    cause: result.error,
  });
}

const PLACES = { path: 'the address', query: 'the query', body: 'the body' };

/** `"id" in the address must be …` */
function sentence(
  part: keyof typeof PLACES,
  issue: { path: string; message: string } | undefined,
): string {
  if (issue === undefined) return `${capital(PLACES[part])} does not fit.`;
  const { path, message } = issue;
  const place = path === '' ? capital(PLACES[part]) : `"${path}" in ${PLACES[part]}`;
  return `${place} ${message}${/[.?]$/.test(message) ? '' : '.'}`;
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** Deeper than anything we are sent for a reason; what reads it further on may well be recursive. */
const MAX_DEPTH = 64;

/** Text the database cannot store as it came, and nesting nobody needs. Not recursive itself. */
function refuseUnstorable(part: string, value: unknown): void {
  const rest: [unknown, number][] = [[value, 0]];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const [item, depth] = next;
    if (typeof item === 'string') refuseUnstorableText(part, item);
    if (typeof item !== 'object' || item === null) continue;
    if (depth >= MAX_DEPTH) {
      throw new AppError('invalid', `http.invalid_${part}`, {
        message: `${part}: nested more than ${MAX_DEPTH} levels deep.`,
        hint: 'The shape of every request is in /docs.',
      });
    }
    for (const [key, entry] of Object.entries(item)) {
      refuseUnstorableText(part, key);
      rest.push([entry, depth + 1]);
    }
  }
}

function refuseUnstorableText(part: string, text: string): void {
  const what = text.includes('\0')
    ? 'a NUL character'
    : text.isWellFormed()
      ? undefined
      : 'half of a surrogate pair';
  if (what === undefined) return;
  throw new AppError('invalid', `http.invalid_${part}`, {
    message: `${part}: text may not hold ${what}.`,
    hint: 'Leave it out; the database cannot store it.',
  });
}
