import { z } from 'zod';
import {
  type Db,
  decodeCursor,
  type Id,
  type JsonObject,
  type Page,
  type PageRequest,
  toPage,
} from '#kernel';
import type { AgentRunView, DevboxEntry } from './schema.ts';

export interface Workshop {
  /** Newest first. */
  listDevboxes(
    filter: { state?: string | undefined; repository?: string | undefined } & PageRequest,
  ): Promise<Page<DevboxEntry>>;
  /** Agents of the steps of a run, in the order they were started. */
  listAgentRuns(runId: Id<'run'>): Promise<AgentRunView[]>;
}

const Cursor = z.tuple([z.iso.datetime(), z.string()]);
const DEFAULT_MINUTES = 60;

export function createWorkshop({ db }: { db: Db }): Workshop {
  return {
    async listDevboxes({ limit, cursor, state, repository }) {
      const after = cursor === undefined ? null : decodeCursor(Cursor, cursor);
      const rows = await db.query<DevboxEntry>(
        `select b.id, b.repository, b.branch, b.state, b.run_id as "runId", b.step_name as step,
           b.session_id as "sessionId", s.agent, p.name as operator, b.node,
           b.was_warm as "wasWarm", b.ready_ms as "readyMs", b.ports,
           b.disk_bytes::float8 as "diskBytes", b.created_at as "createdAt", b.ended_at as "endedAt"
         from loom.devboxes b left join loom.sessions s on s.id = b.session_id
         left join loom.people p on p.id = s.operator_id
         where ($1::text is null or b.state = $1) and ($2::text is null or b.repository = $2)
           and ($3::timestamptz is null or (b.created_at, b.id) < ($3, $4))
         order by b.created_at desc, b.id desc limit $5`,
        [state ?? null, repository ?? null, after?.[0] ?? null, after?.[1] ?? null, limit + 1],
      );
      return toPage(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id]);
    },

    async listAgentRuns(runId) {
      const rows = await db.query<Omit<AgentRunView, 'budget'> & { options: JsonObject | null }>(
        `select a.step_name as step, a.agent, a.model, a.state, a.starts,
           a.session_id as "sessionId", a.branch, a.head_sha as "headSha",
           a.input_tokens::float8 as "inputTokens", a.cached_tokens::float8 as "cachedTokens",
           a.output_tokens::float8 as "outputTokens", a.cost_usd_micros::float8 as "costUsdMicros",
           a.tool_calls as "toolCalls", a.work_ms::float8 as "workMs", a.error_code as "errorCode",
           a.output, a.answer, a.handover, a.wake_at as "wakeAt", a.started_at as "startedAt",
           a.ended_at as "endedAt",
           case when a.budget is null then s.options
             else jsonb_build_object('budget', a.budget) end as options
         from loom.agent_runs a left join loom.steps s on s.run_id = a.run_id and s.name = a.step_name
         where a.run_id = $1 order by a.started_at, a.step_name`,
        [runId],
      );
      return rows.map(({ options, ...row }) => ({ ...row, budget: budgetOf(options) }));
    },
  };
}

/** As it was started with, else as the step says it; without a word of it an hour, as agents are started with. Pure. */
export function budgetOf(options: JsonObject | null): AgentRunView['budget'] {
  const given = (options?.['budget'] ?? {}) as Record<string, unknown>;
  const numberOf = (key: string) => (typeof given[key] === 'number' ? given[key] : null);
  const costUsd = numberOf('costUsd');
  return {
    tokens: numberOf('tokens'),
    costUsdMicros: costUsd === null ? null : Math.round(costUsd * 1e6),
    workMs: Math.round((numberOf('minutes') ?? DEFAULT_MINUTES) * 60_000),
  };
}
