/** Failures in our own words: a kind decides the status, a stable code names the case. */

/** HTTP status of each kind of failure. The list is closed. */
export const STATUS_OF_KIND = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  limit_exceeded: 429,
  internal: 500,
  unavailable: 503,
} as const;

export type ErrorKind = keyof typeof STATUS_OF_KIND;

export interface ErrorDetails {
  /** What happened, safe to show to anyone who may call. */
  message: string;
  /** What to do next. */
  hint?: string;
  /** Kept for the log, never shown. */
  cause?: unknown;
  /** Machine-readable particulars, safe to show: `{ path, line, issues }`. */
  details?: Readonly<Record<string, unknown>>;
}

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly kind: ErrorKind;
  /** Stable and documented in docs/errors.md: `room.what_went_wrong`. */
  readonly code: string;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(kind: ErrorKind, code: string, { message, hint, cause, details }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.code = code;
    this.hint = hint;
    this.details = details;
  }

  get status(): number {
    return STATUS_OF_KIND[this.kind];
  }
}

/** Throws at once when something we rely on does not hold. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) {
    throw new AppError('internal', 'kernel.broken_invariant', {
      message: 'An internal assumption does not hold.',
      cause: new Error(what),
    });
  }
}

/** True of what passes by itself, such as a database that restarts: worth another try later. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof AppError && error.kind === 'unavailable';
}

/** Says what went wrong without foreign text, which may hold addresses with tokens in them. */
export function describeError(error: unknown): string {
  if (error instanceof AppError) return `${error.code}: ${error.message}`.slice(0, 500);
  const { code } = (error ?? {}) as { code?: unknown };
  const name = error instanceof Error ? error.name : 'unknown';
  return typeof code === 'string' ? `${name} ${code}`.slice(0, 500) : name;
}

/** Wraps whatever was thrown; what is not ours becomes an internal error that shows nothing. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('internal', 'kernel.unexpected', {
    message: 'Something unexpected went wrong on our side.',
    hint: 'The server log has the details under the request id.',
    cause: error,
  });
}
