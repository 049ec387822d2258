/** Adds up what an agent tells: tokens, money, tool calls, and whether it still gets anywhere. Pure state. */
import type { Budget, Prices, Signal, Tokens } from './schema.ts';

export interface Reading {
  externalId: string | undefined;
  model: string | undefined;
  tokens: Tokens;
  /** Undefined while nobody knows. */
  costUsd: number | undefined;
  toolCalls: number;
  /** The last thing it said: what it comes to. */
  answer: string;
  /** Refusals of its provider since it last got anywhere. */
  troubles: readonly { text: string; status: number | undefined }[];
  /** How it says it ended; undefined where it said nothing. */
  end: { isError: boolean; text: string | undefined } | undefined;
}

const MAX_ANSWER = 16_000;

export interface Meter {
  add(signal: Signal): void;
  read(): Reading;
}

export function createMeter(prices: Prices | undefined): Meter {
  const byId = new Map<string, Tokens>();
  let externalId: string | undefined;
  let model: string | undefined;
  let unnamed: Tokens = NO_TOKENS;
  let total: Tokens | undefined;
  let told: number | undefined;
  let toolCalls = 0;
  let answer = '';
  let isInPart = false;
  let troubles: { text: string; status: number | undefined }[] = [];
  let end: Reading['end'];

  return {
    add(signal) {
      if (signal.type !== 'trouble' && signal.type !== 'end' && signal.type !== 'session') {
        troubles = signal.type === 'total' ? troubles : [];
      }
      if (signal.type !== 'text') isInPart = false;
      switch (signal.type) {
        case 'session':
          externalId = signal.externalId;
          model = signal.model ?? model;
          break;
        case 'tool':
          toolCalls += 1;
          break;
        case 'usage':
          if (signal.id === undefined) unnamed = sum(unnamed, signal.tokens);
          // A message still growing is told again with more.
          else byId.set(signal.id, largest(byId.get(signal.id) ?? NO_TOKENS, signal.tokens));
          if (signal.costUsd !== undefined) told = (told ?? 0) + signal.costUsd;
          break;
        case 'total':
          total = signal.tokens ?? total;
          told = signal.costUsd ?? told;
          break;
        case 'text':
          answer = (signal.isPart === true && isInPart ? answer + signal.text : signal.text).slice(
            -MAX_ANSWER,
          );
          isInPart = signal.isPart === true;
          break;
        case 'trouble':
          troubles = [...troubles, { text: signal.text, status: signal.status }].slice(-20);
          break;
        case 'end':
          end = { isError: signal.isError, text: signal.text };
          if (!signal.isError && signal.text !== undefined) answer = signal.text.slice(-MAX_ANSWER);
          break;
      }
    },
    read() {
      const tokens = total ?? [...byId.values()].reduce(sum, unnamed);
      const costUsd = told ?? (prices === undefined ? undefined : priceOf(tokens, prices));
      return { externalId, model, tokens, costUsd, toolCalls, answer, troubles, end };
    },
  };
}

/** The first limit that is passed, in words; undefined while there is some left. */
export function overBudget(
  used: { tokens: Tokens; costUsd: number | undefined; workMs: number },
  budget: Budget,
): string | undefined {
  const tokens = used.tokens.input + used.tokens.output;
  if (budget.tokens !== undefined && tokens > budget.tokens) {
    return `${tokens} of ${budget.tokens} tokens`;
  }
  if (budget.costUsd !== undefined && (used.costUsd ?? 0) > budget.costUsd) {
    return `$${(used.costUsd ?? 0).toFixed(2)} of $${budget.costUsd.toFixed(2)}`;
  }
  if (used.workMs > budget.minutes * 60_000) {
    return `${Math.ceil(used.workMs / 60_000)} of ${budget.minutes} minutes`;
  }
  return undefined;
}

export const NO_TOKENS: Tokens = { input: 0, cached: 0, output: 0 };

export function sum(a: Tokens, b: Tokens): Tokens {
  return { input: a.input + b.input, cached: a.cached + b.cached, output: a.output + b.output };
}

function largest(a: Tokens, b: Tokens): Tokens {
  return {
    input: Math.max(a.input, b.input),
    cached: Math.max(a.cached, b.cached),
    output: Math.max(a.output, b.output),
  };
}

export function priceOf(tokens: Tokens, { input, cached = input, output }: Prices): number {
  return (tokens.input * input + tokens.cached * cached + tokens.output * output) / 1_000_000;
}
