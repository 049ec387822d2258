/** The sample organisation's way in: the public HTTP API, as any client of ours would use it. */
import { AppError } from '#kernel';

export interface Api {
  readonly url: string;
  readonly token: string;
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: unknown): Promise<Answer>;
  remove(path: string): Promise<void>;
  /** The same server as somebody else. */
  as(token: string): Api;
}

export function createApi(url: string, token: string): Api {
  async function call(method: string, path: string, body?: unknown): Promise<Response> {
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(120_000),
    });
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
    throw new AppError(
      response.status === 404 ? 'not_found' : 'internal',
      problem.code ?? 'sample.refused',
      {
        message: `${method} ${path} answered ${response.status}: ${problem.detail ?? 'no reason given'}`,
        hint: 'Run `loom sample reset` to make the sample organisation afresh.',
      },
    );
  }

  return {
    url,
    token,
    get: async <Answer>(path: string) => (await (await call('GET', path)).json()) as Answer,
    post: async <Answer>(path: string, body: unknown) => {
      const text = await (await call('POST', path, body)).text();
      return (text === '' ? {} : JSON.parse(text)) as Answer;
    },
    remove: async (path) => {
      await call('DELETE', path);
    },
    as: (other) => createApi(url, other),
  };
}
