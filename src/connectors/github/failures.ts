/**
 * GitHub's refusals in our words. What octokit throws carries the request with its headers, so it is
 * never kept as a cause: a plain sentence is.
 */
import { RequestError } from 'octokit';
import { AppError } from '#kernel';

/** Status GitHub answered with; undefined for failures that are none of GitHub's. */
export function statusOf(error: unknown): number | undefined {
  return error instanceof RequestError ? error.status : undefined;
}

/** How long GitHub wants us to wait, in seconds, from the headers it gives with a refusal. */
export function retryAfterSeconds(
  headers: Readonly<Record<string, string | number | undefined>>,
  now: Date,
): number | undefined {
  const wait = Number(headers['retry-after']);
  if (Number.isFinite(wait) && wait > 0) return Math.ceil(wait);
  const reset = Number(headers['x-ratelimit-reset']);
  if (String(headers['x-ratelimit-remaining']) === '0' && Number.isFinite(reset)) {
    return Math.max(1, Math.ceil(reset - now.getTime() / 1_000));
  }
  return undefined;
}

/** Turns what octokit threw into an AppError; what is not from GitHub is handed back as it is. */
export function toGitHubFailure(error: unknown, now: Date): unknown {
  if (!(error instanceof RequestError)) return error;
  const own = error.cause;
  // Raised on our side of the line: octokit wraps it as an answer of 500.
  if (own instanceof AppError) return own.code.startsWith('github.') ? own : unreached(own);
  const { status, message } = error;
  const seconds = retryAfterSeconds(error.response?.headers ?? {}, now);
  const details = seconds === undefined ? {} : { details: { retryAfterSeconds: seconds } };
  const cause = new Error(
    `${error.request.method} ${pathOf(error.request.url)} answered ${status}: ${message}`,
  );

  const isLimit = /rate limit|abuse detection/i.test(message);
  if (status === 429 || (status === 403 && (seconds !== undefined || isLimit))) {
    return new AppError('unavailable', 'github.rate_limited', {
      message: 'GitHub asks us to slow down.',
      hint:
        seconds === undefined
          ? 'Try again in a minute.'
          : `Try again in ${seconds} seconds; other calls wait too.`,
      ...details,
      cause,
    });
  }
  if (status >= 500) {
    return new AppError('unavailable', 'github.unreachable', {
      message: 'GitHub does not answer as it should.',
      hint: 'Try again later; https://www.githubstatus.com tells of outages.',
      ...details,
      cause,
    });
  }
  switch (status) {
    case 401:
      return new AppError('unavailable', 'github.bad_credentials', {
        message: 'GitHub does not accept the credentials of the App.',
        hint: 'Compare github.appId with the private key, and see that the clock of this machine is right.',
        cause,
      });
    case 403:
      return new AppError('forbidden', 'github.forbidden', {
        message: 'The GitHub App lacks a permission for this.',
        hint: 'Compare its permissions with docs/connectors/github.md; an owner has to accept new ones.',
        cause,
      });
    case 404:
      return new AppError('not_found', 'github.not_found', {
        message: 'GitHub has no such thing, or the App may not see it.',
        hint: 'Install the App on the repository, and check the name.',
        cause,
      });
    default:
      return new AppError('invalid', 'github.refused', {
        message: `GitHub refused the request: ${message.slice(0, 300)}`,
        cause,
      });
  }
}

/** The guarded line said why nothing came; the words are its, the code is ours. */
function unreached({ kind, message, hint }: AppError): AppError {
  if (kind !== 'unavailable') {
    return new AppError('invalid', 'github.refused', { message, ...(hint ? { hint } : {}) });
  }
  return new AppError('unavailable', 'github.unreachable', {
    message: `GitHub cannot be reached: ${message}`,
    hint: 'Try again later; https://www.githubstatus.com tells of outages.',
  });
}

/** Without host and query, in which secrets have been seen. */
function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : 'a request';
}
