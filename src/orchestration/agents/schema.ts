/** What a workflow file may say of an agent, and what an agent tells us while it works. */
import { z } from 'zod';

export const AGENT_NAMES = [
  'claude-code',
  'codex',
  'gemini-cli',
  'copilot',
  'opencode',
  'command',
] as const;
export const AgentName = z.enum(AGENT_NAMES);
export type AgentName = z.infer<typeof AgentName>;

const Minutes = z
  .number()
  .positive()
  .max(24 * 60);

/** Limits of one piece of work, over all its starts. */
export const Budget = z.strictObject({
  /** Input and output together; what was read from a cache does not count. */
  tokens: z.int().min(1).optional(),
  /** Needs an agent that tells its cost, or prices. */
  costUsd: z.number().positive().max(10_000).optional(),
  minutes: Minutes.default(60),
});
export type Budget = z.infer<typeof Budget>;

/** Of a work item, from 0 on. */
export const PRIORITY_NAMES = ['lowest', 'low', 'normal', 'high', 'urgent'] as const;

const oneOrMany = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? [value] : value),
    z.array(item).min(1).max(50),
  );

/** Other limits for work items that match: one of the labels, and one of the priorities. */
export const BudgetRule = Budget.partial()
  .extend({
    labels: oneOrMany(z.string().min(1).max(200)).optional(),
    priority: oneOrMany(z.enum(PRIORITY_NAMES)).optional(),
    minutes: Minutes.optional(),
  })
  .refine(({ labels, priority }) => labels !== undefined || priority !== undefined, {
    error: 'names labels or a priority: limits for all work are `budget`',
  });

/** US dollars for a million tokens, for agents that tell no cost. */
export const Prices = z.strictObject({
  input: z.number().nonnegative(),
  cached: z.number().nonnegative().optional(),
  output: z.number().nonnegative(),
});
export type Prices = z.infer<typeof Prices>;

/** How an agent is started; steps that run one add their own. */
export const AgentOptions = z.strictObject({
  agent: AgentName.default('claude-code'),
  /** Of agent `command`: a text goes to the shell, a list is run as it is. */
  command: z.union([z.string().min(1), z.array(z.string()).min(1)]).optional(),
  model: z.string().min(1).max(200).optional(),
  /** `{title}`, `{text}`, `{repository}` and `{branch}` are filled in. Unset: title and text. */
  prompt: z.string().min(1).max(20_000).optional(),
  budget: Budget.prefault({}),
  /** Limits for work items of a label or a priority; the first that matches counts. */
  budgets: z.array(BudgetRule).max(50).default([]),
  prices: Prices.optional(),
  /** A hint for the agent's own sandbox: it may read, write in its devbox, or do as it likes there. */
  sandbox: z.enum(['read-only', 'workspace', 'full']).default('workspace'),
  environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string()).default({}),
});
export type AgentOptions = z.infer<typeof AgentOptions>;

/** Why an agent came to nothing. Each is an error code of docs/errors/orchestration.md. */
export const FAILURES = [
  'agents.binary_missing',
  'agents.unauthenticated',
  'agents.rate_limited',
  'agents.killed',
  'agents.timed_out',
  'agents.over_budget',
  'agents.tree_gone',
  'agents.stopped',
  'agents.failed',
] as const;
export type FailureCode = (typeof FAILURES)[number];

export interface Failure {
  code: FailureCode;
  message: string;
  /** When it is worth another try, where the agent said so. */
  retryAt?: Date;
}

export interface Tokens {
  input: number;
  cached: number;
  output: number;
}

/** One thing an agent told, whatever its dialect. */
export type Signal =
  | { type: 'session'; externalId: string; model?: string | undefined }
  | { type: 'tool'; tool: string; path?: string | undefined }
  /** `id` lets the same usage, told twice, count once. */
  | { type: 'usage'; tokens: Tokens; id?: string | undefined; costUsd?: number | undefined }
  /** What the whole conversation came to; replaces what was added up. */
  | { type: 'total'; tokens?: Tokens | undefined; costUsd?: number | undefined }
  | { type: 'text'; text: string; isPart?: boolean }
  /** Its provider refuses; it may try again by itself. */
  | { type: 'trouble'; text: string; status?: number | undefined }
  | { type: 'end'; isError: boolean; text?: string | undefined };
