/** Linear's GraphQL API: one attempt per call, failures in our words. */
import { z } from 'zod';
import { AppError, type Clock } from '#kernel';
import { createHttpClient, type GuardedFetch, type RateSnapshot } from '#connectors/contract';

export interface LinearClient {
  /** @throws AppError `connector.*` and `linear.refused`. */
  query<Schema extends z.ZodType>(
    text: string,
    variables: Readonly<Record<string, unknown>>,
    answer: Schema,
  ): Promise<z.output<Schema>>;
  rate(): RateSnapshot;
}

export interface LinearClientOptions {
  /** A personal API key (`lin_api_…`), or an OAuth token. */
  apiKey: string;
  apiUrl?: string | undefined;
  clock: Clock;
  timeoutMs?: number;
  fetch?: GuardedFetch;
}

const Failure = z.object({
  errors: z
    .array(
      z.object({
        message: z.string().max(2_000),
        extensions: z
          .looseObject({ code: z.string().optional(), type: z.string().optional() })
          .optional(),
      }),
    )
    .min(1),
});

export function createLinearClient(options: LinearClientOptions): LinearClient {
  const { apiKey, apiUrl = 'https://api.linear.app/graphql', clock } = options;
  // Personal keys go bare, OAuth tokens as bearer.
  const authorization = apiKey.startsWith('lin_api_') ? apiKey : `Bearer ${apiKey}`;
  const at = new URL(apiUrl);
  const http = createHttpClient({
    title: 'Linear',
    baseUrl: new URL('.', at).href,
    headers: () => ({ authorization }),
    callsPerHour: 1_500,
    clock,
    timeoutMs: options.timeoutMs ?? 20_000,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });

  return {
    async query(text, variables, schema) {
      const { body } = await http.json({
        method: 'POST',
        path: at.pathname.split('/').at(-1) ?? 'graphql',
        json: { query: text, variables },
        // Refusals come with this status and say why in the body.
        accept: [400],
      });
      const failure = Failure.safeParse(body);
      if (failure.success) throw toFailure(failure.data.errors[0]!);
      const answer = schema.safeParse((body as { data?: unknown } | undefined)?.data);
      if (answer.success) return answer.data;
      throw new AppError('unavailable', 'connector.unreadable_answer', {
        message: 'Linear answered in a shape we do not know.',
        hint: 'Compare connectors.linear.apiUrl with the address of the GraphQL API.',
      });
    },
    rate: () => http.budget.snapshot(),
  };
}

function toFailure({ message, extensions }: z.infer<typeof Failure>['errors'][number]): AppError {
  const kind = `${extensions?.code ?? ''} ${extensions?.type ?? ''}`.toLowerCase();
  if (kind.includes('ratelimited')) {
    return new AppError('unavailable', 'connector.rate_limited', {
      message: 'Linear asks us to slow down.',
      hint: 'Nothing: it is tried again.',
      details: { retryAfterSeconds: 60 },
    });
  }
  if (kind.includes('authentication')) {
    return new AppError('unavailable', 'connector.bad_credentials', {
      message: 'Linear does not accept our key.',
      hint: 'Make a new one and set connectors.linear.apiKey.',
    });
  }
  if (/not found|entity/i.test(message)) {
    return new AppError('not_found', 'connector.not_found', {
      message: 'Linear has no such thing, or does not show it to us.',
      hint: 'Check the identifier, and what the key may see.',
    });
  }
  return new AppError('invalid', 'linear.refused', {
    message: `Linear refused the request: ${message.slice(0, 300)}.`,
    hint: 'docs/connectors/linear.md lists the permissions the key needs.',
  });
}
