/** Notion's REST API with the token of an integration. */
import type { z } from 'zod';
import { AppError, type Clock } from '#kernel';
import {
  createHttpClient,
  type GuardedFetch,
  type HttpCall,
  type RateSnapshot,
} from '#connectors/contract';

const VERSION = '2022-06-28';
/** Notion allows three calls a second on average. */
const PACE_MS = 340;

export interface NotionClient {
  /** @throws AppError in our words; `connector.unreadable_answer` when the answer is of another shape. */
  call<Schema extends z.ZodType>(
    call: Omit<HttpCall, 'headers' | 'body'>,
    answer: Schema,
  ): Promise<z.output<Schema>>;
  rate(): RateSnapshot;
}

export function createNotionClient(options: {
  token: string;
  apiUrl: string;
  clock: Clock;
  timeoutMs?: number;
  paceMs?: number;
  fetch?: GuardedFetch;
}): NotionClient {
  const { token, apiUrl, clock, paceMs = PACE_MS } = options;
  const http = createHttpClient({
    title: 'Notion',
    baseUrl: apiUrl,
    headers: () => ({ authorization: `Bearer ${token}`, 'notion-version': VERSION }),
    callsPerHour: 10_000,
    clock,
    timeoutMs: options.timeoutMs ?? 30_000,
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });
  let turn = Promise.resolve();

  /** One call after the other, at the pace Notion bears. */
  function inTurn(): Promise<void> {
    const mine = turn;
    turn = mine.then(() => new Promise((resolve) => setTimeout(resolve, paceMs)));
    return mine;
  }

  return {
    async call(call, schema) {
      if (paceMs > 0) await inTurn();
      const { body } = await http.json(call);
      const answer = schema.safeParse(body);
      if (answer.success) return answer.data;
      throw new AppError('unavailable', 'connector.unreadable_answer', {
        message: `Notion answered ${call.path.split('/')[0]} in a shape we do not know.`,
        hint: 'Compare connectors.notion.apiUrl with the address of the API.',
      });
    },
    rate: () => http.budget.snapshot(),
  };
}
