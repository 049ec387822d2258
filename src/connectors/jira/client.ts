/** Jira's REST API, version 2: Cloud with a mail address and an API token, Data Center with a personal token. */
import { type Clock } from '#kernel';
import {
  createHttpClient,
  type GuardedFetch,
  type HttpClient,
  type RateSnapshot,
} from '#connectors/contract';
import { AppError } from '#kernel';
import type { z } from 'zod';

export interface JiraClient {
  readonly isCloud: boolean;
  /** @throws AppError in our words; `connector.unreadable_answer` when the answer is of another shape. */
  call<Schema extends z.ZodType>(
    call: Omit<Parameters<HttpClient['json']>[0], 'headers' | 'body'>,
    answer: Schema,
  ): Promise<z.output<Schema>>;
  rate(): RateSnapshot;
}

export interface JiraClientOptions {
  url: string;
  /** Of the account the token belongs to; unset with Data Center. */
  email?: string | undefined;
  token: string;
  clock: Clock;
  timeoutMs?: number;
  fetch?: GuardedFetch;
}

export function createJiraClient(options: JiraClientOptions): JiraClient {
  const { url, email, token, clock } = options;
  const authorization =
    email === undefined
      ? `Bearer ${token}`
      : `Basic ${Buffer.from(`${email}:${token}`).toString('base64')}`;
  const http = createHttpClient({
    title: 'Jira',
    baseUrl: `${url.replace(/\/$/, '')}/rest/api/2/`,
    // Without this header Jira takes writes of programs for forged ones.
    headers: () => ({ authorization, 'x-atlassian-token': 'no-check' }),
    clock,
    timeoutMs: options.timeoutMs ?? 20_000,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
  return {
    isCloud: email !== undefined,
    async call(call, schema) {
      const { body } = await http.json(call);
      const answer = schema.safeParse(body);
      if (answer.success) return answer.data;
      throw new AppError('unavailable', 'connector.unreadable_answer', {
        message: `Jira answered ${call.path.split('/')[0]} in a shape we do not know.`,
        hint: 'Compare connectors.jira.url with the address of the site.',
      });
    },
    rate: () => http.budget.snapshot(),
  };
}
