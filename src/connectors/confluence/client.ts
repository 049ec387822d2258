/** Confluence's REST APIs: Cloud with a mail address and an API token, Data Center with a personal token. */
import type { z } from 'zod';
import { AppError, type Clock } from '#kernel';
import {
  createHttpClient,
  type GuardedFetch,
  type HttpCall,
  type RateSnapshot,
} from '#connectors/contract';

export interface ConfluenceClient {
  readonly isCloud: boolean;
  /** Address people read pages below, without a slash at its end. */
  readonly siteUrl: string;
  /** @throws AppError in our words; `connector.unreadable_answer` when the answer is of another shape. */
  call<Schema extends z.ZodType>(
    call: Omit<HttpCall, 'headers' | 'body'>,
    answer: Schema,
  ): Promise<z.output<Schema>>;
  rate(): RateSnapshot;
}

export function createConfluenceClient(options: {
  url: string;
  /** Of the account the token belongs to; unset with Data Center. */
  email?: string | undefined;
  token: string;
  clock: Clock;
  timeoutMs?: number;
  fetch?: GuardedFetch;
}): ConfluenceClient {
  const { email, token, clock } = options;
  const isCloud = email !== undefined;
  const given = options.url.replace(/\/+$/, '');
  const siteUrl = isCloud && !given.endsWith('/wiki') ? `${given}/wiki` : given;
  const authorization = isCloud
    ? `Basic ${Buffer.from(`${email}:${token}`).toString('base64')}`
    : `Bearer ${token}`;
  const http = createHttpClient({
    title: 'Confluence',
    baseUrl: `${siteUrl}/`,
    headers: () => ({ authorization }),
    clock,
    timeoutMs: options.timeoutMs ?? 30_000,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
  return {
    isCloud,
    siteUrl,
    async call(call, schema) {
      const { body } = await http.json(call);
      const answer = schema.safeParse(body);
      if (answer.success) return answer.data;
      throw new AppError('unavailable', 'connector.unreadable_answer', {
        message: `Confluence answered ${call.path.slice(0, 80)} in a shape we do not know.`,
        hint: 'Compare connectors.confluence.url with the address of the site.',
      });
    },
    rate: () => http.budget.snapshot(),
  };
}
