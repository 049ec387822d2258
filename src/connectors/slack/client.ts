/** Slack's Web API: one attempt per call; `ok: false` is a failure in our words. */
import { z } from 'zod';
import { AppError, type Clock } from '#kernel';
import { createHttpClient, type GuardedFetch, type RateSnapshot } from '#connectors/contract';

export interface SlackClient {
  /** A method with JSON arguments. @throws AppError in our words; `slack.refused` names Slack's error. */
  post<Schema extends z.ZodType>(
    method: string,
    args: Readonly<Record<string, unknown>>,
    answer: Schema,
  ): Promise<z.output<Schema>>;
  /** The same for methods that read, which take a form and no JSON. */
  ask<Schema extends z.ZodType>(
    method: string,
    args: Readonly<Record<string, string | number | boolean>>,
    answer: Schema,
  ): Promise<z.output<Schema>>;
  rate(): RateSnapshot;
}

export interface SlackClientOptions {
  botToken: string;
  apiUrl?: string | undefined;
  clock: Clock;
  timeoutMs?: number;
  fetch?: GuardedFetch;
}

/** Slack's errors that pass by themselves. https://docs.slack.dev/reference/methods */
const PASSING = new Set([
  'ratelimited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);
const CREDENTIALS = new Set([
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
]);
const Outcome = z.looseObject({ ok: z.boolean(), error: z.string().max(200).optional() });

export function createSlackClient(options: SlackClientOptions): SlackClient {
  const { botToken, apiUrl = 'https://slack.com/api/', clock } = options;
  const http = createHttpClient({
    title: 'Slack',
    baseUrl: apiUrl,
    headers: () => ({ authorization: `Bearer ${botToken}` }),
    clock,
    timeoutMs: options.timeoutMs ?? 10_000,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });

  function read<Schema extends z.ZodType>(
    method: string,
    body: unknown,
    schema: Schema,
  ): z.output<Schema> {
    const outcome = Outcome.safeParse(body);
    if (outcome.success && !outcome.data.ok) throw refused(method, outcome.data.error ?? 'unknown');
    const answer = outcome.success ? schema.safeParse(body) : undefined;
    if (answer?.success === true) return answer.data;
    throw new AppError('unavailable', 'connector.unreadable_answer', {
      message: `Slack answered ${method} in a shape we do not know.`,
      hint: 'Compare connectors.slack.apiUrl with the address of the Web API.',
    });
  }

  return {
    async post(method, args, schema) {
      const { body } = await http.json({ method: 'POST', path: method, json: args });
      return read(method, body, schema);
    },
    async ask(method, args, schema) {
      const form = Object.entries(args).map(([name, value]): [string, string] => [
        name,
        String(value),
      ]);
      const { body } = await http.json({
        method: 'POST',
        path: method,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(form).toString(),
      });
      return read(method, body, schema);
    },
    rate: () => http.budget.snapshot(),
  };
}

/** Slack's name of the failure, which holds nothing of ours. */
export function slackErrorOf(error: unknown): string | undefined {
  const name = error instanceof AppError ? error.details?.['slackError'] : undefined;
  return typeof name === 'string' ? name : undefined;
}

function refused(method: string, error: string): AppError {
  const details = { slackError: error };
  if (PASSING.has(error)) {
    return new AppError('unavailable', 'connector.unreachable', {
      message: `Slack cannot do ${method} now (${error}).`,
      hint: 'It is tried again later.',
      details,
    });
  }
  if (CREDENTIALS.has(error)) {
    return new AppError('unavailable', 'connector.bad_credentials', {
      message: `Slack does not accept our token (${error}).`,
      hint: 'Install the app again and set connectors.slack.botToken to its bot token.',
      details,
    });
  }
  return new AppError('invalid', 'slack.refused', {
    message: `Slack refused ${method}: ${error}.`,
    hint: 'docs/connectors/slack.md lists the scopes and channels the app needs.',
    details,
  });
}
