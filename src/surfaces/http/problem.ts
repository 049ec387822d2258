/** The one place where a failure becomes an HTTP answer (RFC 9457 problem+json). */
import { z } from 'zod';
import { type AppError, type Logger, toAppError } from '#kernel';

export const Problem = z
  .looseObject({
    type: z.string().meta({ example: '/docs/errors#context.unknown_repository' }),
    title: z.string().meta({ example: 'Not found' }),
    status: z.int().meta({ example: 404 }),
    code: z.string().meta({ example: 'context.unknown_repository' }),
    detail: z.string().meta({ example: 'There is no repository acme/shop.' }),
    hint: z.string().nullable().meta({ example: 'GET /v1/repositories lists what was imported.' }),
    requestId: z.string().meta({ example: 'req_019abc00000070008000000000000000' }),
  })
  .meta({ description: 'What went wrong, under a stable code, and what to do next.' });
export type Problem = z.infer<typeof Problem>;

const TITLES: Record<number, string> = {
  400: 'Invalid request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Body too large',
  415: 'Unsupported content type',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Unavailable',
};

/** Codes for which HTTP has a status of its own, more exact than the one of their kind. */
const STATUS_OF_CODE: Record<string, number> = {
  'http.body_too_large': 413,
  'http.unsupported_content_type': 415,
  'http.method_not_allowed': 405,
};

/** Answers with a problem, and logs what is our bug. */
export function problemResponse(
  thrown: unknown,
  { requestId, log }: { requestId: string; log: Logger },
): Response {
  const error = toAppError(thrown);
  const status = STATUS_OF_CODE[error.code] ?? error.status;
  if (error.kind === 'internal') {
    log.error({ code: error.code, err: error.cause ?? error }, 'request failed');
  } else if (error.kind === 'unavailable') {
    log.warn({ code: error.code, err: error.cause ?? error }, 'request refused for now');
  } else {
    log.debug({ code: error.code }, 'request refused');
  }

  const problem: Problem = {
    // Details first, so that none of them can stand in for a field of the problem itself.
    ...error.details,
    type: `/docs/errors#${error.code}`,
    title: TITLES[status] ?? 'Error',
    status,
    code: error.code,
    detail: error.message,
    hint: error.hint ?? null,
    requestId,
  };
  const headers = new Headers({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...headersOf(error),
  });
  return new Response(JSON.stringify(problem), { status, headers });
}

function headersOf(error: AppError): Record<string, string> {
  const retryAfterSeconds = error.details?.['retryAfterSeconds'];
  const allow = error.details?.['allow'];
  return {
    ...(error.kind === 'unauthenticated' ? { 'www-authenticate': 'Bearer realm="loomstack"' } : {}),
    ...(error.kind === 'unavailable' ? { 'retry-after': '2' } : {}),
    ...(typeof retryAfterSeconds === 'number' ? { 'retry-after': String(retryAfterSeconds) } : {}),
    ...(Array.isArray(allow) ? { allow: allow.join(', ') } : {}),
  };
}
