/** SQL of telemetry. */
import type { Queryable, Tx } from '#kernel';
import type { SessionUsage } from './schema.ts';
import type { Usage } from './usage.ts';

/** Whether the batch is new. Batches are remembered for a day, longer than any exporter tries. */
export async function insertBatch(tx: Tx, digest: Buffer): Promise<boolean> {
  const rows = await tx.query(
    'insert into loom.telemetry_batches (digest) values ($1) on conflict do nothing returning digest',
    [digest],
  );
  return rows.length > 0;
}

export async function forgetBatches(queryable: Queryable): Promise<void> {
  await queryable.query(
    `delete from loom.telemetry_batches where digest in (
       select digest from loom.telemetry_batches where received_at < now() - interval '1 day'
       limit 1000 for update skip locked)`,
  );
}

const COUNTS: readonly [string, keyof Usage][] = [
  ['requests', 'requests'],
  ['errors', 'errors'],
  ['tool_calls', 'toolCalls'],
  ['tool_errors', 'toolErrors'],
  ['input_tokens', 'inputTokens'],
  ['output_tokens', 'outputTokens'],
  ['cache_read_tokens', 'cacheReadTokens'],
  ['cache_write_tokens', 'cacheWriteTokens'],
  ['cost_usd_micros', 'costUsdMicros'],
  ['unpriced_requests', 'unpricedRequests'],
];

/** Adds to what is known. Always in one order, so that two batches do not wait for each other. */
export async function addUsage(tx: Tx, personId: string, usages: readonly Usage[]): Promise<void> {
  const columns = COUNTS.map(([column]) => column);
  const rows = usages.map((usage) => ({
    agent: usage.agent,
    external_id: usage.externalId,
    source: usage.source,
    model: usage.model,
    day: usage.day,
    work_item_id: usage.workItemId,
    ...Object.fromEntries(COUNTS.map(([column, name]) => [column, usage[name]])),
  }));
  await tx.query(
    `insert into loom.session_usage as u
       (person_id, agent, external_id, source, model, day, work_item_id, ${columns.join(', ')})
     select $1, n.agent, n.external_id, n.source, n.model, n.day, n.work_item_id,
       ${columns.map((column) => `n.${column}`).join(', ')}
     from jsonb_to_recordset($2::jsonb) as n (agent text, external_id text, source text, model text,
       day date, work_item_id text, ${columns.map((column) => `${column} bigint`).join(', ')})
     order by n.agent, n.external_id, n.source, n.model, n.day
     on conflict (agent, external_id, person_id, source, model, day) do update set
       last_at = now(), work_item_id = coalesce(excluded.work_item_id, u.work_item_id),
       ${columns.map((column) => `${column} = u.${column} + excluded.${column}`).join(', ')}`,
    [personId, JSON.stringify(rows)],
  );
}

/** By source and model, with all days added up; the largest first. */
export async function findUsage(
  queryable: Queryable,
  session: { agent: string; externalId: string; personId: string | null },
): Promise<SessionUsage[]> {
  return queryable.query<SessionUsage>(
    `select source, model, ${COUNTS.map(([column, name]) => `sum(${column})::float8 as "${name}"`).join(', ')},
       max(last_at) as "lastAt"
     from loom.session_usage
     where agent = $1 and external_id = $2 and ($3::text is null or person_id = $3)
     group by source, model
     order by sum(input_tokens + output_tokens + cache_write_tokens) desc, source, model limit 100`,
    [session.agent, session.externalId, session.personId],
  );
}
