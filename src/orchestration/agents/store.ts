/** SQL of agent runs: one row for each step that runs an agent. */
import type { Id, Queryable, Tx } from '#kernel';
import type { AgentName, Budget } from './schema.ts';

export interface AgentRunRow {
  run_id: Id<'run'>;
  step_name: string;
  agent: AgentName;
  model: string | null;
  state: 'running' | 'asleep' | 'done' | 'stopped' | 'failed';
  starts: number;
  session_id: Id<'ses'> | null;
  external_id: string | null;
  branch: string;
  base_sha: string;
  head_sha: string;
  input_tokens: string;
  cached_tokens: string;
  output_tokens: string;
  cost_usd_micros: string | null;
  tool_calls: number;
  work_ms: string;
  exit_code: number | null;
  error_code: string | null;
  output: string;
  answer: string;
  handover: string | null;
  wake_at: Date | null;
  started_at: Date;
  ended_at: Date | null;
  /** What it may use; null in rows of before it was kept. */
  budget: Budget | null;
}

type Key = Pick<AgentRunRow, 'run_id' | 'step_name'>;

/** Begins the row, or takes it up again: what was used before stays used. */
export async function beginAgentRun(
  queryable: Queryable,
  start: Key & Pick<AgentRunRow, 'agent' | 'model' | 'branch' | 'base_sha' | 'head_sha' | 'budget'>,
): Promise<AgentRunRow> {
  const rows = await queryable.query<AgentRunRow>(
    `insert into loom.agent_runs (run_id, step_name, agent, model, state, starts, branch, base_sha, head_sha, budget)
     values ($1, $2, $3, $4, 'running', 1, $5, $6, $7, $8)
     on conflict (run_id, step_name) do update set state = 'running', agent = excluded.agent,
       model = excluded.model, starts = agent_runs.starts + 1, budget = excluded.budget, exit_code = null, error_code = null,
       wake_at = null, ended_at = null
     returning *`,
    [
      start.run_id,
      start.step_name,
      start.agent,
      start.model,
      start.branch,
      start.base_sha,
      start.head_sha,
      JSON.stringify(start.budget),
    ],
  );
  return rows[0]!;
}

export async function findAgentRun(
  queryable: Queryable,
  runId: string,
  stepName: string,
): Promise<AgentRunRow | undefined> {
  const rows = await queryable.query<AgentRunRow>(
    'select * from loom.agent_runs where run_id = $1 and step_name = $2',
    [runId, stepName],
  );
  return rows[0];
}

export async function bindSession(
  queryable: Queryable,
  key: Key,
  session: { id: Id<'ses'>; externalId: string; model: string | null },
): Promise<void> {
  await queryable.query(
    `update loom.agent_runs set session_id = $3, external_id = $4, model = coalesce($5, model)
     where run_id = $1 and step_name = $2`,
    [key.run_id, key.step_name, session.id, session.externalId, session.model],
  );
}

export interface Used {
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  costUsdMicros: number | null;
  toolCalls: number;
  workMs: number;
}

/** What it has used so far, all starts together; for whoever looks while it works. */
export async function recordUse(queryable: Queryable, key: Key, used: Used): Promise<void> {
  await queryable.query(
    `update loom.agent_runs set input_tokens = $3, cached_tokens = $4, output_tokens = $5,
       cost_usd_micros = $6, tool_calls = $7, work_ms = $8
     where run_id = $1 and step_name = $2 and state = 'running'`,
    [key.run_id, key.step_name, ...valuesOf(used)],
  );
}

export async function endAgentRun(
  tx: Tx,
  key: Key,
  end: Used &
    Pick<
      AgentRunRow,
      | 'state'
      | 'head_sha'
      | 'exit_code'
      | 'error_code'
      | 'output'
      | 'answer'
      | 'handover'
      | 'wake_at'
    >,
): Promise<void> {
  await tx.query(
    `update loom.agent_runs set input_tokens = $3, cached_tokens = $4, output_tokens = $5,
       cost_usd_micros = $6, tool_calls = $7, work_ms = $8, state = $9, head_sha = $10,
       exit_code = $11, error_code = $12, output = $13, answer = $14, handover = $15, wake_at = $16,
       ended_at = case when $9 = 'asleep' then null else now() end
     where run_id = $1 and step_name = $2`,
    [
      key.run_id,
      key.step_name,
      ...valuesOf(end),
      end.state,
      end.head_sha,
      end.exit_code,
      end.error_code,
      end.output,
      end.answer,
      end.handover,
      end.wake_at,
    ],
  );
}

function valuesOf(used: Used): (number | null)[] {
  const { inputTokens, cachedTokens, outputTokens, costUsdMicros, toolCalls, workMs } = used;
  return [inputTokens, cachedTokens, outputTokens, costUsdMicros, toolCalls, workMs];
}

export function usedOf(row: AgentRunRow): Used {
  return {
    inputTokens: Number(row.input_tokens),
    cachedTokens: Number(row.cached_tokens),
    outputTokens: Number(row.output_tokens),
    costUsdMicros: row.cost_usd_micros === null ? null : Number(row.cost_usd_micros),
    toolCalls: row.tool_calls,
    workMs: Number(row.work_ms),
  };
}
