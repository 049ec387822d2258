/** Calls GitLab's REST API (v4) with an access token. */
import { createHttpClient, type HttpClient } from '#connectors/contract';
import { AppError, type Clock } from '#kernel';

export interface GitLabClient extends HttpClient {
  /** `/projects/{path}`, encoded as GitLab wants it. @throws AppError `gitlab.bad_project_name` */
  project(name: string): string;
  /** For git itself. */
  readonly gitAuthorization: string;
}

const PROJECT = /^[\w][\w.-]*(?:\/[\w][\w.-]*)+$/;

export function createGitLabClient(options: {
  /** `https://gitlab.com`, or where GitLab runs. */
  url: string;
  token: string;
  clock: Clock;
  timeoutMs?: number;
}): GitLabClient {
  const client = createHttpClient({
    title: 'GitLab',
    baseUrl: `${options.url.replace(/\/$/, '')}/api/v4`,
    headers: () => ({ 'private-token': options.token }),
    clock: options.clock,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
  const credentials = Buffer.from(`oauth2:${options.token}`).toString('base64');
  return {
    ...client,
    gitAuthorization: `Basic ${credentials}`,
    project(name) {
      if (PROJECT.test(name) && name.length <= 300) return `/projects/${encodeURIComponent(name)}`;
      throw new AppError('invalid', 'gitlab.bad_project_name', {
        message: 'The project name is not of the form group/name.',
      });
    },
  };
}
